"""Checkpoints that hold yamls as `ultralytics` and the `yolov5` repository pickle them: small networks of our own.

    python tests/reference/yolo_fixtures.py

Writes in models/tests/fixtures/yolo:

    yamls.pt   a dict of yaml dicts by name, beside a tensor
    world.pt   a small network with an open vocabulary, pickled with embeddings of fewer names than its yaml has classes, and
               what it answers to the input of the formula
"""

from pathlib import Path

import torch
from ultralytics.nn.tasks import WorldModel

from formula import fill

FIXTURES = Path(__file__).resolve().parents[2] / "models/tests/fixtures/yolo"

SCALED = {
    "nc": 7,
    "activation": "nn.LeakyReLU(0.1)",
    "scales": {"a": [0.5, 0.25, 64], "b": [1, 2.0, 1024]},
    "scale": "b",
    "end2end": True,
    "reg_max": 1,
    "kpt_shape": [5, 2],
    "channels": 4,
    "backbone": [[-1, 1, "Conv", [16, 3, 2]], [-1, 3, "C2f", [32, True]]],
    "head": [
        [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
        [[-1, 0], 1, "ultralytics.nn.modules.Concat", ["1"]],
        [[2, 3], 1, "Pose26", ["nc", "kpt_shape"]],
    ],
}
REPOSITORY = {
    "nc": 3,
    "depth_multiple": 0.33,
    "width_multiple": 0.25,
    "anchors": [[10, 13, 16, 30], [30, 61, 62, 45]],
    "backbone": [[-1, 1, "Conv", [64, 6, 2, 2]], [-1, 3, "C3", [128, "False"]]],
    "head": [[[0, 1], 1, "Detect", ["nc", "anchors"]]],
    "ch": 3,
}
CLASSIFIER = {"nc": 10, "backbone": [[-1, 1, "Conv", [64, 3, 2]]], "head": [[-1, 1, "Classify", ["nc"]]]}
# Modules that no yaml of the release names.
MODULES = {
    "nc": 3,
    "backbone": [
        [-1, 1, "Focus", [16, 3]],
        [-1, 2, "C1", [16]],
        [-1, 1, "DWConv", [32, 3, 2]],
        [-1, 2, "BottleneckCSP", [32]],
        [-1, 1, "GhostBottleneck", [48, 3, 2]],
        [-1, 2, "C3TR", [64]],
        [-1, 2, "C2fPSA", [64]],
        [-1, 2, "GhostBottleneck", [64]],
        [-1, 1, "Conv", [64, 3, 2, None, 4, 2, False]],
        [-1, 2, "C3k2", [64, False, 0.5, False, 2, False]],
        [-1, 1, "C3", [64, True, 2, 0.25]],
        [-1, 1, "CBLinear", [[64, 24], 3, 2]],
    ],
    "head": [
        [[11, 7], 1, "CBFuse", [[0]]],
        [[3, 8], 1, "Detect", ["nc"]],
    ],
}

WORLD = {
    "nc": 7,
    "reg_max": 1,
    "backbone": [[-1, 1, "Conv", [8, 3, 2]], [-1, 1, "Conv", [8, 3, 2]], [-1, 1, "Conv", [16, 3, 2]]],
    "head": [[-1, 1, "C2fAttn", [16, 8, 2]], [[3], 1, "WorldDetect", ["nc", 512, False]]],
}
NAMES = ["a dog", "a bus", "a tree"]


def but(yaml, **changes):
    """The same with other entries; `None` leaves one out."""
    return {key: value for key, value in {**yaml, **changes}.items() if value is not None}


YAMLS = {
    "scaled": SCALED,
    "first-scale": but(SCALED, scale=None),
    "repository": REPOSITORY,
    "classifier": CLASSIFIER,
    "modules": MODULES,
    "bad no nc": but(CLASSIFIER, nc=None),
    "bad nc": but(CLASSIFIER, nc=-4),
    "bad huge nc": but(CLASSIFIER, nc=10**30),
    "bad no head": but(CLASSIFIER, head=None),
    "bad empty": but(CLASSIFIER, backbone=[], head=[]),
    "bad long": but(CLASSIFIER, backbone=CLASSIFIER["backbone"] * 513),
    "bad line": but(CLASSIFIER, head=[[-1, 1, "Classify"]]),
    "bad from": but(CLASSIFIER, head=[["x", 1, "Classify", ["nc"]]]),
    "bad repeats": but(CLASSIFIER, head=[[-1, -1, "Classify", ["nc"]]]),
    "bad module": but(CLASSIFIER, head=[[-1, 1, 5, ["nc"]]]),
    "bad argument": but(CLASSIFIER, head=[[-1, 1, "Classify", [{}]]]),
    "bad nested": but(CLASSIFIER, head=[[-1, 1, "Classify", [[[[[1]]]]]]]),
    "bad scale": but(SCALED, scale="z"),
    "bad scales": but(SCALED, scales={"b": [1, 2]}),
    "bad width": but(REPOSITORY, width_multiple=-1.0),
    "bad key points": but(SCALED, kpt_shape=[17, 9]),
    "bad anchors": but(REPOSITORY, anchors="anchors"),
}


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    torch.save({"yamls": YAMLS, "tensor": torch.zeros(1)}, FIXTURES / "yamls.pt")
    torch.save(world(), FIXTURES / "world.pt")


@torch.no_grad()
def world():
    torch.manual_seed(0)
    model = WorldModel(WORLD, ch=3, nc=WORLD["nc"], verbose=False).half().float().eval()
    model.txt_feats = torch.nn.functional.normalize(torch.randn(1, len(NAMES), 512), dim=-1)
    model.model[-1].nc = len(NAMES)
    model.names = NAMES
    image = torch.from_numpy(fill("input", (1, 64, 64, 3))).permute(0, 3, 1, 2)
    answer = model(image)[0].transpose(1, 2).contiguous()
    model.args = {"imgsz": 64, "task": "detect"}
    return {"model": None, "ema": model.half(), "train_args": model.args, "answer": answer}


if __name__ == "__main__":
    main()
