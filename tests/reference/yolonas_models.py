"""YOLO-NAS of `super-gradients` 3.7.1 by variant, for inference.

The library pins versions that no longer install; unpacked (`pip download --no-deps`, `unzip`) it is enough for the networks:
its folder is in the environment as SUPER_GRADIENTS.
"""

import os
import sys

import cv2  # noqa: F401
import omegaconf  # noqa: F401
import scipy  # noqa: F401
import torch
import torch.onnx
import torchvision  # noqa: F401
import yaml
from PIL import Image  # noqa: F401

import stubs

FOLDER = os.environ["SUPER_GRADIENTS"]
NAME = "super_gradients"
HOLLOW = [
    "common.sg_loggers",
    "common.abstractions.abstract_logger",
    "training.utils.callbacks",
    "training.utils.early_stopping",
    "training.utils.pose_estimation",
    "training.utils.media",
    "training.utils.media.image",
    "training.utils.predict",
    "training.pipelines",
    "training.pipelines.pipelines",
    "training.processing",
    "training.processing.processing",
]
BARE = ["", ".common", ".training", ".training.models", ".training.models.detection_models", ".training.datasets"]

sys.path.insert(0, FOLDER)
with stubs.hollow(NAME, [f"{NAME}.{part}" for part in HOLLOW] + ["torch.utils.tensorboard"]):
    stubs.without_init(FOLDER, *(NAME + part for part in BARE))
    from super_gradients.common.data_types import UpsampleMode

    sys.modules[f"{NAME}.common"].UpsampleMode = UpsampleMode
    from super_gradients.training.models.detection_models.yolo_nas.yolo_nas_variants import YoloNAS
    import super_gradients.training.models.detection_models.csp_darknet53  # noqa: F401


def build(letter, classes=80):
    """`s`, `m` or `l`, as its recipe describes it."""
    with open(f"{FOLDER}/{NAME}/recipes/arch_params/yolo_nas_{letter}_arch_params.yaml") as file:
        recipe = yaml.safe_load(file)
    recipe.pop("_convert_", None)
    recipe["bn_eps"] = float(recipe["bn_eps"])
    model = YoloNAS(**{**recipe, "num_classes": classes}).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


if __name__ == "__main__":
    for letter in "sml":
        model = build(letter)
        print(letter, sum(value.numel() for value in model.parameters()), [tuple(value.shape) for value in model(torch.zeros(1, 3, 64, 64))[0]])
