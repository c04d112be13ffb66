#!/usr/bin/env python3
"""Writes recipes.json: what PyTorch in float64 computes for a few steps of ResNet-8 with each optimizer and regularizer.

    python3 recipes.py DIR-OF-make_golden.py > recipes.json     (PyTorch 2.15.0)

Parameters and batches come from the formula of make_golden.py."""
import json, sys

sys.path.insert(0, sys.argv[1])
import make_golden as mg
import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

N, SIDE, CLASSES, STEPS = 4, 16, 10, 4
RECIPES = {
    "nesterov": dict(optimizer="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adamw": dict(optimizer="adamw", lr=1e-3, weight_decay=0.05),
    "adamw-weights-only": dict(optimizer="adamw", lr=1e-3, weight_decay=0.05, decay_weights_only=True),
    "clip": dict(optimizer="sgd", lr=0.1, momentum=0.9, clip_norm=0.5),
    "label-smoothing": dict(optimizer="sgd", lr=0.1, label_smoothing=0.1),
    "ema": dict(optimizer="sgd", lr=0.1, momentum=0.9, ema=0.75),
}


def optimizer(m, r):
    decayed = [p for p in m.parameters() if p.dim() > 1 or not r.get("decay_weights_only")]
    rest = [p for p in m.parameters() if p.dim() <= 1 and r.get("decay_weights_only")]
    groups = [{"params": decayed, "weight_decay": r.get("weight_decay", 0.0)}, {"params": rest, "weight_decay": 0.0}]
    groups = [g for g in groups if g["params"]]
    if r["optimizer"] == "adamw":
        return torch.optim.AdamW(groups, r["lr"])
    return torch.optim.SGD(groups, r["lr"], r.get("momentum", 0.0), nesterov=r.get("nesterov", False))


def norms(m):
    return {q: t.norm().item() for q, t in m.state_dict().items() if t.is_floating_point()}


def train(r):
    m = mg.load(mg.Cifar(mg.Basic, 1), "").train()
    opt, out = optimizer(m, r), dict(r, losses=[], gradient_norms=[])
    average = AveragedModel(m, multi_avg_fn=get_ema_multi_avg_fn(r.get("ema", 0.0)), use_buffers=True)
    average.update_parameters(m)  # the first call copies
    for k in range(STEPS):
        x = torch.from_numpy(mg.fill(f"input/{k}", (N, 3, SIDE, SIDE), "").astype(np.float32)).double()
        y = torch.from_numpy((mg.stream(f"labels/{k}", N, "") % np.uint64(CLASSES)).astype(np.int64))
        opt.zero_grad()
        loss = F.cross_entropy(m(x), y, label_smoothing=r.get("label_smoothing", 0.0))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(m.parameters(), r.get("clip_norm") or float("inf"))
        out["losses"].append(loss.item())
        out["gradient_norms"].append(norm.item())
        opt.step()
        average.update_parameters(m)
    out["norms_after"] = norms(average.module if "ema" in r else m)
    return out


print(json.dumps({
    "model": "resnet8_cifar", "input": [N, 3, SIDE, SIDE], "classes": CLASSES, "steps": STEPS,
    "recipes": {name: train(r) for name, r in RECIPES.items()},
}, indent=1))
