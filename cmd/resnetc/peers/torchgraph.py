"""PyTorch as an engine: an ONNX graph run by PyTorch's own functions."""
from engines import Engine, PeerError, inspect


def conv(torch, x, w, b=None, *, strides, pads, dilations, group, kernel_shape):
    return torch.nn.functional.conv2d(pad(torch, x, pads), w, b, strides, symmetric(pads), dilations, group)


def symmetric(pads):
    return pads[:2] if pads[:2] == pads[2:] else [0, 0]


def pad(torch, x, pads, value=0.0):
    """x with the padding that PyTorch's own ops cannot add, since it differs from side to side."""
    if pads[:2] == pads[2:]:
        return x
    top, left, bottom, right = pads
    return torch.nn.functional.pad(x, [left, right, top, bottom], value=value)


def max_pool(torch, x, *, kernel_shape, strides, pads):
    x = pad(torch, x, pads, -float("inf"))
    return torch.nn.functional.max_pool2d(x, kernel_shape, strides, symmetric(pads))


def avg_pool(torch, x, *, kernel_shape, strides, pads, count_include_pad):
    if pads[:2] != pads[2:] and not count_include_pad:
        raise PeerError("PyTorch cannot leave a padding that differs from side to side out of the mean")
    x = pad(torch, x, pads)
    return torch.nn.functional.avg_pool2d(x, kernel_shape, strides, symmetric(pads), False, bool(count_include_pad))


def strided(torch, x, starts, ends, axes, steps):
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes.tolist(), steps.tolist()):
        index = [slice(None)] * x.dim()
        index[axis] = slice(start, end, step)
        x = x[tuple(index)]
    return x


# One row per ONNX operator that onnxfile writes.
OPS = {
    "Add": lambda torch, a, b: a + b,
    "AveragePool": avg_pool,
    "BatchNormalization": lambda torch, x, g, b, m, v, epsilon: torch.nn.functional.batch_norm(x, m, v, g, b, eps=epsilon),
    "Concat": lambda torch, *xs, axis: torch.cat(xs, axis),
    "Conv": conv,
    "Flatten": lambda torch, x, axis: torch.flatten(x, axis),
    "Gemm": lambda torch, x, w, b=None, transB=1: torch.nn.functional.linear(x, w, b),
    "GlobalAveragePool": lambda torch, x: x.mean((2, 3), keepdim=True),
    "Identity": lambda torch, x: x,
    "MaxPool": max_pool,
    "Mul": lambda torch, a, b: a * b,
    "Pad": lambda torch, x, pads, mode: torch.nn.functional.pad(x, [0, 0, 0, 0, int(pads[1]), int(pads[5])]),
    "Relu": lambda torch, x: torch.relu(x),
    "Slice": strided,
    "Softmax": lambda torch, x, axis: torch.softmax(x, axis),
}


class PyTorch(Engine):
    """PyTorch takes no ONNX file, so each node is called by its own function; the trace of that is frozen and
    optimized as a saved TorchScript model would be."""

    packages = ("torch", "onnx")

    def load(self):
        import onnx
        import torch

        self.torch = torch
        torch.set_num_threads(self.threads)
        graph = onnx.load(self.path).graph
        weights = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
        steps = [(n.op_type, list(n.input), n.output[0],
                  {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}) for n in graph.node]
        _, shape, _ = inspect(self.path)

        class Graph(torch.nn.Module):
            def __init__(module):
                super().__init__()
                for i, (name, w) in enumerate(weights.items()):
                    module.register_buffer(f"w{i}", w)
                module.place = {name: f"w{i}" for i, name in enumerate(weights)}

            def forward(module, x):
                values = {graph.input[0].name: x}
                for op, inputs, output, attrs in steps:
                    args = [values[i] if i in values else getattr(module, module.place[i]) for i in inputs if i]
                    values[output] = OPS[op](torch, *args, **attrs)
                return values[graph.output[0].name]

        with torch.inference_mode():
            traced = torch.jit.trace(Graph().eval(), torch.zeros([self.batch] + shape), check_trace=False)
            self.model = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        return shape

    def feed(self, x):
        self.x = self.torch.from_numpy(x)

    def run(self):
        with self.torch.inference_mode():
            return self.model(self.x).numpy()
