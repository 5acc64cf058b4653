"""Stage-by-stage samples of the networks of `ultralytics` and of the repositories `yolov5` and `yolov7`, with weights from the formula.

    python tests/reference/yolo_stages.py [yaml ...]

Writes models/tests/goldens/yolo/YAML.safetensors, one tensor of samples for each scale, and in its metadata `cases`, by the
scale's name:

    image    n h w
    layers   count and hash (`formula.names_hash`) of what the layers before the head need of the state dict
    norms    one letter for each batch norm of those layers, in the order of their names: `running_var` is the formula's times
             2^(letter - m), so that values keep their magnitude through the network
    head     tensors of the head: name (below the head's place) and shape; `unit NAME` is the weight of NAME.conv and implies
             NAME.bn with the letter that follows
    texts    name and shape of the embeddings of the classes' names, of networks that answer texts
    stages   name, shape and largest magnitude of each; its samples follow those of the stage before

Stages are the outputs of all layers but the head, channels last, named by the layer's number (`10.0`, `10.1`, .. where there
are several), of ImagePoolingAttn the embeddings `[n, classes, 512]`, then what the head answers: `boxes`, `scores` and `extra` are columns of the predictions (of detections without
suppression, `best` are their scores, best first), `protos`, `logits` and `depth` are channels last.
"""

import json
import math
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

import yolo_models
from formula import fill, names_hash, sample_indices
from yolo_models import build, is_table, refill, set_texts

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/yolo"
SAMPLES = 16
# Networks so deep that the rounding of f32 grows to the tolerance of the tests, unless activations are nearly linear.
CALM = {"yolov5x6": 2, "yolov5x6u": 2}
BATCHES = {"yolov8n": 2, "yolo11n-seg": 2, "yolo12n": 2, "yolov10n": 2}


def main(wanted):
    GOLDENS.mkdir(parents=True, exist_ok=True)
    skip_initialisation()
    for stem in yolo_models.stems():
        if not wanted or stem in wanted:
            write(stem)


def skip_initialisation():
    """Every weight is filled later."""
    for name in ("kaiming_uniform_", "uniform_", "kaiming_normal_", "trunc_normal_", "normal_"):
        setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)


def write(stem):
    start = time.time()
    cases, tensors = {}, {}
    for name, config in yolo_models.scales(stem).items():
        cases[name], tensors[name] = one(name, config)
    path = GOLDENS / f"{stem}.safetensors"
    save_file(tensors, path, metadata={"cases": json.dumps(cases, separators=(",", ":"))})
    print(f"{stem}: {path.stat().st_size} bytes, {time.time() - start:.0f} s", flush=True)


@torch.inference_mode()
def one(name, config):
    model = build(config)
    refill(model)
    texts = set_texts(model)
    shape = (BATCHES.get(name, 1), *size_of(name))
    image = torch.from_numpy(fill("input", (*shape, 3))).permute(0, 3, 1, 2).contiguous()
    head = len(model.model) - 1
    letters = normalise(model, image, CALM.get(name, 0))
    stages = record(model, image)

    state = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    at = f"model.{head}."
    layers = {key: tuple(value.shape) for key, value in state.items() if not key.startswith(at)}
    norms = sorted(key for key in layers if key.endswith(".running_var"))
    case = {
        "image": shape,
        "layers": [len(layers), f"{names_hash(layers):016x}"],
        "norms": "".join(letters[key] for key in norms),
        "head": listing({key[len(at) :]: value for key, value in state.items() if key.startswith(at)}, letters, at),
        **({"texts": texts} if texts else {}),
        "stages": [[key, list(value.shape), float(np.abs(value).max())] for key, value in stages.items()],
    }
    largest = max(stages.values(), key=lambda value: np.abs(value).max())
    smallest = min((float(value.std()), key) for key, value in stages.items() if value.size > 8)
    print(f"    {name}: {len(stages)} stages, largest {np.abs(largest).max():.3g}, smallest deviation {smallest}", flush=True)
    return case, np.concatenate([sample(value) for value in stages.values()])


def size_of(name):
    """A multiple of the largest stride; a decoder takes its 300 queries from as many places at least."""
    if "rtdetr" in name:
        return 160, 128
    return (128, 64) if "6" in name.replace("26", "") else (96, 64)


def normalise(model, image, calm=0):
    """Multiplies the variances of batch norms by powers of two that make the squares of their outputs about 2^-calm; the
    letters they stand for."""
    letters = {}

    def scale(name):
        def hook(norm, args):
            power = round(math.log2(max(float(args[0].square().mean()), 1e-6))) + calm
            norm.running_var.mul_(2.0**power)
            letters[name] = chr(ord("m") + power)

        return hook

    norms = [(name, part) for name, part in model.named_modules() if isinstance(part, torch.nn.BatchNorm2d)]
    # those before a comparison with texts are no part of a unit
    norms = [(name, part) for name, part in norms if not name.endswith(".norm")]
    hooks = [part.register_forward_pre_hook(scale(f"{name}.running_var")) for name, part in norms]
    model(image)
    for hook in hooks:
        hook.remove()
    return letters


def listing(state, letters, at):
    """The head's tensors, each a line."""
    lines = []
    for name, value in state.items():
        extents = "x".join(str(extent) for extent in value.shape)
        unit = name.removesuffix(".conv.weight")
        norm = f"{unit}.bn.running_var"
        if re.search(r"(^|\.)bn\.\w+$", name):
            continue
        if unit != name and norm in state:
            lines.append(f"unit {unit} {extents} {letters.get(at + norm, 'm')}")
        elif not is_table(name) or name.endswith("anchors"):
            lines.append(f"{name} {extents}")
    return ";".join(lines)


def record(model, image):
    stages = {}
    for index, layer in enumerate(model.model[:-1]):
        layer.register_forward_hook(keep(stages, index))
    stages.update(answers(model, model(image)))
    return {key: np.ascontiguousarray(value.numpy()) for key, value in stages.items()}


def keep(stages, index):
    def hook(_, __, output):
        maps = output if isinstance(output, (tuple, list)) else [output]
        for i, value in enumerate(maps):
            stages[f"{index}.{i}" if len(maps) > 1 or index_splits(output) else str(index)] = last(value).clone()

    return hook


def index_splits(output):
    return isinstance(output, (tuple, list))


def last(value):
    """Channels last."""
    return value.permute(0, 2, 3, 1) if value.ndim == 4 else value


def answers(model, output):
    """What the head answers, as the heads of this project put it out."""
    head = model.model[-1]
    kind = type(head).__name__
    if kind == "Classify":
        return {"scores": output[0] if isinstance(output, tuple) else output.softmax(1)}
    if kind == "Depth":
        return {"depth": last(output)}
    if kind == "SemanticSegment":
        return {"logits": last(output)}
    if kind == "RTDETRDecoder":
        return {}  # which queries it takes hangs on near ties; its own golden files have chosen weights
    anchors = hasattr(head, "anchor_grid")
    found = output[0]
    protos = {}
    if "Segment" in kind:
        if anchors:
            protos = {"protos": last(output[1][1] if isinstance(output[1], tuple) else output[1])}
        else:
            found, prototypes = found if isinstance(found, tuple) else (found, output[1]["proto"])
            protos = {"protos": last(prototypes)}
    if getattr(head, "end2end", False):
        return {"best": found[:, :, 4], **protos}
    rows = found if anchors else found.transpose(1, 2)
    first = 5 if anchors else 4
    parts = {"boxes": rows[:, :, :first], "scores": rows[:, :, first : first + head.nc], "extra": rows[:, :, first + head.nc :]}
    return {**{key: value for key, value in parts.items() if value.shape[2]}, **protos}


def sample(value):
    flat = value.ravel()
    return np.ascontiguousarray(flat[sample_indices(flat.size, SAMPLES)], dtype=np.float32)


if __name__ == "__main__":
    main(sys.argv[1:])
