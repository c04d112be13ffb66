"""PyTorch as a trainer: the graph of torchgraph.py in training mode, with one of PyTorch's optimizers."""
import ctypes
import os
import sys

from engines import convert, inspect
from torchengine import LAYOUTS, PyTorch, fastest, prepare

# Eager training is what PyTorch's own examples do; compiling a step takes minutes.
TRIED = [("eager", "contiguous"), ("eager", "channels_last")]
WAYS = {"eager": lambda torch, f: f, "compile": lambda torch, f: torch.compile(f, dynamic=False)}


def keep_memory():
    """Makes glibc keep what a step has freed for the next one, as the allocators that PyTorch's tuning guide recommends
    do: to map and clear hundreds of MB again takes 3 to 8 % of a step."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        trim_threshold, mmap_max = -1, -4
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, -1)


class Trainer:
    """Steps of training, all on batches of one size."""

    packages = PyTorch.packages

    def __init__(self, path, batch, threads, optimizer):
        self.path, self.batch, self.threads, self.optimizer = path, batch, threads, optimizer

    def convert(self):
        forced = os.environ.get("RESNETC_TORCH_TRAIN")
        if forced:
            self.way, self.layout = forced.split(",")
            return
        said = convert(sys.executable, "-B", __file__, self.path, str(self.batch), str(self.threads), *self.optimizer)
        choice = next(line for line in said.splitlines() if line.startswith("choice "))
        _, self.way, self.layout = choice.split()

    def variant(self):
        return f"{self.way},{self.layout}"

    def load(self):
        keep_memory()
        self.start(self.way, self.layout)
        return inspect(self.path)[1]

    def start(self, way, layout):
        self.torch = torch = prepare(self.threads)
        from torchgraph import Graph

        self.format = getattr(torch, LAYOUTS[layout])
        module = Graph(self.path).train().to(memory_format=self.format)
        self.forward = WAYS[way](torch, module)
        name, rate, momentum, decay, nesterov = self.optimizer
        if name == "adamw":
            self.update = torch.optim.AdamW(module.parameters(), float(rate), weight_decay=float(decay))
        else:
            self.update = torch.optim.SGD(module.parameters(), float(rate), float(momentum),
                                          weight_decay=float(decay), nesterov=nesterov == "nesterov")

    def feed(self, images, labels):
        """Places a batch where a step takes it from; not timed."""
        self.x = self.torch.from_numpy(images).contiguous(memory_format=self.format)
        self.y = self.torch.from_numpy(labels)

    def run(self):
        """Takes a step and returns the loss before it."""
        self.update.zero_grad()
        loss = self.torch.nn.functional.cross_entropy(self.forward(self.x), self.y)
        loss.backward()
        self.update.step()
        return loss.item()


def choose(trainer):
    """Prints the fastest of TRIED."""
    import numpy as np

    keep_memory()
    times = {}
    for way, layout in TRIED:
        trainer.start(way, layout)
        images = np.random.default_rng(1).uniform(-1, 1, [trainer.batch] + inspect(trainer.path)[1])
        trainer.feed(images.astype(np.float32), np.zeros(trainer.batch, np.int64))
        times[way, layout] = fastest(0.5, trainer.run)
        print(f"{way} {layout}: {1e3 * times[way, layout]:.2f} ms", file=sys.stderr)
    print("\nchoice", *min(times, key=times.get))


if __name__ == "__main__":
    choose(Trainer(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
