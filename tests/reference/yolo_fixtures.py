"""Checkpoints that hold yamls as `ultralytics` and the `yolov5` repository pickle them: small networks of our own.

    python tests/reference/yolo_fixtures.py

Writes models/tests/fixtures/yolo/yamls.pt, a dict of yaml dicts by name, beside a tensor.
"""

from pathlib import Path

import torch

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


def but(yaml, **changes):
    """The same with other entries; `None` leaves one out."""
    return {key: value for key, value in {**yaml, **changes}.items() if value is not None}


YAMLS = {
    "scaled": SCALED,
    "first-scale": but(SCALED, scale=None),
    "repository": REPOSITORY,
    "classifier": CLASSIFIER,
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


if __name__ == "__main__":
    main()
