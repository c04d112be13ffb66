"""An ONNX graph as a PyTorch module, run node by node by PyTorch's own functions."""
import onnx
import torch

from engines import PeerError


def conv(x, w, b=None, *, strides, pads, dilations, group, kernel_shape):
    return torch.nn.functional.conv2d(pad(x, pads), w, b, strides, symmetric(pads), dilations, group)


def symmetric(pads):
    return pads[:2] if pads[:2] == pads[2:] else [0, 0]


def pad(x, pads, value=0.0):
    """x with the padding that PyTorch's own ops cannot add, since it differs from side to side."""
    if pads[:2] == pads[2:]:
        return x
    top, left, bottom, right = pads
    return torch.nn.functional.pad(x, [left, right, top, bottom], value=value)


def max_pool(x, *, kernel_shape, strides, pads):
    x = pad(x, pads, -float("inf"))
    return torch.nn.functional.max_pool2d(x, kernel_shape, strides, symmetric(pads))


def avg_pool(x, *, kernel_shape, strides, pads, count_include_pad):
    if pads[:2] != pads[2:] and not count_include_pad:
        raise PeerError("PyTorch cannot leave a padding that differs from side to side out of the mean")
    x = pad(x, pads)
    return torch.nn.functional.avg_pool2d(x, kernel_shape, strides, symmetric(pads), False, bool(count_include_pad))


def strided(x, starts, ends, axes, steps):
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index = [slice(None)] * x.dim()
        index[axis] = slice(start, end, step)
        x = x[tuple(index)]
    return x


# One row per ONNX operator that onnxfile writes.
OPS = {
    "Add": lambda a, b: a + b,
    "AveragePool": avg_pool,
    "BatchNormalization": lambda x, g, b, m, v, epsilon: torch.nn.functional.batch_norm(x, m, v, g, b, eps=epsilon),
    "Concat": lambda *xs, axis: torch.cat(xs, axis),
    "Conv": conv,
    "Flatten": lambda x, axis: torch.flatten(x, axis),
    "Gemm": lambda x, w, b=None, transB=1: torch.nn.functional.linear(x, w, b),
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "Identity": lambda x: x,
    "MaxPool": max_pool,
    "Mul": lambda a, b: a * b,
    "Pad": lambda x, pads, mode: torch.nn.functional.pad(x, [0, 0, 0, 0, pads[1], pads[5]]),
    "Relu": lambda x: torch.relu(x),
    "Slice": strided,
    "Softmax": lambda x, axis: torch.softmax(x, axis),
}




def norm_in_training(x, g, b, m, v, epsilon):
    return torch.nn.functional.batch_norm(x, m, v, g, b, training=True, momentum=0.1, eps=epsilon)


class Graph(torch.nn.Module):
    """The graph of an ONNX file.  Its floating-point constants are parameters if a gradient descent may change them,
    or buffers, as names has them; train() makes it a training graph, whose ReLUs work in place as torchvision's do."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        self.input, self.output = graph.input[0].name, graph.output[0].name
        arrays = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        # Integers are shapes and the like: a trace must not see tensors.
        self.constants = {name: a.tolist() for name, a in arrays.items() if a.dtype.kind == "i"}
        statistics = {i for n in graph.node if n.op_type == "BatchNormalization" for i in n.input[3:]}
        self.names = {}
        for i, (name, a) in enumerate(arrays.items()):
            if a.dtype.kind != "f":
                continue
            self.names[name], tensor = f"w{i}", torch.from_numpy(a.copy())
            if name in statistics:
                self.register_buffer(f"w{i}", tensor)
            else:
                self.register_parameter(f"w{i}", torch.nn.Parameter(tensor))
        last = {i: k for k, n in enumerate(graph.node) for i in n.input}
        self.nodes = [
            (n.op_type, list(n.input), n.output[0], {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute},
             {i for i in n.input if last[i] == k and i not in arrays})
            for k, n in enumerate(graph.node)
        ]

    def forward(self, x):
        values = {self.input: x, **self.constants}
        for op, inputs, output, attrs, dead in self.nodes:
            args = [values[i] if i in values else getattr(self, self.names[i]) for i in inputs if i]
            for name in dead:
                values.pop(name, None)  # as in a module's own forward, where a variable gets another value
            f = OPS[op]
            if self.training and op == "BatchNormalization":
                f = norm_in_training
            elif self.training and op == "Relu" and inputs[0] in dead:
                f = torch.relu_
            values[output] = f(*args, **attrs)
            del args
        return values[self.output]
