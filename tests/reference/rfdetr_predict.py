"""What upstream predicts on the lent pictures, end to end, for the cross-crate tests.

    python tests/reference/rfdetr_predict.py SHARED [nano] [seg] [keypoints] [semantic]

SHARED is the folder with `weights/` and `images/`. Writes `tests/goldens/rfdetr-*.json`. In each file

    pictures     name -> size [w, h] and sha256 of the RGB bytes that Pillow decodes (JPEG decoders
                 differ by a count: compare PNGs strictly, others only when the sha agrees)
    rfdetr       `RFDETR.predict` (float boxes, clamped; bilinear without antialias on floats)
    inference_models   the same weights through `inference_models` (Pillow resize; integer boxes)

`input` holds, by picture, a few values of the normalised input tensor `[h, w, 3]` that entered the
network (`formula.sample_indices(count, 16)`), so that preprocessing can be judged alone.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from formula import sample_indices
from rfdetr_models import build, quiet
from rfdetr_stages import choose_salt

GOLDENS = Path(__file__).resolve().parents[2] / "tests/goldens"
THRESHOLD = 0.05
MOST = 20
CPU = torch.device("cpu")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def main(shared, wanted):
    quiet()
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name, task in {"nano": nano, "seg": seg, "keypoints": keypoints, "semantic": semantic}.items():
        if not wanted or name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                task(Path(shared), Path(folder))


def nano(shared, folder):
    """The trained nano: today's file for rfdetr, an old trainer's file for inference_models."""
    from inference_models.models.rfdetr.rfdetr_object_detection_pytorch import RFDetrForObjectDetectionTorch
    from rfdetr.detr import RFDETR

    today = shared / "weights/rfdetr-nano-16.pth"
    old = folder / "checkpoint_best_total.pth"
    write_old_form(today, old)
    rfdetr_model = RFDETR.from_checkpoint(today, trust_checkpoint=True)
    other_model = RFDetrForObjectDetectionTorch.from_pretrained(str(old), model_type="rfdetr-nano", device=CPU)

    result = {"threshold": THRESHOLD, "class_names": rfdetr_model.class_names, "pictures": {}}
    result |= {"rfdetr": {}, "inference_models": {}, "input": {"rfdetr": {}, "inference_models": {}}}
    for path in sorted((shared / "images").iterdir()):
        picture = read(path, result)
        with watch_input(rfdetr_model.model.model) as seen:
            found = rfdetr_model.predict(picture, threshold=THRESHOLD)
        result["input"]["rfdetr"][path.name] = seen()
        result["rfdetr"][path.name] = instances(found.class_id, found.confidence, found.xyxy)
        with watch_input(other_model._model) as seen:
            found = other_model(bgr(picture), confidence=THRESHOLD)[0]
        result["input"]["inference_models"][path.name] = seen()
        result["inference_models"][path.name] = instances(found.class_id, found.confidence, found.xyxy)
    save("rfdetr-nano-16", result)


def write_old_form(source, target):
    """`{model, args}` with an argparse namespace and without today's bool buffer: rfdetr 1.0 to 1.4."""
    checkpoint = torch.load(source, map_location="cpu", weights_only=False)
    model = {name: tensor for name, tensor in checkpoint["model"].items() if name != "_kp_active_mask"}
    args = argparse.Namespace(**{**checkpoint["model_config"], **checkpoint["args"]})
    torch.save({"model": model, "args": args}, target)


def seg(shared, folder):
    """seg-nano with weights from the formula."""
    from inference_models.models.rfdetr.rfdetr_instance_segmentation_pytorch import RFDetrForInstanceSegmentationTorch

    path = shared / "images/chelsea.png"
    result = {"variant": "seg-nano", "pictures": {}}
    picture = read(path, result)
    checkpoint = write_formula_checkpoint(folder, "seg-nano", "RFDETRSegNano", picture, result)
    found = predict(checkpoint, picture, result)
    result["rfdetr"] = instances(found.class_id[:3], found.confidence[:3], found.xyxy[:3], found.mask[:3])

    strip_buffer(checkpoint)
    model = RFDetrForInstanceSegmentationTorch.from_pretrained(str(checkpoint), model_type="rfdetr-seg-nano", device=CPU)
    found = model(bgr(picture), confidence=0.5)[0]
    result["inference_models"] = instances(found.class_id[:3], found.confidence[:3], found.xyxy[:3], found.mask[:3].numpy())
    save("rfdetr-seg-nano-formula", result)


def keypoints(shared, folder):
    """The keypoint preview with weights from the formula; only rfdetr runs it natively."""
    path = shared / "images/chelsea.png"
    result = {"variant": "keypoint-preview", "pictures": {}}
    picture = read(path, result)
    checkpoint = write_formula_checkpoint(folder, "keypoint-preview", "RFDETRKeypointPreview", picture, result, num_classes=1)
    found = predict(checkpoint, picture, result, threshold=0.0)
    result["rfdetr"] = [
        {
            "class": int(found.class_id[i]),
            "name": str(found.data["class_name"][i]),
            "score": number(found.detection_confidence[i]),
            "box": numbers(found.data["xyxy"][i]),
            "keypoints": [numbers([*xy, c]) for xy, c in zip(found.xy[i], found.keypoint_confidence[i])],
            "precision": [numbers(row) for row in found.data["keypoint_precision_cholesky"][i]],
            "covariance": [numbers([c[0, 0], c[0, 1], c[1, 1]]) for c in found.data["covariance"][i]],
        }
        for i in range(4)
    ]
    result["columns"] = "keypoints x y confidence; precision log_l11 l21 log_l22; covariance xx xy yy (pixels)"
    save("rfdetr-keypoint-preview-formula", result)


def semantic(shared, folder):
    """sem-nano with weights from the formula; only inference_models has it."""
    from inference_models.models.rfdetr.rfdetr_semantic_segmentation_pytorch import RFDetrForSemanticSegmentationTorch

    result = {"variant": "sem-nano", "pictures": {}, "salt": 0, "confidence": 0.9}
    picture = read(shared / "images/chelsea.png", result)
    config, model = build("sem-nano")
    names = ["background"] + [f"class_{i}" for i in range(1, config.num_classes)]
    (folder / "class_names.txt").write_text("\n".join(names))
    (folder / "model_type.json").write_text(json.dumps({"model_type": "rfdetr-sem-nano"}))
    (folder / "inference_config.json").write_text(json.dumps(package_config(config.resolution)))
    torch.save({"model": model.state_dict()}, folder / "weights.pth")
    model = RFDetrForSemanticSegmentationTorch.from_pretrained(str(folder), device=CPU)
    found = model(picture_array(picture), input_color_format="rgb", confidence=0.9)[0]
    classes, confidence = found.segmentation_map.numpy(), found.confidence.numpy()
    kept = sample_indices(classes.size)
    result["inference_models"] = {
        "size": list(classes.shape),
        "background_share": float((classes == 0).mean()),
        "classes": classes.ravel()[kept].tolist(),
        "scores": numbers(confidence.ravel()[kept]),
    }
    save("rfdetr-sem-nano-formula", result)


def package_config(side):
    """`inference_config.json` of a Roboflow package, with the colour mode the weights really want."""
    return {
        "network_input": {
            "training_input_size": {"height": side, "width": side},
            "dynamic_spatial_size_supported": False,
            "color_mode": "rgb",
            "resize_mode": "stretch",
            "input_channels": 3,
            "scaling_factor": 255,
            "normalization": [MEAN, STD],
        }
    }


def write_formula_checkpoint(folder, variant, class_name, picture, result, **overrides):
    """Saves a checkpoint as today's trainer does, with a salt that separates this picture's tokens under either resize."""
    config, model = build(variant, **overrides)
    result["num_classes"] = config.num_classes
    with torch.inference_mode():
        inputs = torch.cat([prepare(picture, config.resolution) for prepare in (rfdetr_input, other_input)])
        result["salt"], result["gap"] = choose_salt(model, inputs)
    config, model = build(variant, result["salt"], **overrides)
    path = folder / f"rf-detr-{variant}.pth"
    description = {"args": {"class_names": None}, "model_name": class_name, "model_config": config.model_dump()}
    torch.save({"model": model.state_dict(), **description, "rfdetr_version": "1.11.2"}, path)
    return path


def strip_buffer(path):
    checkpoint = torch.load(path, weights_only=False)
    checkpoint["model"].pop("_kp_active_mask")
    torch.save(checkpoint, path)


def rfdetr_input(picture, side):
    import torchvision.transforms.functional as F

    tensor = torch.from_numpy(picture_array(picture).transpose(2, 0, 1).copy()).float().div_(255)
    tensor = F.resize(tensor, [side, side], antialias=False)
    return F.normalize(tensor, MEAN, STD)[None]


def other_input(picture, side):
    import torchvision.transforms.functional as F

    return F.normalize(F.to_tensor(picture.resize((side, side), Image.Resampling.BILINEAR)), MEAN, STD)[None]


def predict(checkpoint, picture, result, threshold=0.5):
    from rfdetr.detr import RFDETR

    model = RFDETR.from_checkpoint(checkpoint, trust_checkpoint=True)
    with watch_input(model.model.model) as seen:
        found = model.predict(picture, threshold=threshold)
    result["threshold"] = threshold
    result["input"] = {"rfdetr": seen()}
    return found


class watch_input:
    """Keeps a few values of what enters a network; called, it gives them."""

    def __init__(self, network):
        self.network = network

    def __enter__(self):
        self.hook = self.network.register_forward_pre_hook(self.keep)
        return self

    def keep(self, _, args):
        flat = args[0][0].permute(1, 2, 0).contiguous().numpy().ravel()
        self.values = numbers(flat[sample_indices(flat.size, 16)])

    def __exit__(self, *_):
        self.hook.remove()

    def __call__(self):
        return self.values


def read(path, result):
    picture = Image.open(path).convert("RGB")
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    result["pictures"][path.name] = {"size": list(picture.size), "sha256": digest}
    return picture


def picture_array(picture):
    return np.asarray(picture)


def bgr(picture):
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def instances(classes, scores, boxes, masks=None):
    rows = []
    for i in range(min(len(classes), MOST)):
        row = {"class": int(classes[i]), "score": number(scores[i]), "box": numbers(boxes[i])}
        if masks is not None:
            row["rle"] = rle(masks[i])
        rows.append(row)
    return rows


def rle(mask):
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": code["size"], "counts": code["counts"].decode()}


def number(value):
    """The shortest decimal that reads back as the same f32 (or integer); null for NaN."""
    value = np.asarray(value)
    if value.dtype.kind in "iu":
        return int(value)
    value = np.float32(value)
    return None if np.isnan(value) else float(np.format_float_positional(value, unique=True))


def numbers(values):
    return [number(value) for value in values]


def save(name, result):
    """One line an entry two levels deep."""
    lines = []
    for key, value in result.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f"{json.dumps(key)}: {{\n{inner}\n }}")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    path = GOLDENS / f"{name}.json"
    path.write_text("{\n " + ",\n ".join(lines) + "\n}\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
