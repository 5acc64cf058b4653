"""JPEG files of every kind that Pillow and OpenCV write, and the pixels that Pillow reads from them.

Run from the repository's root with a Python that has both:

    python tests/reference/jpeg.py

Writes `vision/tests/goldens/jpeg.json`: rows of a name, the file in base 64, its size and the FNV-1a hash of its RGB
pixels.
"""

import base64
import io
import json
import pathlib

import cv2
import numpy as np
from PIL import Image

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "vision" / "tests" / "goldens"


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def noise(count):
    v = (np.arange(count, dtype=np.uint64) * 2654435761 & 0xFFFFFFFF).astype(np.uint32)
    v ^= v >> np.uint32(15)
    v *= np.uint32(0x85EBCA6B)
    return v ^ (v >> np.uint32(13))


def picture(width, height, pattern):
    """Smooth colour with an edge, or noise of extreme values."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    grain = noise(width * height * 3).reshape(height, width, 3)
    if pattern == "noise":
        return Image.fromarray(((grain & 1) * 255).astype(np.uint8))
    smooth = 128 + 100 * np.sin(x * (0.05 + 0.04 * c) + y * 0.07 * (c - 1) + c)
    edge = np.where((x * 2 + y * 3) % 67 < 20, 70 - 60 * c, 0)
    return Image.fromarray(np.clip(smooth + edge + (grain & 15), 0, 255).astype(np.uint8))


def pillow(image, **options):
    data = io.BytesIO()
    image.save(data, "JPEG", **options)
    return data.getvalue()


def opencv(image, *options):
    return cv2.imencode(".jpg", np.array(image)[..., ::-1], options)[1].tobytes()


def without(data, marker):
    """The file without its segments of a marker."""
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != marker:
            kept += data[at:end]
        at = end
    return kept + data[at:]


def cases():
    sizes = [(1, 1), (2, 3), (3, 2), (5, 1), (7, 5), (8, 8), (16, 16), (17, 33), (33, 18), (66, 50)]
    kinds = {
        "baseline": {},
        "progressive": {"progressive": True},
        "optimised": {"optimize": True},
        "restarts": {"restart_marker_blocks": 2},
    }
    for size in sizes:
        image = picture(*size, "smooth")
        for sampling in ["4:4:4", "4:2:2", "4:2:0"]:
            for kind, options in kinds.items():
                if kind != "baseline" and size not in [(7, 5), (17, 33)]:
                    continue
                yield f"{kind} {sampling} {size}", pillow(image, quality=75, subsampling=sampling, **options)
        yield f"gray {size}", pillow(image.convert("L"), quality=75)
    noisy, smooth = picture(35, 29, "noise"), picture(35, 29, "smooth")
    for quality in [1, 30, 75, 95, 100]:
        for sampling in ["4:4:4", "4:2:0"]:
            for name, image in [("noise", noisy), ("smooth", smooth)]:
                if name == "noise" and quality > 75:
                    image = image.crop((0, 0, 19, 18))
                data = pillow(image, quality=quality, subsampling=sampling)
                yield f"{name} quality {quality} {sampling}", data
                data = pillow(image, quality=quality, subsampling=sampling, progressive=True)
                yield f"{name} quality {quality} {sampling} progressive", data
    yield "gray progressive", pillow(smooth.convert("L"), progressive=True)
    yield "gray restarts", pillow(smooth.convert("L"), restart_marker_rows=1)
    yield "progressive restarts", pillow(smooth, progressive=True, restart_marker_rows=1)
    yield "long restarts", pillow(picture(150, 90, "smooth"), quality=20, restart_marker_blocks=1)
    yield "rgb", pillow(smooth, keep_rgb=True)
    yield "rgb by names", without(pillow(smooth, keep_rgb=True), 0xEE)
    yield "no jfif", without(pillow(smooth), 0xE0)
    yield "standard tables left out", without(pillow(smooth), 0xC4)
    ink = smooth.convert("CMYK")
    ink = Image.merge("CMYK", [*ink.split()[:3], smooth.getchannel(1)])
    cmyk = pillow(ink, quality=80)
    yield "cmyk", cmyk
    yield "cmyk progressive", pillow(ink, quality=80, progressive=True)
    adobe = cmyk.index(b"Adobe")
    yield "ycck", cmyk[: adobe + 11] + b"\x02" + cmyk[adobe + 12 :]
    factors = {"4:1:1": 0x411111, "4:4:0": 0x121111}
    for name, value in factors.items():
        for size in [(1, 1), (3, 5), (8, 16), (35, 29), (70, 41)]:
            image = picture(*size, "smooth")
            yield f"{name} {size}", opencv(image, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, value)
        options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, value, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
        yield f"{name} progressive", opencv(smooth, *options)


def row(data):
    image = Image.open(io.BytesIO(data))
    rgb = image.convert("RGB")
    return {"size": rgb.size, "hash": fnv(rgb.tobytes())}


if __name__ == "__main__":
    rows = [{"name": name, **row(data), "file": base64.b64encode(data).decode()} for name, data in cases()]
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    (GOLDENS / "jpeg.json").write_text(text)
