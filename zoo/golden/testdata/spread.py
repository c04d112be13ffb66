#!/usr/bin/env python3
"""Writes float32-spread-salts.json: how far PyTorch's float32 run of a training lies from its float64 run, relative to
that: for the salt of the figures here, which is empty, and the largest over several salts of the formula.

    python3 spread.py DIR-OF-make_golden.py > float32-spread-salts.json     (PyTorch 2.15.0, two threads)

Whether an input of a ReLU that is next to zero comes out above or below it is decided by rounding.  One that comes out on
the other side changes later losses by up to 1e-3 and the norms of small tensors by up to 1e-1 of themselves, for some
salts and not for others: so the spread of one salt says little about another program's."""
import json, sys

sys.path.insert(0, sys.argv[1])
import make_golden as mg
import numpy as np
import torch
import torch.nn.functional as F

# Of a deep network every salt gives much the same; of ResNet-20 some do not flip anything.
SALTS = {"resnet20_cifar": ["", "a", "b", "c", "d", "e", "f", "g", "h"]}


def run(name, salt, dtype, n=8, h=None, steps=5, lr=0.1, momentum=0.9, decay=1e-4):
    m = mg.load(mg.MODELS[name](), salt).to(dtype).train()
    h, c = h or mg.size(name), mg.classes(m)
    opt = torch.optim.SGD(m.parameters(), lr, momentum, weight_decay=decay)
    losses, grads = [], {}
    for k in range(steps):
        x = torch.from_numpy(mg.fill(f"input/{k}", (n, 3, h, h), salt).astype(np.float32)).to(dtype)
        y = torch.from_numpy((mg.stream(f"labels/{k}", n, salt) % np.uint64(c)).astype(np.int64))
        opt.zero_grad()
        loss = F.cross_entropy(m(x), y)
        loss.backward()
        losses.append(loss.detach().double())
        if k == 0:
            grads = {q: p.grad.double().clone() for q, p in m.named_parameters()}
        opt.step()
    return losses, grads, {q: t.double() for q, t in m.state_dict().items() if t.is_floating_point()}


def off(a, b):
    return (abs(b - a) / abs(a)).item()


def spread(name, salt):
    a, b = (run(name, salt, d, **mg.TRAIN[name]) for d in (torch.float64, torch.float32))
    return {
        "loss_relative_error": [off(x, y) for x, y in zip(a[0], b[0])],
        "gradient_norm_relative_error_step0": max(off(x.norm(), b[1][q].norm()) for q, x in a[1].items()),
        "gradient_distance_step0": max(((b[1][q] - x).norm() / x.norm()).item() for q, x in a[1].items()),
        "final_norm_relative_error": max(off(x.norm(), b[2][q].norm()) for q, x in a[2].items()),
    }


def largest(runs):
    top = lambda v: [top(w) for w in zip(*v)] if isinstance(v[0], list) else float("%.2g" % max(v))
    return {k: top([r[k] for r in runs]) for k in runs[0]}


torch.set_num_threads(2)
out = {"own": {}, "largest": {}}
for name in mg.TRAIN:
    runs = [spread(name, s) for s in SALTS.get(name, ["", "a"])]
    out["own"][name], out["largest"][name] = largest(runs[:1]), largest(runs)
    print(name, out["largest"][name], file=sys.stderr, flush=True)
print(json.dumps(out, indent=1))
