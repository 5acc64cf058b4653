"""Records how torchvision, timm and transformers prepare the lent pictures for classifiers.

    python tests/reference/classification_transforms.py SHARED

Writes `models/tests/goldens/classification/transforms.json`: for each way its description, and for each picture

    hash     FNV-1a of the words of the input, f32, channels last (where the resize is Pillow's and the arithmetic torchvision's)
    samples  elements of the input that `formula.sample_indices` names
"""

import json
import sys
from pathlib import Path

import numpy as np
import timm.data
import torch
import torchvision.transforms as T
from PIL import Image
from torchvision.models import ResNet18_Weights, ResNet50_Weights, ViT_B_16_Weights
from transformers import BitImageProcessor, ConvNextImageProcessor, ViTImageProcessor
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from formula import sample_indices

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/classification/transforms.json"
PICTURES = ["bus.jpg", "chelsea.png", "n02112018_Pomeranian.JPEG", "text.png"]
SAMPLES = 48

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
TIMM = [
    {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center"},
    {"input_size": [3, 224, 224], "interpolation": "bilinear", "crop_pct": 0.875, "crop_mode": "center"},
    {"input_size": [3, 160, 160], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "squash", "mean": [0.5] * 3, "std": [0.5] * 3},
]
PROCESSORS = [
    (ViTImageProcessor, ViTImageProcessorPil, {"size": {"height": 224, "width": 224}, "resample": 2}),
    (ViTImageProcessor, ViTImageProcessorPil, {"size": {"height": 384, "width": 384}, "resample": 3, **IMAGENET}),
    (ConvNextImageProcessor, ConvNextImageProcessorPil, {"size": {"shortest_edge": 224}, "crop_pct": 0.875, "resample": 3, **IMAGENET}),
    (ConvNextImageProcessor, ConvNextImageProcessorPil, {"size": {"shortest_edge": 384}, "resample": 3, **IMAGENET}),
    (
        BitImageProcessor,
        BitImageProcessorPil,
        {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "resample": 3, **IMAGENET},
    ),
]


def main(shared):
    pictures = {name: Image.open(Path(shared) / "images" / name).convert("RGB") for name in PICTURES}
    rows = []
    for weights in [ResNet18_Weights.IMAGENET1K_V1, ResNet50_Weights.IMAGENET1K_V2, ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1]:
        apply = weights.transforms()
        filters = {"bilinear": "bilinear", "bicubic": "bicubic"}
        said = {"edge": apply.resize_size[0], "side": apply.crop_size[0], "filter": filters[apply.interpolation.value]}
        rows.append({"whose": "torchvision", "said": said, "pictures": record(pictures, apply)})
    for said in TIMM:
        config = timm.data.resolve_data_config(pretrained_cfg=said)
        apply = timm.data.create_transform(**config, is_training=False)
        rows.append({"whose": "timm", "said": {"pretrained_cfg": said}, "pictures": record(pictures, apply)})
    for default, pil, said in PROCESSORS:
        said = {**said, "image_processor_type": default.__name__}
        settings = {key: value for key, value in said.items() if key != "image_processor_type"}
        for whose, kind in [("transformers", default), ("transformers, pil", pil)]:
            one = kind(**settings)
            apply = lambda picture: torch.as_tensor(one(picture, return_tensors="pt")["pixel_values"][0])
            rows.append({"whose": whose, "said": said, "pictures": record(pictures, apply)})
    GOLDENS.parent.mkdir(parents=True, exist_ok=True)
    GOLDENS.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(GOLDENS.stat().st_size, "bytes")


def record(pictures, apply):
    found = {}
    for name, picture in pictures.items():
        values = np.ascontiguousarray(apply(picture).permute(1, 2, 0).numpy(), dtype=np.float32)
        samples = values.ravel()[sample_indices(values.size, SAMPLES)]
        found[name] = {"shape": list(values.shape), "hash": f"{fnv1a64(values.tobytes()):016x}", "samples": [float(f"{v:.7g}") for v in samples]}
    return found


def fnv1a64(data):
    """FNV-1a of words of 4 bytes."""
    value = 0xCBF29CE484222325
    for word in np.frombuffer(data, dtype="<u4").tolist():
        value = ((value ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


if __name__ == "__main__":
    main(sys.argv[1])
