"""What Ultralytics, `inference-models` and the `yolov5` package predict on the lent pictures, end to end.

    python tests/reference/yolo_predict.py SHARED [yolo11n] [doclaynet] [hip] [yolov5n] [package]

SHARED is the folder with `weights/` and `images/`. Writes `tests/goldens/yolo-*.json`: by picture, classes, scores, boxes
and, of masks, COCO run lengths. Pictures are decoded by Pillow, whose bytes Ultralytics gets as BGR.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco

GOLDENS = Path(__file__).resolve().parents[2] / "tests/goldens"


def main(shared, wanted):
    shared = Path(shared)
    tasks = {"yolo11n": yolo11n, "doclaynet": doclaynet, "hip": hip, "yolov5n": yolov5n, "package": package}
    for name, task in tasks.items():
        if not wanted or name in wanted:
            save(name, task(shared))


def pictures(shared, names=None):
    for path in sorted((shared / "images").iterdir()):
        if names is None or path.name in names:
            yield path.name, np.ascontiguousarray(np.array(Image.open(path).convert("RGB"))[..., ::-1])


def ultralytics(shared, file, options, names=None, masks=0):
    from ultralytics import YOLO

    model = YOLO(shared / "weights" / file, task=options.pop("task", None))
    result = {"options": {k: v for k, v in options.items() if k != "retina_masks"}, "pictures": {}}
    for name, image in pictures(shared, names):
        found = model.predict(image, verbose=False, save=False, device="cpu", **options)[0]
        row = boxes(found.boxes)
        if masks:
            # `retina_masks` drops answers without a pixel, which is no property of a detection
            row["masks"] = [rle(mask) for mask in found.masks.data[:masks]] if found.masks is not None else []
        result["pictures"][name] = row
    result["class_names"] = [found.names[i] for i in sorted(found.names)]
    return result


def boxes(found):
    return {
        "class_id": found.cls.int().tolist(),
        "confidence": [round(v, 6) for v in found.conf.tolist()],
        "xyxy": [[round(v, 3) for v in row] for row in found.xyxy.tolist()],
    }


def rle(mask):
    found = coco.encode(np.asfortranarray(mask.numpy().astype(np.uint8)))
    return {"size": found["size"], "counts": found["counts"].decode()}


def yolo11n(shared):
    return ultralytics(shared, "yolo11n-coco.onnx", {"task": "detect"})


def doclaynet(shared):
    return ultralytics(shared, "yolov8n-doclaynet.onnx", {"task": "detect"})


def hip(shared):
    """An X-ray model finds nothing on these pictures: the best of what it doubts is compared."""
    names = ["astronaut.png", "bus.jpg", "chelsea.png", "coffee.png", "n02138441_meerkat.JPEG", "page.png", "truck.jpg"]
    options = {"conf": 0.0005, "max_det": 12, "retina_masks": True}
    return ultralytics(shared, "yolo11n-seg-hip.pt", options, names, masks=6)


def yolov5n(shared):
    """The `yolov5` package's own network, letterbox and suppression, with the defaults of its `detect.py`."""
    # the checkpoint's classes are `models.yolo...`, and PyTorch 2.6 loads no classes unless told to
    import yolov5.models

    sys.modules.setdefault("models", yolov5.models)
    torch.load, load = lambda *args, **options: load(*args, **options | {"weights_only": False}), torch.load
    from yolov5.models.experimental import attempt_load
    from yolov5.utils.augmentations import letterbox
    from yolov5.utils.general import non_max_suppression, scale_boxes

    model = attempt_load(shared / "weights/yolov5n-coco.pt", device="cpu", fuse=True)
    result = {"options": {}, "pictures": {}, "class_names": list(model.names.values() if isinstance(model.names, dict) else model.names)}
    for name, image in pictures(shared):
        canvas = letterbox(image, 640, stride=32, auto=True)[0]
        x = torch.from_numpy(np.ascontiguousarray(canvas[..., ::-1].transpose(2, 0, 1))).float()[None] / 255
        with torch.no_grad():
            found = non_max_suppression(model(x)[0], 0.25, 0.45, max_det=1000)[0]
        found[:, :4] = scale_boxes(x.shape[2:], found[:, :4], image.shape)
        result["pictures"][name] = {
            "class_id": found[:, 5].int().tolist(),
            "confidence": [round(v, 6) for v in found[:, 4].tolist()],
            "xyxy": [[round(v, 3) for v in row] for row in found[:, :4].tolist()],
        }
    return result


def package(shared):
    """`yolo11n-coco.onnx` as packages of `inference-models`, in every resize mode."""
    import onnx
    from inference_models.models.yolov8.yolov8_object_detection_onnx import YOLOv8ForObjectDetectionOnnx

    weights = shared / "weights/yolo11n-coco.onnx"
    metadata = {entry.key: entry.value for entry in onnx.load(weights).metadata_props}
    names = list(eval(metadata["names"]).values())
    result = {"class_names": names, "configs": {}}
    modes = {
        "stretch": {"resize_mode": "stretch"},
        "letterbox": {"resize_mode": "letterbox", "padding_value": 114},
        "center-crop": {"resize_mode": "center-crop"},
        "fit-longer-edge": {"resize_mode": "fit-longer-edge"},
    }
    steps = {"static-crop": {"enabled": True, "x_min": 10, "x_max": 90, "y_min": 5, "y_max": 85}}
    for name, mode in modes.items():
        config = {
            "image_pre_processing": steps if name == "letterbox" else {},
            "network_input": {
                "training_input_size": {"height": 640, "width": 640},
                "dynamic_spatial_size_supported": False,
                "color_mode": "rgb",
                "input_channels": 3,
                "scaling_factor": 255,
                "normalization": None,
                **mode,
            },
            "forward_pass": {"static_batch_size": 1},
            "post_processing": {"type": "nms", "fused": False},
        }
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "class_names.txt").write_text("\n".join(names))
            (folder / "inference_config.json").write_text(json.dumps(config))
            (folder / "weights.onnx").symlink_to(weights.resolve())
            model = YOLOv8ForObjectDetectionOnnx.from_pretrained(
                str(folder), device=torch.device("cpu"), onnx_execution_providers=["CPUExecutionProvider"]
            )
            found = {}
            for picture, image in pictures(shared, ["bus.jpg", "chelsea.png", "truck.jpg", "n04146614_school_bus.JPEG"]):
                answer = model(image)[0]
                found[picture] = {
                    "class_id": answer.class_id.tolist(),
                    "confidence": [round(v, 6) for v in answer.confidence.tolist()],
                    "xyxy": answer.xyxy.tolist(),
                }
        result["configs"][name] = {"inference_config": config, "pictures": found}
    return result


def save(name, result):
    text = json.dumps(result, separators=(",", ":")).replace('"},"', '"},\n"').replace('},"', '},\n"')
    (GOLDENS / f"yolo-{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
