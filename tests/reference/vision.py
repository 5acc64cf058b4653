"""Goldens for the vision crate, from Pillow, OpenCV, PyTorch, torchvision and pycocotools.

Run from the repository's root with a Python that has them:

    python tests/reference/vision.py

Inputs come from formulas that `vision/src/testing.rs` repeats, outputs are kept as an FNV-1a hash
and a few samples, so that the files stay small and a failure still shows where.
"""

import json
import pathlib

import cv2
import numpy as np
import torch
from PIL import Image
from inference_models.models.common.roboflow import pre_processing as roboflow
from inference_models.models.common.roboflow.model_packages import InferenceConfig
from inference_models.models.rfdetr import pre_processing as rfdetr
from pycocotools import mask as coco

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "vision" / "tests" / "goldens"
SIZES = [
    ((1, 1), (1, 1)),
    ((1, 1), (5, 4)),
    ((1, 9), (1, 4)),
    ((9, 1), (20, 3)),
    ((2, 2), (1, 1)),
    ((7, 5), (3, 11)),
    ((7, 5), (7, 11)),
    ((7, 5), (3, 5)),
    ((17, 13), (560, 560)),
    ((33, 47), (16, 31)),
    ((64, 48), (32, 24)),
    ((100, 37), (50, 19)),
    ((101, 67), (101, 67)),
    ((211, 97), (5, 3)),
    ((320, 240), (640, 640)),
    ((640, 480), (384, 384)),
    ((641, 427), (384, 384)),
    ((1000, 2), (3, 2)),
]


def noise(count, seed):
    v = np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503
    v = (v & 0xFFFFFFFF).astype(np.uint32)
    v ^= v >> np.uint32(15)
    v *= np.uint32(0x85EBCA6B)
    v ^= v >> np.uint32(13)
    return v


def picture(size, channels, pattern):
    width, height = size
    if pattern == "noise":
        return (noise(width * height * channels, 1) & 255).astype(np.uint8).reshape(height, width, channels)
    if pattern == "edges":
        bits = noise(width * height * channels, 2) & 1
        return (bits * 255).astype(np.uint8).reshape(height, width, channels)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((x * 7 + y * 13 + c * 29) // 3 & 255).astype(np.uint8)


def floats(count, seed):
    """Multiples of 1/256 in [-8, 8): every sum and product of a few is exact in f32."""
    return ((noise(count, seed) & 4095).astype(np.float32) - 2048) / 256


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def record(array):
    flat = array.reshape(-1)
    step = max(1, flat.size // 16)
    samples = [[int(i), flat[i].item()] for i in range(0, flat.size, step)][:17]
    return {"hash": fnv(np.ascontiguousarray(array).tobytes()), "samples": samples}


def save(name, rows):
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    (GOLDENS / name).write_text(text)


def resize_bytes():
    filters = {"box": 4, "bilinear": 2, "hamming": 5, "bicubic": 3, "lanczos": 1}
    for source, target in SIZES:
        for pattern in ["noise", "gradient", "edges"]:
            rgb = picture(source, 3, pattern)
            case = {"from": source, "to": target, "pattern": pattern}
            for name, code in filters.items():
                if name != "bilinear" and (pattern != "edges" or target[0] > 400):
                    continue
                out = np.array(Image.fromarray(rgb).resize(target, code))
                yield {"op": name, **case, **record(out)}
            if pattern == "noise":
                gray = picture(source, 1, pattern)[..., 0]
                out = np.array(Image.fromarray(gray).resize(target, 2))
                yield {"op": "gray", **case, **record(out)}
            out = cv2.resize(rgb, target, interpolation=cv2.INTER_LINEAR)
            yield {"op": "opencv", **case, **record(out)}


def resize_floats():
    for source, target in SIZES:
        plane = floats(source[0] * source[1], 3).reshape(1, 1, source[1], source[0])
        for antialias in [False, True]:
            if antialias and source[0] == target[0] == 1:
                continue  # PyTorch 2.15 repeats the first value for a plane of width 1
            out = torch.nn.functional.interpolate(
                torch.from_numpy(plane), (target[1], target[0]), mode="bilinear", antialias=antialias
            )
            flat = out.reshape(-1)
            step = max(1, flat.numel() // 40)
            values = [[i, flat[i].item()] for i in range(0, flat.numel(), step)]
            yield {"from": source, "to": target, "antialias": antialias, "values": values}


def golden_mask(size, pattern):
    width, height = size
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    if pattern in ["empty", "full"]:
        inside = np.full((height, width), pattern == "full")
    elif pattern == "noise":
        inside = (noise(width * height, 5) & 1).reshape(height, width)
    elif pattern == "stripes":
        inside = (x + 2 * y) // 5 % 2 == 0
    else:
        inside = (2 * x - width) ** 2 + (2 * y - height) ** 2 < width * height // 2
    return np.asfortranarray(inside.astype(np.uint8))


def run_lengths():
    for size in [(1, 1), (5, 1), (1, 7), (13, 9), (64, 48), (130, 71), (1000, 700)]:
        for pattern in ["empty", "full", "noise", "stripes", "disc"]:
            if pattern == "noise" and size[0] > 100 or pattern == "stripes" and size[0] > 200:
                continue
            rle = coco.encode(golden_mask(size, pattern))
            disc = coco.encode(golden_mask(size, "disc"))
            yield {
                "size": size,
                "pattern": pattern,
                "counts": rle["counts"].decode(),
                "area": int(coco.area(rle)),
                "bbox": [int(v) for v in coco.toBbox(rle)],
                "iou_with_disc": float(coco.iou([rle], [disc], [0])[0][0]),
            }


IMAGENET = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]
CROP = {"static-crop": {"enabled": True, "x_min": 13, "x_max": 81, "y_min": 7, "y_max": 96}}
GRAY = {"grayscale": {"enabled": True}}


def inference_config(mode, steps=None, **network):
    return {
        "image_pre_processing": steps or {},
        "network_input": {
            "training_input_size": {"height": 48, "width": 64},
            "dynamic_spatial_size_supported": False,
            "color_mode": "rgb",
            "resize_mode": mode,
            "input_channels": 3,
            "scaling_factor": 255,
            **network,
        },
    }


def pre_processing():
    dims = {"dataset_version_resize_dimensions": {"height": 50, "width": 90}}
    cases = [
        ("roboflow", inference_config("stretch", normalization=IMAGENET)),
        ("roboflow", inference_config("stretch", GRAY, color_mode="bgr", normalization=IMAGENET)),
        ("roboflow", inference_config("letterbox", CROP, padding_value=127)),
        ("roboflow", inference_config("letterbox", scaling_factor=None)),
        ("roboflow", inference_config("letterbox-reflect-edges", normalization=IMAGENET)),
        ("roboflow", inference_config("center-crop", CROP | GRAY)),
        ("roboflow", inference_config("fit-longer-edge")),
        ("rfdetr", inference_config("stretch", CROP, normalization=IMAGENET)),
        ("rfdetr", inference_config("stretch", scaling_factor=128)),
        ("rfdetr", inference_config("stretch", normalization=IMAGENET, **dims)),
        ("rfdetr", inference_config("letterbox", normalization=IMAGENET)),
        ("rfdetr", inference_config("letterbox", GRAY, padding_value=255, normalization=IMAGENET, **dims)),
        ("rfdetr", inference_config("center-crop", CROP, normalization=IMAGENET, **dims)),
    ]
    for path, config in cases:
        for source, pattern in [((101, 67), "noise"), ((33, 90), "gradient"), ((640, 427), "edges")]:
            parsed = InferenceConfig.model_validate(config)
            module = rfdetr if path == "rfdetr" else roboflow
            tensor, (meta,) = module.pre_process_network_input(
                images=picture(source, 3, pattern),
                image_pre_processing=parsed.image_pre_processing,
                network_input=parsed.network_input,
                target_device=torch.device("cpu"),
                input_color_format="rgb",
            )
            out = tensor.float().permute(0, 2, 3, 1).contiguous().numpy()
            flat = out.reshape(-1)
            between = meta.nonsquare_intermediate_size
            yield {
                "path": path,
                "config": config,
                "from": source,
                "pattern": pattern,
                "shape": out.shape,
                "metadata": {
                    "padding": list(meta[:4]),
                    "after": [meta.size_after_pre_processing.width, meta.size_after_pre_processing.height],
                    "inference": [meta.inference_size.width, meta.inference_size.height],
                    "crop": list(meta.static_crop_offset),
                    "intermediate": between and [between.width, between.height],
                },
                "scale_width": meta.scale_width,
                "scale_height": meta.scale_height,
                "hash": fnv(out.tobytes()),
                "samples": [[i, flat[i].item()] for i in range(0, flat.size, flat.size // 5)],
            }


def contrast():
    methods = {kind.value: method for kind, method in roboflow.CONTRAST_ADJUSTMENT_METHODS_FOR_NUMPY.items()}
    for kind, method in methods.items():
        for size, pattern in [((64, 48), "noise"), ((50, 37), "gradient"), ((5, 7), "noise"), ((301, 200), "gradient")]:
            out = method(picture(size, 3, pattern)).reshape(-1)
            step = max(1, out.size // 700)
            yield {"kind": kind, "size": size, "pattern": pattern, "step": step, "values": out[::step].tolist()}


if __name__ == "__main__":
    GOLDENS.mkdir(parents=True, exist_ok=True)
    save("resize_bytes.json", resize_bytes())
    save("resize_floats.json", resize_floats())
    save("rle.json", run_lengths())
    save("preprocess.json", pre_processing())
    save("contrast.json", contrast())
