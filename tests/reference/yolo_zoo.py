"""Random checkpoints of every kind of YOLO as `ultralytics` saves and exports them, and how far `ocelli` is from it on pictures.

    python tests/reference/yolo_zoo.py DIR [name ...]
    python tests/reference/yolo_zoo.py DIR [name ...] --compare OCELLI PICTURE ...

The first writes DIR/NAME.pt, and the exports that ZOO lists beside it, of all names or of some. Norms and class scores are scaled
to what they see, so that answers differ from place to place. The second runs the program OCELLI and `ultralytics` on each of these
files and pictures and prints a line for each: answers of both, answers of `ultralytics` that have no counterpart, and the
largest difference among those that have one. The exit status is 1 if an answer is missing or differs too much.
"""

import argparse
import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

os.environ["YOLO_OFFLINE"] = "1"

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as rle
from ultralytics import RTDETR, YOLO
from ultralytics.utils import ASSETS

SIDE = 320
NAMES = ["person", "bus", "window", "wheel", "street"]
# Name -> exports beside the checkpoint: a format and its options.
ZOO = {
    "yolov3-tinyu": [],
    "yolov5nu": ["torchscript"],
    "yolov6n": [],
    "yolov8n-seg": ["onnx nms=True"],
    "yolov8n-cls": ["onnx"],
    "yolov9t": ["onnx"],
    "yolov10n": ["onnx"],
    "yolo11n-obb": ["onnx"],
    "yolo11n-pose": ["torchscript"],
    "yolo12n": ["onnx dynamic=True"],
    "yolo26n": ["onnx", "onnx end2end=False"],
    "yolo26n-seg": [],
    "yolo26n-pose": ["torchscript"],
    "yolo26n-obb": [],
    "yolo26n-cls": [],
    "yolo26n-sem": ["torchscript"],
    "yolo26n-depth": ["torchscript"],
    "rtdetr-l": [],
    "yolov8s-world": [],
    "yolov8s-worldv2": [],
    "yoloe-v8s": ["onnx"],
    "yoloe-v8s-seg": [],
    "yoloe-11s": ["torchscript"],
    "yoloe-11s-seg": ["onnx"],
    "yoloe-26n": ["onnx"],
    "yoloe-26n-seg": ["torchscript"],
}
# The most that scores, boxes and points in pixels, and numbers of other kinds may differ by.
SCORE, PIXELS, OVERLAP, DEPTH = 1e-3, 0.5, 0.99, 1e-3
# Scores this near to each other are in no order; such answers are counted as tied.
TIE = 1e-6
CONFIDENCE, MOST = 0.05, 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(ZOO))
    parser.add_argument("--compare", nargs="+", metavar=("OCELLI", "PICTURE"))
    options = parser.parse_args()
    names = options.names or list(ZOO)
    if unknown := [name for name in names if name not in ZOO]:
        parser.error(f"no such networks: {unknown}")
    if options.compare is None:
        options.folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            make(options.folder, name)
        return 0
    ocelli, *pictures = options.compare
    files = [file for name in names for file in files_of(options.folder, name) if file.exists()]
    return compare(ocelli, files, pictures)


def files_of(folder, name):
    """The checkpoint, then its exports."""
    return [folder / f"{name}.pt", *(exported(folder, name, export) for export in ZOO[name])]


def exported(folder, name, export):
    """`onnx nms=True` of `yolov8n-seg` is `yolov8n-seg+nms=True.onnx`."""
    kind, *options = export.split()
    return folder / f"{'+'.join([name, *options])}.{kind}"


def make(folder, name):
    checkpoint = folder / f"{name}.pt"
    save(lively(name), checkpoint)
    print(checkpoint, flush=True)
    for export in ZOO[name]:
        kind, *options = export.split()
        options = {key: value == "True" for key, value in (option.split("=") for option in options)}
        if kind == "onnx":
            options["simplify"] = False
        written = opened(checkpoint).export(format=kind, imgsz=SIDE, device="cpu", verbose=False, **options)
        path = exported(folder, name, export)
        os.replace(written, path)
        print(path, flush=True)


def opened(file):
    return (RTDETR if "rtdetr" in str(file) else YOLO)(file)


@torch.no_grad()
def lively(name):
    """A network that seems to have seen pictures: places differ to its very end, and so do scores."""
    torch.manual_seed(0)
    model = opened(f"{name}.yaml")
    set_texts(model)
    model.model.eval()
    norms = [part for part in model.model.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    hooks = [part.register_forward_pre_hook(once(measure)) for part in norms]
    hooks += [part.register_forward_hook(once(spread)) for part in scoring(model.model.model[-1])]
    pictures = pictures_of_package()
    for _ in branches(model.model.model[-1]):
        model.model(pictures)
    for hook in hooks:
        hook.remove()
    return model


def once(hook):
    """Later branches see what the first has seen."""
    ran = []

    def run(*args):
        if not ran:
            ran.append(True)
            hook(*args)

    return run


def pictures_of_package():
    """The pictures that `ultralytics` comes with."""
    opened = (Image.open(path).convert("RGB").resize((SIDE, SIDE)) for path in sorted(ASSETS.glob("*.jpg")))
    return torch.stack([torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255 for picture in opened])


def measure(norm, args):
    norm.weight.uniform_(0.8, 1.6)
    norm.bias.normal_(0, 0.3)
    norm.running_mean.copy_(args[0].mean((0, 2, 3)))
    norm.running_var.copy_(args[0].var((0, 2, 3)) + 1e-3)


def scoring(head):
    """The layers whose outputs are logits of objects' classes."""
    opened = any(hasattr(part, "logit_scale") for part in head.modules())
    last = re.compile(r"(one2one_)?cv3\.\d+\.2|(dec_score_head\.\d+|enc_score_head)")
    for name, part in head.named_modules():
        if hasattr(part, "logit_scale") or (not opened and last.fullmatch(name)):
            yield part


def spread(layer, _, logits):
    """Makes the layer's logits those of probabilities around 0.05, and of a half at most."""
    factor = 3 / (logits.max() - logits.mean())
    layer.bias.copy_((layer.bias - logits.mean()) * factor - 3)
    if hasattr(layer, "logit_scale"):
        layer.logit_scale.add_(factor.log())
    else:
        layer.weight.mul_(factor)


def branches(head):
    """Lets each branch of a head answer in turn, that of the yaml last."""
    chosen = getattr(head, "end2end", False)
    if getattr(head, "one2one_cv2", None) is not None:
        head.end2end = not chosen
        yield
        head.end2end = chosen
    yield


def set_texts(model):
    """What `set_classes` leaves in a network with an open vocabulary, without its model of texts."""
    kind = type(model.model).__name__
    texts = torch.nn.functional.normalize(torch.randn(1, len(NAMES), 512), dim=-1)
    if kind == "WorldModel":
        model.model.txt_feats = texts
        model.model.model[-1].nc = len(NAMES)
        model.model.names = NAMES
    elif kind.startswith("YOLOE"):
        model.set_classes(NAMES, model.model.model[-1].get_tpe(texts))


def save(model, path):
    """As a trainer saves its average."""
    args = model.model.args if isinstance(model.model.args, dict) else vars(model.model.args)
    args = {**args, "imgsz": SIDE, "task": model.task}
    model.model.args = args
    torch.save({"epoch": 3, "model": None, "ema": copy.deepcopy(model.model).half(), "updates": 7, "train_args": args}, path)


def compare(ocelli, files, pictures):
    print(f"{'file':34} {'picture':14} {'theirs':>6} {'ours':>5} {'missing':>7} {'largest difference'}")
    failed = False
    for file in files:
        model = opened(file)
        for picture in pictures:
            theirs = answers_of_ultralytics(model, picture)
            ours = answers_of_ocelli(ocelli, file, picture)
            if isinstance(ours, str):
                line, good = ours, False
            else:
                line, good = difference(theirs, ours)
            failed |= not good
            print(f"{file.name:34} {Path(picture).name:14} {line}{'' if good else '   <- WRONG'}", flush=True)
    return int(failed)


def answers_of_ultralytics(model, picture):
    image = np.ascontiguousarray(np.array(Image.open(picture).convert("RGB"))[..., ::-1])
    options = {"retina_masks": True} if model.task == "segment" else {}
    return model.predict(image, conf=CONFIDENCE, max_det=MOST, imgsz=SIDE, device="cpu", verbose=False, **options)[0]


def answers_of_ocelli(ocelli, file, picture):
    """The line of JSON, or what went wrong."""
    options = ["--confidence", str(CONFIDENCE), "--max-detections", str(MOST), "--size", f"{SIDE}x{SIDE}", "--json", "-"]
    run = subprocess.run([ocelli, "--quiet", "predict", str(file), picture, *options], capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[0]) if run.returncode == 0 else run.stderr.strip()


def difference(theirs, ours):
    """A line of the table, and whether it is near enough."""
    found = ours["predictions"]
    if theirs.probs is not None:
        scores = [abs(a["confidence"] - b) for a, b in zip(found, theirs.probs.top5conf.tolist())]
        same = [a["class_id"] for a in found[:5]] == theirs.probs.top5
        return row(5, len(found), 0 if same else 5, score=max(scores)), same and max(scores) < SCORE
    if getattr(theirs, "depth", None) is not None:
        depth = theirs.depth.data.numpy()
        off = max(abs(a - float(b)) for a, b in zip(ours["depth_range"], (depth.min(), depth.max())))
        return row(1, 1, 0, range=off), off < DEPTH
    if getattr(theirs, "semantic_mask", None) is not None:
        needed = theirs.semantic_mask.data.numpy().squeeze()
        drawn = np.full(needed.shape, -1)
        for one in found:
            drawn[decoded(one["mask"])] = one["class_id"]
        same = float((drawn == needed).mean())
        return row(len(np.unique(needed)), len(found), 0, pixels=1 - same), same > 1 - DEPTH
    return objects(theirs, found)


def objects(theirs, found):
    oriented = theirs.obb is not None
    boxes = theirs.obb if oriented else theirs.boxes
    key = "xywhr" if oriented else "xyxy"
    places, scores = getattr(boxes, key).numpy(), boxes.conf.numpy()
    missing, tied, worst = 0, 0, {}
    for i, class_id in enumerate(boxes.cls.int().tolist()):
        if (np.abs(scores - scores[i]) < TIE).sum() > 1:
            tied += 1  # which of them suppresses the other hangs on rounding
            continue
        same = [one for one in found if one["class_id"] == class_id and np.abs(one[key] - places[i]).max() <= PIXELS]
        one = min(same, key=lambda one: abs(one["confidence"] - scores[i]), default=None)
        if one is None or abs(one["confidence"] - scores[i]) > SCORE:
            missing += bool(scores[i] > CONFIDENCE + SCORE) and i + 1 < MOST
            continue
        parts = {"score": abs(one["confidence"] - scores[i]), "box": np.abs(one[key] - places[i]).max()}
        if theirs.keypoints is not None:
            parts["points"] = np.abs(np.subtract(one["keypoints"], theirs.keypoints.data[i].tolist())).max()
        if theirs.masks is not None:
            parts["mask"] = 1 - overlap(decoded(one["mask"]), theirs.masks.data[i].numpy() > 0)
        worst.update({part: max(value, worst.get(part, 0.0)) for part, value in parts.items()})
    good = not missing and worst.get("points", 0) <= PIXELS and worst.get("mask", 0) <= 1 - OVERLAP
    return row(len(boxes), len(found), missing, **worst, **({"tied": tied} if tied else {})), good and len(boxes) > 0


def overlap(a, b):
    return float((a & b).sum() / max((a | b).sum(), 1))


def decoded(mask):
    """A map of truth values."""
    return rle.decode({**mask, "counts": mask["counts"].encode()}) > 0


def row(theirs, ours, missing, **parts):
    shown = ", ".join(f"{name} {value:.2g}" for name, value in parts.items())
    return f"{theirs:6} {ours:5} {missing:7} {shown}"


if __name__ == "__main__":
    sys.exit(main())
