"""The classifiers of torchvision, timm and transformers by row, filled by the formula under this project's names."""

import dataclasses
import re
from collections.abc import Callable

import timm
import torch
import torchvision

from formula import fill

TORCHVISION = [
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
]
TIMM = ["resnet26", "resnet200", "resnext101_32x4d"]


@dataclasses.dataclass
class Case:
    family: str
    name: str
    row: str
    library: str
    build: Callable
    record: Callable
    rename: Callable
    size: tuple = (64, 96)
    batch: int = 1

    def fill(self, model):
        """Fills the model; the tensors that inference needs, under this project's names, with their shapes."""
        state, shapes = {}, {}
        for name, tensor in model.state_dict().items():
            parts = self.rename(name, tensor)
            if parts is None or not tensor.is_floating_point():
                state[name] = tensor
                continue
            filled = [torch.from_numpy(fill(part, shape)) for part, shape in parts]
            state[name] = torch.cat(filled).reshape(tensor.shape)
            shapes.update(parts)
        model.load_state_dict(state, strict=True)
        return shapes


def same(name, tensor):
    return [(name, tuple(tensor.shape))]


def channels_last(value):
    return value.permute(0, 2, 3, 1).numpy()


def record_resnet(model, image):
    """torchvision's and timm's modules have the same names."""
    stages = {}
    x = model.maxpool((model.relu if hasattr(model, "relu") else model.act1)(model.bn1(model.conv1(image))))
    stages["stem"] = channels_last(x)
    for i in range(1, 5):
        x = getattr(model, f"layer{i}")(x)
        stages[f"layer{i}"] = channels_last(x)
    stages["features"] = x.mean((2, 3)).numpy()
    stages["logits"] = model(image).numpy()
    return stages


def resnets():
    for row in TORCHVISION:
        build = lambda row=row: torchvision.models.get_model(row, weights=None, num_classes=10)
        yield Case("resnet", row, row, "torchvision", build, record_resnet, same)
    for row in TIMM:
        build = lambda row=row: timm.create_model(row, pretrained=False, num_classes=10)
        yield Case("resnet", row, row, "timm", build, record_resnet, same)


CASES = [*resnets()]
