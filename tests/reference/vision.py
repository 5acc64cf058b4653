"""Goldens for the vision crate, from Pillow, OpenCV, PyTorch, torchvision and pycocotools.

Run from the repository's root with a Python that has them:

    python tests/reference/vision.py

Inputs come from formulas that `vision/src/testing.rs` repeats, outputs are kept as an FNV-1a hash
and a few samples, so that the files stay small and a failure still shows where.
"""

import io
import json
import pathlib

import cv2
import numpy as np
import torch
import torchvision
from PIL import Image, ImageOps
from inference_models.models.common.roboflow import pre_processing as roboflow
from inference_models.entities import ImageDimensions
from inference_models.models.common.roboflow import post_processing as answers
from inference_models.models.common.roboflow.model_packages import (
    InferenceConfig,
    PreProcessingMetadata,
    StaticCropOffset,
)
from inference_models.models.rfdetr import common as rfdetr_answers
from inference_models.models.rfdetr import pre_processing as rfdetr
from pycocotools import mask as coco
from rfdetr.models.postprocess import PostProcess
from ultralytics.utils.ops import xywhr2xyxyxyxy

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


def resize_torch_bytes():
    """Antialiased `interpolate` of bytes; on a processor with AVX2."""
    for source, target in SIZES:
        if min(*source, *target) < 3:
            continue  # PyTorch 2.15 takes some of these for another memory format, and fails
        for pattern in ["noise", "edges"]:
            rgb = torch.from_numpy(picture(source, 3, pattern)).permute(2, 0, 1)[None].contiguous()
            for mode in ["bilinear", "bicubic"]:
                out = torch.nn.functional.interpolate(rgb, (target[1], target[0]), mode=mode, antialias=True)
                out = out[0].permute(1, 2, 0).contiguous().numpy()
                yield {"op": mode, "from": source, "to": target, "pattern": pattern, **record(out)}


def resize_cubic():
    for source, target in SIZES:
        plane = floats(source[0] * source[1], 3).reshape(source[1], source[0])
        by_torch = torch.nn.functional.interpolate(torch.from_numpy(plane)[None, None], (target[1], target[0]), mode="bicubic")
        by_opencv = cv2.resize(plane, target, interpolation=cv2.INTER_CUBIC)
        for whose, out in [("torch", by_torch.numpy()), ("opencv", by_opencv)]:
            flat = out.reshape(-1)
            step = max(1, flat.size // 40)
            values = [[i, flat[i].item()] for i in range(0, flat.size, step)]
            yield {"whose": whose, "from": source, "to": target, "values": values}


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


# original, static crop (x, y, width, height), inference, padding, scale, intermediate
WAYS = {
    "stretch": ((101, 67), (0, 0, 101, 67), (48, 40), (0, 0, 0, 0), (48 / 101, 40 / 67), None),
    "letterbox": ((101, 67), (0, 0, 101, 67), (64, 64), (0, 11, 0, 11), (64 / 101, 64 / 101), None),
    "crop": ((101, 67), (10, 5, 70, 50), (48, 40), (0, 0, 0, 0), (48 / 70, 40 / 50), None),
    "center-crop": ((101, 67), (0, 0, 101, 67), (64, 80), (-18, 6, -19, 7), (1.0, 1.0), None),
    "two-step": ((101, 67), (10, 5, 70, 50), (64, 64), (0, 3, 0, 4), (80 / 70, 80 / 70), (80, 64)),
    "shrunk": ((20, 13), (0, 0, 20, 13), (48, 40), (0, 0, 0, 0), (48 / 20, 40 / 13), None),
}


def metadata(way):
    original, crop, inference, padding, scale, between = WAYS[way]
    size = lambda s: ImageDimensions(width=s[0], height=s[1])
    return PreProcessingMetadata(
        *padding,
        original_size=size(original),
        size_after_pre_processing=size(crop[2:]),
        inference_size=size(inference),
        scale_width=scale[0],
        scale_height=scale[1],
        static_crop_offset=StaticCropOffset(*crop),
        nonsquare_intermediate_size=between and size(between),
    )


def way_row(way):
    names = ["original", "crop", "inference", "padding", "scale", "intermediate"]
    return dict(zip(names, WAYS[way])) | {"way": way}


def fractions(count, seed):
    return (noise(count, seed) & 0xFFFFF).astype(np.float32) / (1 << 20)


def query_boxes(queries, seed):
    boxes = fractions(queries * 4, seed).reshape(queries, 4)
    boxes[:, 2:] /= 2
    return torch.from_numpy(boxes)


def suppression():
    for count, classes, threshold in [(50, 1, 0.3), (400, 3, 0.5), (1500, 7, 0.7)]:
        boxes = torchvision.ops.box_convert(query_boxes(count, 11) * 640, "cxcywh", "xyxy")
        scores = torch.from_numpy(fractions(count, 12) * 64).floor() / 64
        ids = torch.from_numpy((noise(count, 13) % classes).astype(np.int64))
        keep = torchvision.ops.batched_nms(boxes, scores, ids, threshold)
        # torch leaves the order of equal scores in `batched_nms` open: put the earlier box first
        keep = sorted(keep.tolist(), key=lambda i: (-scores[i].item(), i))
        yield {"count": count, "classes": classes, "threshold": threshold, "keep": keep}


def mask_alignment():
    for way in WAYS:
        meta = metadata(way)
        for grid, threshold in [((12, 10), 0.0), ((16, 16), 0.5), ((160, 120), 0.0)]:
            masks = torch.from_numpy(floats(3 * grid[0] * grid[1], 21)).reshape(3, grid[1], grid[0])
            rows = answers.align_instance_segmentation_results_to_rle_masks(
                image_bboxes=torch.zeros(3, 4),
                masks=masks,
                padding=tuple(meta[:4]),
                scale_width=meta.scale_width,
                scale_height=meta.scale_height,
                original_size=meta.original_size,
                size_after_pre_processing=meta.size_after_pre_processing,
                inference_size=meta.nonsquare_intermediate_size or meta.inference_size,
                static_crop_offset=meta.static_crop_offset,
                binarization_threshold=threshold,
            )
            counts = [rle["counts"] if isinstance(rle["counts"], str) else rle["counts"].decode() for _, rle in rows]
            yield way_row(way) | {
                "grid": grid,
                "threshold": threshold,
                "first": counts[0][:80],
                "hashes": [fnv(text.encode()) for text in counts],
            }


def detection():
    queries, classes = 100, 5
    for way in WAYS:
        logits = torch.from_numpy(fractions(queries * classes, 31) * 8 - 6).reshape(1, queries, classes)
        (found,) = rfdetr_answers.post_process_object_detection_results(
            bboxes=query_boxes(queries, 32)[None],
            logits=logits,
            pre_processing_meta=[metadata(way)],
            threshold=0.6,
            num_classes=4,
            classes_re_mapping=None,
            device=torch.device("cpu"),
        )
        yield way_row(way) | {
            "xyxy": found.xyxy.tolist(),
            "class_id": found.class_id.tolist(),
            "confidence": found.confidence.tolist(),
        }


def key_point_detection():
    queries, classes, slots = 20, 2, 2
    mapping = rfdetr_answers.ClassesReMapping(torch.tensor([1]), torch.tensor([-1, 0]))
    for way in WAYS:
        points = fractions(queries * classes * slots * 8, 43).reshape(1, queries, classes * slots, 8)
        points[..., 2:] = points[..., 2:] * 4 - 1.5
        logits = torch.from_numpy(fractions(queries * classes, 41) * 8 - 4).reshape(1, queries, classes)
        (found,), (boxes,) = rfdetr_answers.post_process_keypoint_detection_results(
            bboxes=query_boxes(queries, 42)[None],
            out_logits=logits,
            out_keypoints=torch.from_numpy(points),
            pre_processing_meta=[metadata(way)],
            threshold=0.4,
            key_points_threshold=0.62,
            num_classes=1,
            classes_re_mapping=mapping,
            key_points_classes_for_instances=torch.tensor([2]),
            key_points_slots_in_prediction=slots,
            device=torch.device("cpu"),
        )
        yield way_row(way) | {
            "xyxy": boxes.xyxy.tolist(),
            "xy": found.xy.tolist(),
            "confidence": found.detection_confidence.tolist(),
            "point_confidence": found.confidence.tolist(),
            "covariance": torch.nan_to_num(found.covariance, nan=-1.0).tolist(),
        }


def key_point_schemas():
    """Classes with unequal numbers of points, by `rfdetr`, which counts only those that a class has."""
    queries, size = 20, (101, 67)
    for schema, select in [([0, 3], 40), ([2, 0, 3], 25), ([3, 1], 7)]:
        classes, slots = len(schema), max(schema)
        points = fractions(queries * classes * slots * 8, 43).reshape(1, queries, classes * slots, 8)
        points[..., 2:] = points[..., 2:] * 4 - 1.5
        logits = torch.from_numpy(fractions(queries * classes, 41) * 8 - 4).reshape(1, queries, classes)
        outputs = {
            "pred_logits": logits,
            "pred_boxes": query_boxes(queries, 42)[None],
            "pred_keypoints": torch.from_numpy(points),
        }
        post = PostProcess(num_select=select, num_keypoints_per_class=schema)
        (found,) = post(outputs, torch.tensor([size[::-1]]))
        order = torch.argsort(found["scores"], descending=True, stable=True)
        yield {
            "schema": schema,
            "select": select,
            "size": size,
            "class_id": found["labels"][order].tolist(),
            "confidence": found["scores"][order].tolist(),
            "xyxy": found["boxes"][order].tolist(),
            "points": found["keypoints"][order].tolist(),
        }


def corners():
    boxes = torch.from_numpy(fractions(5 * 40, 61).reshape(40, 5) * [400, 300, 90, 60, 6] - [0, 0, 0, 0, 3])
    boxes = boxes.to(torch.float32)
    yield {"xywhr": boxes.tolist(), "corners": xywhr2xyxyxyxy(boxes).tolist()}


def semantic():
    names = ["background", "cat", "dog", "owl"]
    for way in WAYS:
        for grid, channels, activation in [((12, 10), 4, "softmax"), ((16, 16), 3, "sigmoid"), ((12, 10), 1, "softmax")]:
            logits = floats(channels * grid[0] * grid[1], 51).reshape(1, grid[1], grid[0], channels)
            named = names if channels > 1 else names[:2]
            meta = metadata(way)
            if meta.nonsquare_intermediate_size:
                meta = meta._replace(inference_size=meta.nonsquare_intermediate_size)
            (found,) = answers.post_process_semantic_segmentation_logits(
                model_results=torch.from_numpy(logits).permute(0, 3, 1, 2).contiguous(),
                pre_processing_meta=[meta],
                class_names=named,
                background_class_id=0,
                device=torch.device("cpu"),
                confidence=0.6,
                recommended_parameters=None,
                default_confidence=0.5,
                class_activation=activation,
            )
            classes, scores = found.segmentation_map.reshape(-1), found.confidence.reshape(-1)
            step = max(1, len(classes) // 200)
            yield way_row(way) | {
                "grid": grid,
                "channels": channels,
                "activation": activation,
                "names": len(named),
                "step": step,
                "classes": classes[::step].tolist(),
                "scores": [round(v, 6) for v in scores[::step].tolist()],
            }


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def formats():
    rgb = Image.fromarray(picture((7, 5), 3, "gradient"))
    alpha = Image.fromarray((noise(35, 61) & 255).astype(np.uint8).reshape(5, 7))
    translucent = rgb.copy()
    translucent.putalpha(alpha)
    gray = rgb.convert("L")
    gray_alpha = Image.merge("LA", (gray, alpha))
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = cv2.imencode(".png", (noise(105, 62) & 0xFFFF).astype(np.uint16).reshape(5, 7, 3))[1].tobytes()
    cases = {
        "png rgb": encoded(rgb, "PNG"),
        "png rgba": encoded(translucent, "PNG"),
        "png gray": encoded(gray, "PNG"),
        "png gray alpha": encoded(gray_alpha, "PNG"),
        "png palette": encoded(rgb.quantize(8), "PNG"),
        "png palette transparent": encoded(rgb.quantize(8), "PNG", transparency=3),
        "png 1 bit": encoded(gray.convert("1"), "PNG"),
        "png 16 bit": wide,
        "bmp": encoded(rgb, "BMP"),
        "gif": encoded(rgb.quantize(16), "GIF"),
        "tiff": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "ppm": encoded(rgb, "PPM"),
        "webp lossless": encoded(rgb, "WEBP", lossless=True),
        "webp lossless alpha": encoded(translucent, "WEBP", lossless=True, exact=True),
        "jpeg": encoded(rgb, "JPEG", quality=90),
        "jpeg gray": encoded(gray, "JPEG", quality=90),
        "jpeg progressive": encoded(rgb, "JPEG", quality=90, progressive=True),
        "jpeg cmyk": encoded(rgb.convert("CMYK"), "JPEG", quality=95),
        "jpeg turned": encoded(rgb, "JPEG", quality=90, exif=exif),
    }
    for name, data in cases.items():
        opened = Image.open(io.BytesIO(data))
        upright = ImageOps.exif_transpose(opened)
        yield {
            "name": name,
            "bytes": data.hex(),
            "size": opened.size,
            "rgb": np.array(opened.convert("RGB")).reshape(-1).tolist(),
            "upright": upright.size,
        }


def pictures():
    """The pictures beside the repository: decoded, and resized by Pillow and OpenCV."""
    for path in sorted((ROOT.parent / "shared" / "images").glob("*")):
        if path.suffix.lower() not in [".png", ".jpg", ".jpeg"]:
            continue
        opened = Image.open(path).convert("RGB")
        rgb = np.array(opened)
        yield {
            "file": path.name,
            "size": opened.size,
            "hash": fnv(rgb.tobytes()),
            "pillow": fnv(np.array(opened.resize((384, 384), 2)).tobytes()),
            "opencv": fnv(cv2.resize(rgb, (640, 427)).tobytes()),
        }


if __name__ == "__main__":
    GOLDENS.mkdir(parents=True, exist_ok=True)
    save("resize_bytes.json", resize_bytes())
    save("resize_floats.json", resize_floats())
    save("resize_torch_bytes.json", resize_torch_bytes())
    save("resize_cubic.json", resize_cubic())
    save("rle.json", run_lengths())
    save("preprocess.json", pre_processing())
    save("contrast.json", contrast())
    save("nms.json", suppression())
    save("masks.json", mask_alignment())
    save("detection.json", detection())
    save("key_points.json", key_point_detection())
    save("key_point_schemas.json", key_point_schemas())
    save("corners.json", corners())
    save("semantic.json", semantic())
    save("formats.json", formats())
    if (ROOT.parent / "shared" / "images").is_dir():
        save("pictures.json", pictures())
