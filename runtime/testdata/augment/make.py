#!/usr/bin/env python3
"""Writes augment.json: what torchvision's transforms make of a small picture, with Pillow.

    python3 make.py > augment.json     (torchvision 0.29.2, Pillow 13.0.0)

Byte i of the picture, of rows of RGB pixels, is (i*i*7 + i*13) % 256."""
import json

import numpy as np
import torchvision.transforms as T
import torchvision.transforms.functional as F
from PIL import Image

W, H = 12, 10
i = np.arange(3 * W * H)
picture = Image.fromarray(((i * i * 7 + i * 13) % 256).astype(np.uint8).reshape(H, W, 3))


def pixels(m):
    return [int(v) for v in np.asarray(m).reshape(-1)]


cases = []
for name, f, factors in (
    ("brightness", F.adjust_brightness, (0, 0.6, 1.4)), ("contrast", F.adjust_contrast, (0, 0.5, 1.7)),
    ("saturation", F.adjust_saturation, (0, 0.3, 1.6)), ("hue", F.adjust_hue, (-0.5, -0.13, 0.07, 0.4)),
):
    cases += [{"change": name, "factor": v, "pixels": pixels(f(picture, v))} for v in factors]
crops = [
    {"box": [left, top, w, h], "size": [ow, oh], "pixels": pixels(F.resized_crop(picture, top, left, h, w, [oh, ow], T.InterpolationMode.BILINEAR))}
    for left, top, w, h, ow, oh in ((2, 1, 9, 8, 5, 4), (0, 0, 12, 10, 7, 7), (3, 4, 4, 5, 8, 9), (5, 5, 1, 1, 3, 2))
]
normalized = T.Compose([T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])(picture)
print(json.dumps({
    "width": W, "height": H, "jitter": cases, "crops": crops,
    "normalized": [[float(v) for v in normalized[c].reshape(-1)[:8]] for c in range(3)],
}, separators=(",", ":")))
