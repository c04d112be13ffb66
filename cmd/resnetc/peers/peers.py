#!/usr/bin/env python3
"""Runs one ONNX file in one inference engine, under the control of another process.

    peers.py list                                          the engines that can be used here, and their versions
    peers.py run PEER MODEL.onnx [-batch B] [-threads T]   obeys the commands on stdin, one a line
    peers.py train pytorch MODEL.onnx … -rate R …          the same with steps of training; see -h

Commands, and the single line that answers each (or "error MESSAGE"):

    load               ok load_ns=…                 starts the engine; the first command
    check IN OUT       ok images=…                  runs the .npy file IN, writes the first output to OUT
    step IN LABELS     ok loss=…                    in place of check: a step of training, and the loss before it
    time N             ok NS NS …                   N runs, or steps with the last batch, each timed by itself, after
                                                    one that is not
    stat               ok startup_ns=… …            cold start, conversion, memory and variant; see Session.stat
    quit               ok

What an engine's converter makes of MODEL.onnx is kept in the folder MODEL.onnx.PEER, for the next process.

IN holds float32 [images, C, H, W], or the same flat; OUT is float32 [images, …].  Images run in batches of B,
the last one filled up with zeros; a step takes exactly B.  LABELS holds a class for each, float32.  A word with a space in it is quoted as in a shell.

A timed run is one call of the engine on a batch that lies ready in memory, until its first output can be read.
All engines compute in float32: those that would choose bfloat16 or half precision by themselves are told not to.
After a series, the answer waits for the engine's threads to stop spinning, so that they do not slow down what
the other process times next.
"""
import time

STARTED = time.time_ns()

import argparse
import os
import shlex
import sys

from engines import MNN, NCNN, OnnxRuntime, OpenVINO, PeerError
from torchengine import PyTorch
from torchtrain import Trainer

ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVINO, "ncnn": NCNN, "mnn": MNN, "pytorch": PyTorch}
TRAINERS = {"pytorch": Trainer}


def peak_rss():
    """The most memory this process has held, in bytes."""
    try:
        # Not getrusage: on Linux that remembers the parent's size from before exec.
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM:"))
    except OSError:
        import resource

        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size if sys.platform == "darwin" else size * 1024


def settle():
    """Waits until no thread of this process is busy any more, for half a second at most."""
    for _ in range(50):
        before = time.process_time()
        time.sleep(0.01)
        if time.process_time() - before < 0.001:
            return


class Session:
    """The commands, over one engine."""

    commands = {"load": 0, "check": 2, "time": 1, "stat": 0}  # and how many arguments they take

    def __init__(self, engine, started):
        self.engine, self.started, self.shape = engine, started, None
        self.convert_ns = self.startup_ns = self.first_ns = 0

    def command(self, words):
        name, args = words[0], words[1:]
        if name not in self.commands:
            raise PeerError(f"unknown command {name}, want {', '.join(self.commands)} or quit")
        if len(args) != self.commands[name]:
            raise PeerError(f"{name} takes {self.commands[name]} arguments, not {len(args)}")
        if self.shape is None and name != "load":
            raise PeerError(f"{name} before load")
        return getattr(self, name)(*args)

    def load(self):
        if self.shape is not None:
            raise PeerError("the model is loaded already")
        t = time.perf_counter_ns()
        self.engine.convert()
        self.convert_ns = time.perf_counter_ns() - t
        t = time.perf_counter_ns()
        import numpy as np

        shape = [int(d) for d in self.engine.load()]
        ns = time.perf_counter_ns() - t
        self.startup_ns = time.time_ns() - self.started - self.convert_ns
        self.np, self.shape = np, shape
        self.feed_noise()
        return f"load_ns={ns}"

    def feed_noise(self):
        noise = self.np.random.default_rng(1).uniform(-1, 1, [self.engine.batch] + self.shape)
        self.engine.feed(noise.astype(self.np.float32))

    def run(self):
        t = time.perf_counter_ns()
        y = self.engine.run()
        ns = time.perf_counter_ns() - t
        self.first_ns = self.first_ns or ns
        return y, ns

    def images(self, source):
        np = self.np
        x = np.load(source, allow_pickle=False)
        size = int(np.prod(self.shape))
        if x.dtype != np.float32 or x.size == 0 or x.size % size or (x.ndim > 1 and list(x.shape[1:]) != self.shape):
            raise PeerError(f"{source} holds {x.dtype} {list(x.shape)}, want float32 [images, {str(self.shape)[1:]}")
        return x.reshape([-1] + self.shape)

    def check(self, source, target):
        np, batch = self.np, self.engine.batch
        x, out = self.images(source), []
        for i in range(0, len(x), batch):
            part = np.zeros([batch] + self.shape, np.float32)
            part[: len(x) - i] = x[i : i + batch]
            self.engine.feed(part)
            y, _ = self.run()
            out.append(np.array(y, np.float32).reshape(batch, -1))  # a copy: some engines reuse their output
        y = np.concatenate(out)[: len(x)]
        with open(target, "wb") as f:
            np.save(f, np.ascontiguousarray(y))
        return f"images={len(x)}"

    def time(self, count):
        if not count.isdigit() or int(count) == 0:
            raise PeerError(f"time takes a positive number of runs, not {count}")
        self.run()
        ns = [self.run()[1] for _ in range(int(count))]
        settle()
        return " ".join(map(str, ns))

    def stat(self):
        """startup_ns: from process start until the engine was ready, without the conversion; first_ns: the first
        run; convert_ns: making the engine's own model file; peak_rss_bytes: the most memory held so far; variant:
        which of its ways to run a network the engine uses, if it has several."""
        return (f"startup_ns={self.startup_ns} first_ns={self.first_ns} convert_ns={self.convert_ns} "
                f"peak_rss_bytes={peak_rss()} variant={self.engine.variant()}")


class TrainingSession(Session):
    """The same over a trainer."""

    commands = {"load": 0, "step": 2, "time": 1, "stat": 0}

    def feed_noise(self):
        pass  # a step would change the parameters

    def step(self, source, labels):
        x, y = self.images(source), self.np.load(labels, allow_pickle=False)
        if len(x) != self.engine.batch or y.shape != (len(x),):
            raise PeerError(f"{len(x)} images and labels {list(y.shape)}, want {self.engine.batch} of both")
        self.engine.feed(x, y.astype(self.np.int64))
        return f"loss={self.run()[0]!r}"


def serve(args):
    # Engines print to stdout when they like: keep it for the answers, and give them stderr.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    model = os.path.abspath(args.model)
    started = int(os.environ.get("RESNETC_PEER_STARTED_NS", STARTED))
    if args.command == "train":
        optimizer = [args.optimizer, args.rate, args.momentum, args.decay, "nesterov" if args.nesterov else "plain"]
        session = TrainingSession(TRAINERS[args.peer](model, args.batch, args.threads, optimizer), started)
    else:
        session = Session(ENGINES[args.peer](model, args.batch, args.threads, f"{model}.{args.peer}"), started)
    for line in sys.stdin:
        try:
            words = shlex.split(line)
            if words == ["quit"]:
                print("ok", file=answers)
                break
            if words:
                print("ok", session.command(words), file=answers)
        except Exception as e:
            kind = "" if isinstance(e, PeerError) else type(e).__name__ + ": "
            print("error", kind + " ".join(str(e).split()), file=answers)
    answers.flush()
    os._exit(0)  # some engines' threads hang or crash when the interpreter is torn down


def positive(text):
    n = int(text)
    if n < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return n


def main():
    top = argparse.ArgumentParser(description="Runs an ONNX file in an inference engine, for comparison with resnetc.")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the engines that can be used, one a line, with their versions")
    run = commands.add_parser("run", help="load a model and obey the commands on stdin")
    run.add_argument("peer", choices=ENGINES)
    train = commands.add_parser("train", help="the same with steps of training")
    train.add_argument("peer", choices=TRAINERS)
    for parser in run, train:
        parser.add_argument("model")
        parser.add_argument("-batch", type=positive, default=1)
        parser.add_argument("-threads", type=positive, default=1)
    train.add_argument("-optimizer", choices=["sgd", "adamw"], default="sgd")
    for flag in "-rate", "-momentum", "-decay":
        train.add_argument(flag, default="0")
    train.add_argument("-nesterov", action="store_true")
    args = top.parse_args()
    if args.command == "list":
        versions = [(name, engine.version()) for name, engine in ENGINES.items()]
        for name, version in versions:
            if version:
                print(f"{name}\t{version}")
        sys.exit(0 if any(v for _, v in versions) else 1)
    serve(args)


if __name__ == "__main__":
    main()
