"""The inference engines: how each loads an ONNX file and runs a batch."""
import importlib.metadata
import importlib.util
import os
import subprocess
import sys


class PeerError(Exception):
    """A mistake in what was asked for, told to the other side in one line."""


def inspect(path):
    """Name and shape of the first input of an ONNX file, without the batch axis, and the first output's name."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    weights = {t.name for t in graph.initializer}
    x = next(v for v in graph.input if v.name not in weights)
    return x.name, [d.dim_value for d in x.type.tensor_type.shape.dim][1:], graph.output[0].name


def convert(*command):
    """Runs an engine's converter; in a process of its own, so that its memory is not counted as the engine's."""
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if p.returncode != 0:
        raise PeerError(f"the converter fails on the model (status {p.returncode}): {p.stdout.strip()[-400:]}")
    return p.stdout


class Engine:
    """An engine under test.  Subclasses say how to load a model and how to run a batch."""

    packages = ()  # distributions that must be installed; the first one's version is the engine's

    def __init__(self, path, batch, threads, folder):
        self.path, self.batch, self.threads, self.folder = path, batch, threads, folder

    @classmethod
    def version(cls):
        """The engine's version, or None where a package is missing."""
        try:
            return [importlib.metadata.version(p) for p in cls.packages][0]
        except importlib.metadata.PackageNotFoundError:
            return None

    def convert(self):
        """Prepares files in self.folder, unless they are there, and sets self.shape; not counted as start-up, since a
        service would ship what it makes."""

    def variant(self):
        """Which of its ways to run a network it uses: a word, or none if it has one only."""
        return ""

    def load(self):
        """Makes the engine ready to run and returns the shape [C, H, W] of an image."""
        raise NotImplementedError

    def feed(self, x):
        """Places a batch where a run takes it from; not timed."""
        self.x = x

    def run(self):
        """Runs the batch fed last and returns the first output.  This call is what is timed."""
        raise NotImplementedError


class OnnxRuntime(Engine):
    packages = ("onnxruntime",)

    def load(self):
        import onnxruntime as ort

        o = ort.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = self.threads, 1
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        o.add_free_dimension_override_by_name("N", self.batch)
        self.session = ort.InferenceSession(self.path, o, providers=["CPUExecutionProvider"])
        x = self.session.get_inputs()[0]
        self.input, self.output = x.name, [self.session.get_outputs()[0].name]
        return x.shape[1:]

    def run(self):
        return self.session.run(self.output, {self.input: self.x})[0]


class OpenVINO(Engine):
    packages = ("openvino",)

    def load(self):
        import openvino as ov

        core = ov.Core()
        model = core.read_model(self.path)
        shape = model.inputs[0].partial_shape
        shape[0] = self.batch
        model.reshape(shape)
        compiled = core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": self.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        })
        self.request = compiled.create_infer_request()
        self.output = compiled.outputs[0]
        return list(shape.to_shape())[1:]

    def run(self):
        return self.request.infer([self.x], share_inputs=True, share_outputs=True)[self.output]


class NCNN(Engine):
    """ncnn runs one image at a time: a batch is a loop over its images."""

    packages = ("ncnn", "pnnx", "onnx")

    def convert(self):
        _, self.shape, _ = inspect(self.path)
        model = os.path.join(self.folder, "model.onnx")
        if os.path.exists(os.path.join(self.folder, "model.ncnn.bin")):
            return
        os.makedirs(self.folder, exist_ok=True)
        self.adapt(model)
        pnnx = os.path.join(importlib.util.find_spec("pnnx").submodule_search_locations[0], "pnnx")
        size = ",".join(map(str, [1] + self.shape))
        said = convert(pnnx, model, f"inputshape=[{size}]", "fp16=0")
        bad = [line for line in said.splitlines() if "not supported" in line or line.startswith("ignore ")]
        if bad:
            raise PeerError("pnnx cannot convert the model: " + "; ".join(bad[:4]))

    def adapt(self, path):
        """Copies the model to path with a batch of 1, and with every Slice of image rows and columns, which ncnn lacks
        for steps other than 1, written as a max pool of 1x1 windows, which gives the same elements."""
        import onnx

        model = onnx.load(self.path)
        for v in list(model.graph.input) + list(model.graph.output):
            v.type.tensor_type.shape.dim[0].dim_value = 1
        constants = {t.name: t for t in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type != "Slice" or any(i not in constants for i in node.input[1:]):
                continue
            values = [onnx.numpy_helper.to_array(constants[i]).tolist() for i in node.input[1:]]
            if len(values) == 4 and values[0] == [0, 0] and values[2] == [2, 3]:
                pool = onnx.helper.make_node("MaxPool", node.input[:1], node.output, node.name,
                                             kernel_shape=[1, 1], strides=values[3])
                node.CopyFrom(pool)
        onnx.save(model, path)

    def load(self):
        import ncnn

        self.net, self.Mat = ncnn.Net(), ncnn.Mat
        o = self.net.opt
        o.num_threads, o.use_vulkan_compute = self.threads, False
        o.use_fp16_packed = o.use_fp16_storage = o.use_fp16_arithmetic = False
        o.use_bf16_packed = o.use_bf16_storage = False
        for load, suffix in (self.net.load_param, "param"), (self.net.load_model, "bin"):
            if load(os.path.join(self.folder, "model.ncnn." + suffix)) != 0:
                raise PeerError(f"ncnn cannot load the {suffix} file that pnnx wrote")
        return self.shape

    def feed(self, x):
        self.x = [self.Mat(image).clone() for image in x]

    def run(self):
        import numpy as np

        out = []
        for image in self.x:
            e = self.net.create_extractor()
            e.input("in0", image)
            status, y = e.extract("out0")
            if status != 0:
                raise PeerError(f"ncnn's extract returns {status}")
            out.append(np.array(y))
        return np.stack(out)


class MNN(Engine):
    packages = ("MNN", "onnx")

    def convert(self):
        self.input, self.shape, self.output = inspect(self.path)
        self.model = os.path.join(self.folder, "model.mnn")
        if os.path.exists(self.model):
            return
        os.makedirs(self.folder, exist_ok=True)
        # Not the mnnconvert command: it reports to its makers over the network and tries to install packages.
        convert(sys.executable, "-c", "import sys, _tools; _tools.mnnconvert(sys.argv)", "-f", "ONNX",
                "--modelFile", self.path, "--MNNModel", self.model, "--bizCode", "resnetc")
        if not os.path.exists(self.model):
            raise PeerError("mnnconvert wrote no model")

    def load(self):
        import MNN
        import MNN.nn
        import MNN.expr

        self.expr = MNN.expr
        config = {"backend": "CPU", "numThread": self.threads, "precision": "high", "power": "normal"}
        self.runtime = MNN.nn.create_runtime_manager((config,))
        self.module = MNN.nn.load_module_from_file(self.model, [self.input], [self.output],
                                                   runtime_manager=self.runtime, shape_mutable=False)
        return self.shape

    def feed(self, x):
        # const lays the elements out as NCHW; the module converts them to its own layout in every run.
        self.x = self.expr.const(x, list(x.shape), self.expr.NCHW)

    def run(self):
        return self.module.forward([self.x])[0].read()
