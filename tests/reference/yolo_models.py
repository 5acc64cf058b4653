"""The networks of `ultralytics` and of the repositories `yolov5` and `yolov7` by the name of this project, filled by the formula.

`ultralytics` builds from its own yaml files. Layers of the `yolov5` repository, release 7, are those of its yaml files
too, so that they are taken from there with the heads of the repository; the PyPI package `yolov5` has them. The folder `seg` of
the branch `u7` of the `yolov7` repository is in the environment as YOLOV7.
"""

import contextlib
import io
import os
import re
import sys
from copy import deepcopy
from pathlib import Path

import packaging.version
import torch
import ultralytics
from ultralytics.nn import tasks

import yolo_fixtures
from formula import fill
from stubs import hollow

CONFIGS = Path(ultralytics.__file__).parent / "cfg/models"


def yamls():
    """Name of the yaml file -> path."""
    return {path.stem: path for path in sorted(CONFIGS.glob("*/*.yaml"))}


def stems():
    """The names of all golden files."""
    return [*yamls(), *REPOSITORY, "modules", *([MASKS_OF_7] if "YOLOV7" in os.environ else [])]


def scales(stem):
    """Names of the networks of one yaml file -> its dict with the scale chosen."""
    if stem == "modules":
        return {stem: yolo_fixtures.MODULES}
    if stem in REPOSITORY:
        return repository(stem)
    if stem == MASKS_OF_7:
        return {stem: (Path(os.environ["YOLOV7"]) / f"models/segment/{stem}.yaml", False)}
    config = tasks.YAML.load(yamls()[stem])
    letters = list(config.get("scales") or {})
    if not letters or "resnet" in stem:
        return {stem: {**config, "scale": letters[0] if letters else ""}}
    if len(letters) == 1:
        return {stem: {**config, "scale": letters[0]}}
    return {name_of(stem, letter): {**config, "scale": letter} for letter in letters}


def name_of(stem, letter):
    """The name of one scale: `yolo11-seg` and `n` give `yolo11n-seg`."""
    base, *rest = re.match(r"(yolov?\d+|yoloe-v?\d+)(.*)", stem).groups()
    rest = rest[0]
    if base == "yolov5":
        rest = {"": "u", "-p6": "6u"}[rest]
    return f"{base}{letter}{rest}"


# The golden files of the `yolov5` repository's networks.
REPOSITORY = ("yolov5-anchors", "yolov5-anchors-seg", "yolov5-anchors-cls", "yolov5-anchors-p6")

# The golden file of the `yolov7` repository's network.
MASKS_OF_7 = "yolov7-seg"


def repository(stem):
    """Names of the networks of the `yolov5` repository -> a path, and whether it classifies."""
    import yolov5

    folder = Path(yolov5.__file__).parent / "models"
    kind = stem.removeprefix("yolov5-anchors")
    pattern, after = {
        "": ("yolov5{}.yaml", ""),
        "-seg": ("segment/yolov5{}-seg.yaml", "-seg"),
        "-cls": ("yolov5{}.yaml", "-cls"),
        "-p6": ("hub/yolov5{}6.yaml", "6"),
    }[kind]
    return {f"yolov5{letter}{after}": (folder / pattern.format(letter), kind == "-cls") for letter in "nsmlx"}


def build_repository(path, classifies):
    if path.stem == MASKS_OF_7:
        sys.path.insert(0, os.environ["YOLOV7"])
        with hollow(always=["pandas", "seaborn", "pkg_resources"]):
            sys.modules["pkg_resources"].parse_version = packaging.version.parse
            from models import yolo
    else:
        from yolov5.models import yolo

    segments = "seg" in path.stem
    with contextlib.redirect_stdout(io.StringIO()):
        model = (yolo.SegmentationModel if segments else yolo.DetectionModel)(str(path))
        if classifies:
            model = yolo.ClassificationModel(model=model, nc=1000, cutoff=10)
    return model


def build(config):
    """The network of a yaml dict or of one of [`repository`], for inference."""
    if isinstance(config, tuple):
        return prepared(build_repository(*config))
    head = config["head"][-1][2]
    kind = {
        "Classify": tasks.ClassificationModel,
        "Pose": tasks.PoseModel,
        "Pose26": tasks.PoseModel,
        "Segment": tasks.SegmentationModel,
        "Segment26": tasks.SegmentationModel,
        "OBB": tasks.OBBModel,
        "OBB26": tasks.OBBModel,
        "SemanticSegment": tasks.SemanticSegmentationModel,
        "Depth": tasks.DepthModel,
        "RTDETRDecoder": tasks.RTDETRDetectionModel,
        "WorldDetect": tasks.WorldModel,
        "YOLOEDetect": tasks.YOLOEModel,
        "YOLOESegment": tasks.YOLOESegModel,
        "YOLOESegment26": tasks.YOLOESegModel,
    }.get(head, tasks.DetectionModel)
    config = deepcopy(config)
    for line in config["backbone"]:
        if line[2] == "TorchVision":
            line[3][2] = None  # no pretrained weights are fetched
    with torch.no_grad():
        return prepared(kind(config, ch=3, verbose=False))


def prepared(model):
    """For inference; heads with a branch that answers without suppression answer with it, as their yaml says."""
    head = model.model[-1]
    if getattr(head, "one2one_cv2", None) is not None:
        head.end2end = True
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def refill(model):
    """Formula weights for everything but the tables that heads compute with."""
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not is_table(name):
            tensor.copy_(torch.from_numpy(fill(name, tuple(tensor.shape))))


def set_texts(model):
    """Gives a network that answers texts their embeddings; the attribute that keeps them -> shape."""
    name = {"WorldModel": "txt_feats", "YOLOEModel": "pe", "YOLOESegModel": "pe"}.get(type(model).__name__)
    if name is None:
        return {}
    shape = (model.yaml["nc"], 512)
    setattr(model, name, torch.from_numpy(fill(name, shape))[None])
    return {name: shape}


def is_table(name):
    """Not trained: the bins of a distribution, anchors."""
    return name.endswith((".dfl.conv.weight", ".anchors"))
