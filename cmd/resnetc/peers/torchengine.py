"""PyTorch as an engine.

It takes no ONNX file: torchgraph.py calls its functions node by node.  Which of its ways to run a network is the
fastest depends on the network, the batch and the threads, so those that have been the fastest of some are tried, in a
process of their own, and the choice is kept as a converted model is.  $RESNETC_TORCH, "WAY,LAYOUT", chooses without a
trial."""
import hashlib
import os
import sys
import time

from engines import Engine, convert, inspect

# What torch.export and AOTInductor have compiled, half a minute for each network, batch and number of threads.
CACHE = os.path.join(sys.prefix, "torch-cache")

LAYOUTS = {"contiguous": "contiguous_format", "channels_last": "channels_last"}
# Each of the others takes longer than one of these, on all networks that were tried; eager always does.
TRIED = [("optimize", "contiguous"), ("freeze", "channels_last"), ("compile", "channels_last")]


def prepare(threads):
    """PyTorch, quiet and with the number of threads."""
    import warnings

    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(threads)
    return torch


def load_module(torch, path, layout):
    """The network, to be called, with weights in a layout."""
    from torchgraph import Graph

    return Graph(path).eval().requires_grad_(False).to(memory_format=getattr(torch, LAYOUTS[layout]))


def frozen(torch, path, layout, x):
    return torch.jit.freeze(torch.jit.trace(load_module(torch, path, layout), x, check_trace=False))


def optimized(torch, path, layout, x):
    return torch.jit.optimize_for_inference(frozen(torch, path, layout, x))


def compiled(torch, path, layout, x):
    """The network compiled ahead of time, with its weights frozen into the code.  They are packed as oneDNN wants them
    for the number of threads at that time: with another one it packs them again in every run, which takes as long as
    ResNet-50 itself."""
    import torch._inductor

    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256")
    digest.update(repr((torch.__version__, layout, list(x.shape), torch.get_num_threads())).encode())
    package = os.path.join(CACHE, digest.hexdigest()[:32] + ".pt2")
    if not os.path.exists(package):
        os.makedirs(CACHE, exist_ok=True)
        written = os.path.join(CACHE, f"{os.getpid()}.pt2")
        with torch.no_grad():
            program = torch.export.export(load_module(torch, path, layout), (x,))
            torch._inductor.aoti_compile_and_package(
                program, package_path=written, inductor_configs={"freezing": True, "cpp.dynamic_threads": True})
        os.replace(written, package)
    return torch._inductor.aoti_load_package(package)


# How a network becomes something that is called.
WAYS = {"freeze": frozen, "optimize": optimized, "compile": compiled}


def make(path, way, layout, x, threads):
    """The network as a function, and x in its layout."""
    torch = prepare(threads)
    x = torch.as_tensor(x).contiguous(memory_format=getattr(torch, LAYOUTS[layout]))
    with torch.inference_mode():
        return WAYS[way](torch, path, layout, x), x


def fastest(seconds, f, *args):
    """The least time of a call, of at least two and as many as take some seconds, after one."""
    f(*args)
    times, begin = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < seconds:
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
        except Exception as e:  # compiling needs g++
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
        note = os.path.join(self.folder, f"choice-{self.batch}-{self.threads}")
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
