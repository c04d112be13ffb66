"""Writes the pictures here and, in cases.txt, what torchvision's transforms make of them.

Needs Pillow up to 12 (later ones run the vertical pass first on tall pictures) and numpy:
    python3 make.py
A line of cases.txt is: picture, resize, crop, height, width, expected picture.
torchvision itself is not needed: on PIL images its transforms are the calls below.
"""

import numpy as np
from PIL import Image


def picture(w, h, seed):
    """Waves of saturated colour under noise: every chroma filter shows."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    waves = [np.sin(x / (2.1 + c) + y / (5.3 - c) + 2 * c) for c in range(3)]
    noise = rng.normal(0, 12, (h, w, 3))
    return Image.fromarray(np.clip(128 + 118 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8))


def transform(img, resize, crop, h, w):
    if crop == 0:
        return img.resize((w, h), Image.BILINEAR)
    if resize:
        short, long = min(img.size), max(img.size)
        other = int(resize * long / short)
        img = img.resize((resize, other) if img.width <= img.height else (other, resize), Image.BILINEAR)
    w, h = img.size
    if crop > w or crop > h:
        left, top = max(crop - w, 0) // 2, max(crop - h, 0) // 2
        padded = Image.new("RGB", (max(w, crop), max(h, crop)))
        padded.paste(img, (left, top))
        img, (w, h) = padded, padded.size
    top, left = round((h - crop) / 2), round((w - crop) / 2)
    return img.crop((left, top, left + crop, top + crop))


lines = []


def case(name, resize, crop, h, w):
    out = f"want{len(lines):02d}.png"
    transform(Image.open(name).convert("RGB"), resize, crop, h, w).save(out, optimize=True)
    lines.append(f"{name} {resize} {crop} {h} {w} {out}\n")


def resampling(name):
    for args in [(16, 14, 14, 14), (11, 14, 14, 14), (0, 21, 21, 21), (0, 0, 9, 40), (0, 0, 50, 7), (0, 44, 44, 44)]:
        case(name, *args)


def sampling(source, name, luma, w, h):
    """Claims another sampling of the luma, with as many blocks in an MCU: the
    picture is scrambled, but all decoders agree how."""
    b = bytearray(open(source, "rb").read())
    at = b.index(b"\xff\xc0")
    assert (b[at + 11] >> 4) * (b[at + 11] & 15) == (luma >> 4) * (luma & 15)
    b[at + 5 : at + 9] = h.to_bytes(2, "big") + w.to_bytes(2, "big")
    b[at + 11] = luma
    open(name, "wb").write(b)
    case(name, 0, 0, h, w)


for w, h in [(37, 23), (20, 33), (1, 9), (12, 2)]:
    name = f"rgb{w}x{h}.png"
    picture(w, h, w).save(name, optimize=True)
    resampling(name)

for sub, text in enumerate(["444", "422", "420"]):
    for w, h in [(32, 16), (27, 21), (4, 9), (7, 1)]:
        name = f"ycbcr{text}_{w}x{h}.jpg"
        picture(w, h, sub).save(name, quality=92, subsampling=sub)
        case(name, 0, 0, h, w)
sampling("ycbcr422_32x16.jpg", "ycbcr440_16x32.jpg", 0x12, 16, 32)
sampling("ycbcr420_32x16.jpg", "ycbcr411_64x8.jpg", 0x41, 64, 8)

base = picture(19, 13, 7)
alpha = Image.fromarray((np.arange(19 * 13) % 256).astype(np.uint8).reshape(13, 19))
for mode in ["L", "P", "LA", "RGBA", "1"]:
    img = base.convert(mode)
    if mode.endswith("A"):
        img.putalpha(alpha)
    img.save(f"mode{mode}.png", optimize=True)
    case(f"mode{mode}.png", 0, 0, 13, 19)
base.convert("P").save("modeP.gif")
case("modeP.gif", 0, 0, 13, 19)
base.convert("L").save("modeL.jpg", quality=92)
case("modeL.jpg", 0, 0, 13, 19)
base.convert("CMYK").save("modeCMYK.jpg", quality=92)
case("modeCMYK.jpg", 0, 0, 13, 19)

open("cases.txt", "w").writelines(lines)
