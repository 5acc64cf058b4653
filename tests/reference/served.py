"""What `inference-models` answers from a network of PyTorch with weights from the formula: pieces of `*_served.py`."""

import json
from pathlib import Path

import numpy as np
import torch
from inference_models.models.common.roboflow.model_packages import parse_inference_config

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens"
IMAGENET = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]


def picture(width=50, height=40):
    """A picture that `models/tests/common/served.rs` draws too, in RGB."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(5 * x) % 256, (6 * y) % 256, (x * y // 4) % 256], -1).astype(np.uint8)


def described(side, **more):
    """`inference_config.json` of a package whose pictures are `side` x `side`, with a gray border."""
    network_input = {
        "training_input_size": {"height": side, "width": side},
        "dynamic_spatial_size_supported": False,
        "color_mode": "rgb",
        "resize_mode": "letterbox",
        "padding_value": 114,
        "input_channels": 3,
        "scaling_factor": 255,
        "normalization": IMAGENET,
    }
    return {"image_pre_processing": {}, "network_input": network_input, "forward_pass": {"static_batch_size": 1}, **more}


def parsed(config, folder, modes):
    path = Path(folder) / "inference_config.json"
    path.write_text(json.dumps(config))
    return parse_inference_config(config_path=str(path), allowed_resize_modes=modes)


def ask(served, network, **options):
    """The answer for the picture, the network being `network`."""
    image = np.ascontiguousarray(picture()[..., ::-1])
    pixels, metadata = served.pre_process(image)
    with torch.inference_mode():
        outputs = network(pixels)
    return served.post_process(outputs, metadata, **options)[0]


def save(family, name, config, answers):
    path = GOLDENS / family / f"{name}.json"
    path.write_text(json.dumps({"inference_config": config, "answers": answers}, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)
