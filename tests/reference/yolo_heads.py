"""Samples of what the heads of `ultralytics` and of the `yolov5` repository answer, with weights from the formula.

    python tests/reference/yolo_heads.py [case ...]

Writes models/tests/goldens/yolo-heads/CASE.safetensors. Maps of level I are `fill("input", (n, h, w, c), salt=I)`, tensors
are named as in a checkpoint whose head is layer 23. Every output is cut into stages by columns, so that pixels do not hide
scores; which columns stands in the case's `columns`. The salt goes to the last layer of the class branches, and is chosen so
that no two scores that compete for a rank are closer than `gap`.
"""

import json
import re
import sys
import types
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from ultralytics.nn.modules import head as heads

from formula import fill, sample_indices

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/yolo-heads"
AT = "model.23."
SALTS = 200
SMALL = (96, 64)
WIDE = (64, 128, 256)
NARROW = (32, 48, 64)
ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]


def case(module, classes=3, channels=NARROW, size=SMALL, reg_max=16, end_to_end=False, args=(), **options):
    options = {"batch": 2, **options}
    return types.SimpleNamespace(
        module=module, classes=classes, channels=channels, size=size, reg_max=reg_max, end_to_end=end_to_end, args=list(args), **options
    )


CASES = {
    "detect-legacy": case("Detect", 80, WIDE, legacy=True),
    "detect": case("Detect", 80, WIDE),
    "detect-many-classes": case("Detect", 130),
    "detect-four-levels": case("Detect", channels=(16, 32, 32, 48)),
    "detect-no-distribution": case("Detect", reg_max=1),
    "detect-end-to-end": case("Detect", reg_max=1, end_to_end=True),
    "detect-end-to-end-many": case("Detect", 2, size=(192, 160), end_to_end=True, batch=1),
    "detect-one-to-many": case("Detect", reg_max=1, both=True),
    "detect-fused": case("Detect", reg_max=1, end_to_end=True, fuse=True),
    "v10detect": case("v10Detect", 4, end_to_end=True),
    "segment-legacy": case("Segment", 3, args=[32, 40], legacy=True),
    "segment": case("Segment", 80, WIDE, args=[32, 64]),
    "segment26": case("Segment26", reg_max=1, end_to_end=True, args=[32, 48]),
    "pose": case("Pose", 1, args=[[17, 3]]),
    "pose-5x2": case("Pose", 2, args=[[5, 2]], legacy=True),
    "pose-end-to-end": case("Pose", 2, end_to_end=True, args=[[5, 2]]),
    "pose26": case("Pose26", 1, reg_max=1, end_to_end=True, args=[[17, 3]]),
    "pose26-5x2": case("Pose26", 2, reg_max=1, both=True, args=[[5, 2]]),
    "obb": case("OBB", 15, args=[1]),
    "obb-end-to-end": case("OBB", 4, end_to_end=True, args=[1]),
    "obb26": case("OBB26", 4, reg_max=1, end_to_end=True, args=[1]),
    "yoloe-segment": case("YOLOESegment", 5, args=[32, 40, 64, True], texts=5),
    "yoloe-segment26": case("YOLOESegment26", 5, reg_max=1, end_to_end=True, args=[32, 40, 64, True], texts=5),
    "rtdetr": case("RTDETRDecoder", 2, args=[32, 40, 4, 8, 2, 96]),
    "rtdetr-border": case("RTDETRDecoder", 2, size=(64, 416), args=[64, 20, 3, 4, 3, 96]),
    "classify": case("Classify", 10, channels=(48,)),
    "semantic": case("SemanticSegment", 19, channels=(32, 48)),
    "depth": case("Depth", 1, args=[32]),
    "anchor-detect": case("AnchorDetect", 80),
    "anchor-segment": case("AnchorSegment", 3, args=[32, 40]),
}


def main(wanted):
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name, of in CASES.items():
        if not wanted or name in wanted:
            write(name, of)


def write(name, of):
    module = build(of)
    salt, gap = 0, None
    maps = features(of)
    if of.end_to_end or of.module == "RTDETRDecoder":
        salt, gap = choose_salt(module, of, maps)
    refill(module, salt)
    stages, columns = record(module, of, maps)
    tensors = {AT + key: list(value.shape) for key, value in module.state_dict().items()}
    exact, _ = record(module.double(), of, [x.double() for x in maps])
    noise = {key: float(np.abs(value - exact[key]).max() / max(np.abs(value).max(), 1e-30)) for key, value in stages.items()}
    facts = {
        "module": of.module,
        "classes": of.classes,
        "reg_max": of.reg_max,
        "end_to_end": of.end_to_end,
        "args": [of.classes, *of.args],
        "batch": of.batch,
        "size": of.size,
        "maps": [[x.shape[2], x.shape[3], x.shape[1]] for x in maps],
        "salt": salt,
        "gap": gap,
        "columns": columns,
        "tensors": tensors,
    }
    described = {
        key: {"shape": list(value.shape), "absmax": float(np.abs(value).max()), "noise": noise[key]}
        for key, value in stages.items()
    }
    metadata = {"case": facts, "stages": described, "weights": {}}
    path = GOLDENS / f"{name}.safetensors"
    save_file({key: sample(value) for key, value in stages.items()}, path, {key: json.dumps(value) for key, value in metadata.items()})
    shown = ", ".join(f"{key} {value['shape']} absmax {value['absmax']:.3g} noise {value['noise']:.1g}" for key, value in described.items())
    print(f"{name}: salt {salt} gap {gap} {path.stat().st_size} bytes; {shown}")


def build(of):
    torch.manual_seed(0)
    kind = getattr(heads, of.module, None)
    both = of.end_to_end or getattr(of, "both", False)
    if of.module in ("AnchorDetect", "AnchorSegment"):
        module = build_anchor_based(of)
    elif of.module == "Classify":
        module = kind(of.channels[0], of.classes)
    elif of.module == "Depth":
        module = kind(*of.args, ch=of.channels)
    elif of.module == "RTDETRDecoder":
        module = kind(of.classes, of.channels, *of.args)
    elif of.module in ("v10Detect", "SemanticSegment"):
        module = kind(of.classes, ch=of.channels)
    else:
        if hasattr(of, "legacy"):
            kind = type(of.module, (kind,), {"legacy": True})
        module = kind(of.classes, *of.args, reg_max=of.reg_max, end2end=both, ch=of.channels)
    module.stride = torch.tensor([8.0 * 2**i for i in range(len(of.channels))])
    if isinstance(module, heads.Detect):
        module.end2end = of.end_to_end
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and of.module != "Classify":
            part.eps = 1e-3
    module.eval()
    if hasattr(of, "texts"):
        module.fuse(texts(of))
    if hasattr(of, "fuse"):
        module.fuse()
    return module


def build_anchor_based(of):
    from yolov5.models import yolo

    if of.module == "AnchorDetect":
        return yolo.Detect(of.classes, ANCHORS, of.channels)
    return yolo.Segment(of.classes, ANCHORS, *of.args, ch=of.channels)


def texts(of):
    return torch.from_numpy(fill("input", (1, of.texts, of.args[2])))


def run(module, of, maps):
    """A head whose classes are fixed still looks at the shape of their embeddings."""
    more = [texts(of).to(maps[0].dtype)] if hasattr(of, "texts") else []
    return module([*maps, *more])


def features(of):
    strides = [32] if of.module == "Classify" else [8 * 2**i for i in range(len(of.channels))]
    maps = []
    for i, (stride, channels) in enumerate(zip(strides, of.channels)):
        height, width = (-(-side // stride) for side in of.size)
        values = fill("input", (of.batch, height, width, channels), i)
        maps.append(torch.from_numpy(values).permute(0, 3, 1, 2).contiguous())
    return maps


def refill(module, salt, chosen=lambda name: True):
    for name, tensor in module.state_dict().items():
        if chosen(name) and tensor.is_floating_point() and not name.startswith("dfl."):
            tensor.copy_(torch.from_numpy(fill(AT + name, tuple(tensor.shape), salt if is_salted(name) else 0)))


def is_salted(name):
    return re.search(r"cv3\.\d+\.2\.|score_head", name) is not None


def choose_salt(module, of, maps):
    best = (0, -1.0)
    refill(module, 0)
    for salt in range(SALTS):
        refill(module, salt, chosen=is_salted)
        gap = smallest_gap(module, of, maps)
        if gap > best[1]:
            best = (salt, gap)
    return best


@torch.inference_mode()
def smallest_gap(module, of, maps):
    raw = run(module, of, maps)[1]
    if isinstance(module, heads.RTDETRDecoder):
        _, scores, _, chosen, _ = raw
        best = chosen.max(-1)[0].sigmoid()
        scores = scores[0].sigmoid()
        return min(gap(best, module.num_queries), gap(scores.flatten(1), module.num_queries))
    scores = raw["one2one"]["scores"].sigmoid().permute(0, 2, 1)
    best, order = scores.max(-1)[0].sort(1, descending=True)
    k = min(300, best.shape[1])
    among = scores.gather(1, order[:, :k, None].expand(-1, -1, scores.shape[2])).flatten(1)
    return min(gap(best, k), gap(among, k))


def gap(scores, k):
    ordered = scores.sort(1, descending=True)[0][:, : k + 1]
    return float((ordered[:, :-1] - ordered[:, 1:]).min())


@torch.inference_mode()
def record(module, of, maps):
    """Stage name -> array, and stage name -> [output, columns]."""
    answer = run(module, of, maps)
    stages, columns = {}, {}

    def keep(output, name, value, chosen=None):
        chosen = list(range(value.shape[-1])) if chosen is None else list(chosen)
        stages[name] = value[..., chosen].numpy().copy()
        columns[name] = [output, chosen]

    if of.module == "Classify":
        keep("scores", "scores", answer[0])
    elif of.module == "SemanticSegment":
        keep("logits", "logits", channels_last(answer))
    elif of.module == "Depth":
        keep("depth", "depth", channels_last(answer))
    elif of.module == "RTDETRDecoder":
        boxes = answer[0].clone()
        size = torch.tensor([of.size[1], of.size[0]])
        centre, half = boxes[..., :2] * size, boxes[..., 2:4] * size / 2
        boxes[..., :4] = torch.cat([centre - half, centre + half], -1)
        split(keep, "detections", boxes, 4, 6, of)
    elif of.module.startswith("Anchor"):
        split(keep, "predictions", answer[0], 4, 5 + of.classes, of)
        if of.module == "AnchorSegment":
            keep("protos", "protos", channels_last(answer[1]))
    else:
        first = answer[0]
        if "Segment" in of.module:
            first, protos = first
            keep("protos", "protos", channels_last(protos))
        if of.end_to_end:
            split(keep, "detections", first, 4, 6, of)
        else:
            split(keep, "predictions", first.permute(0, 2, 1), 4, 4 + of.classes, of)
    return stages, columns


def split(keep, output, value, scores, extra, of):
    width = value.shape[-1]
    keep(output, "boxes", value, range(scores))
    if output == "detections":
        keep(output, "score", value, [4])
        keep(output, "class", value, [5])
    else:
        keep(output, "scores", value, range(scores, extra))
    if extra == width:
        return
    if "Pose" in of.module and of.args[0][1] == 3:
        own = range(extra, width)
        keep(output, "points", value, [i for i in own if (i - extra) % 3 < 2])
        keep(output, "visibility", value, [i for i in own if (i - extra) % 3 == 2])
    else:
        keep(output, "extra", value, range(extra, width))


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def sample(value):
    flat = np.ascontiguousarray(value, dtype=np.float32).ravel()
    return np.ascontiguousarray(flat[sample_indices(flat.size)])


if __name__ == "__main__":
    main(sys.argv[1:])
