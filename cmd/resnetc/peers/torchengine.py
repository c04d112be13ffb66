"""PyTorch as an engine.

It takes no ONNX file: torchgraph.py calls its functions node by node.  Which of its ways to run a network is the
fastest depends on the network and the batch, so those that have been the fastest of some are tried, in a process of
their own, and the choice is kept as a converted model is.  $RESNETC_TORCH, "WAY,LAYOUT", chooses without a trial."""
import os
import sys
import time

from engines import Engine, convert, inspect

# What torch.compile has compiled: it takes up to a minute.
CACHE = os.path.join(sys.prefix, "torch-cache")


def compiled(torch, module, x):
    import torch._inductor.config as inductor

    inductor.freezing = True
    return torch.compile(module, dynamic=False)


def frozen(torch, module, x):
    return torch.jit.freeze(torch.jit.trace(module, x, check_trace=False))


# How a module becomes something that is called.
WAYS = {
    "freeze": frozen,
    "optimize": lambda torch, module, x: torch.jit.optimize_for_inference(frozen(torch, module, x)),
    "compile": compiled,
}
LAYOUTS = {"contiguous": "contiguous_format", "channels_last": "channels_last"}
# Each of the others takes longer than one of these, on all networks that were tried; eager always does.
TRIED = [("optimize", "contiguous"), ("freeze", "channels_last"), ("compile", "contiguous"), ("compile", "channels_last")]


def prepare(threads):
    """PyTorch, quiet and with the number of threads."""
    import warnings

    warnings.simplefilter("ignore")
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(CACHE, "inductor"))
    import torch

    torch.set_num_threads(threads)
    return torch


def make(path, way, layout, x, threads):
    """The network as a function, and x in its layout."""
    torch = prepare(threads)
    from torchgraph import Graph

    layout = getattr(torch, LAYOUTS[layout])
    module = Graph(path).eval().requires_grad_(False).to(memory_format=layout)
    x = torch.as_tensor(x).contiguous(memory_format=layout)
    with torch.inference_mode():
        return WAYS[way](torch, module, x), x


def fastest(seconds, f, *args):
    """The least time of a call, of at least three and as many as take some seconds, after two."""
    f(*args), f(*args)
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        t = time.perf_counter()
        f(*args)
        times.append(time.perf_counter() - t)
    return min(times)


def choose(path, batch, threads):
    """Prints the fastest of TRIED."""
    torch = prepare(threads)
    _, shape, _ = inspect(path)
    zeros = torch.zeros([batch] + shape)
    times = {}
    for way, layout in TRIED:
        try:
            f, x = make(path, way, layout, zeros, threads)
            with torch.inference_mode():
                times[way, layout] = fastest(0.3, f, x)
        except Exception as e:  # torch.compile needs a C++ compiler
            print(f"{way} {layout}: {type(e).__name__}: {e}", file=sys.stderr)
        else:
            print(f"{way} {layout}: {1e3 * times[way, layout]:.2f} ms", file=sys.stderr)
    if not times:
        sys.exit(1)
    print("\nchoice", *min(times, key=times.get))


class PyTorch(Engine):
    packages = ("torch", "onnx")

    def convert(self):
        forced = os.environ.get("RESNETC_TORCH")
        if forced:
            self.way, self.layout = forced.split(",")
            return
        os.makedirs(self.folder, exist_ok=True)
        note = os.path.join(self.folder, f"choice-{self.batch}")
        if not os.path.exists(note):
            said = convert(sys.executable, "-B", __file__, self.path, str(self.batch), str(self.threads))
            choice = next(line for line in said.splitlines() if line.startswith("choice "))
            with open(note, "w") as f:
                f.write(choice)
        with open(note) as f:
            _, self.way, self.layout = f.read().split()

    def variant(self):
        return f"{self.way},{self.layout}"

    def load(self):
        _, shape, _ = inspect(self.path)
        self.torch = prepare(self.threads)
        self.model, self.x = make(self.path, self.way, self.layout, self.torch.zeros([self.batch] + shape), self.threads)
        return shape

    def feed(self, x):
        self.x = self.torch.from_numpy(x).contiguous(memory_format=getattr(self.torch, LAYOUTS[self.layout]))

    def run(self):
        with self.torch.inference_mode():
            return self.model(self.x).numpy()


if __name__ == "__main__":
    choose(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
