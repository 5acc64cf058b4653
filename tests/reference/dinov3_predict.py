"""Records what DINOv3 of `transformers` and timm, and upstream's probes, make of the lent pictures, from file to answer.

    python tests/reference/dinov3_predict.py SHARED

Writes `models/tests/goldens/classification/dinov3.json`, rows as `classification_predict.py` writes them.
"""

import json
import sys
import tempfile
from pathlib import Path

import timm
import torch
import transformers
from PIL import Image
from inference_models.models.dinov3 import dinov3_classification_torch as upstream

import classification_predict as predict
from classification_models import Case
from dinov3_stages import names_of_timm, names_of_transformers


def filled(model, rename, spelled=lambda name: name):
    Case("", "", "", "", None, None, rename).fill(model)
    state = [(name, tensor, rename(name, tensor)) for name, tensor in model.state_dict().items()]
    return [[spelled(name), parts[0][0], list(tensor.shape)] for name, tensor, parts in state if parts]


def by_transformers(pictures):
    config = transformers.DINOv3ViTConfig(hidden_size=128, num_hidden_layers=3, num_attention_heads=4, intermediate_size=256, num_register_tokens=4, use_gated_mlp=True, hidden_act="silu", layer_norm_eps=1e-6, rope_theta=50.0)
    model = transformers.DINOv3ViTModel(config).eval()
    tensors = filled(model, names_of_transformers, lambda name: name.removeprefix("model."))
    processor = transformers.DINOv3ViTImageProcessor()
    found = predict.answers(pictures, lambda picture: model(processor(picture, return_tensors="pt")["pixel_values"]).pooler_output)
    said = json.loads(config.to_json_string(use_diff=False))
    keys = ["model_type", "hidden_act", "layer_norm_eps", "num_attention_heads", "rope_theta", "rope_parameters"]
    said = {"architectures": ["DINOv3ViTModel"], **{key: said[key] for key in keys if key in said}}
    prepared = json.loads(processor.to_json_string())
    return predict.row("transformers dinov3", "dinov3", "embedding", tensors, found, config=said, preprocessor=prepared)


def by_timm(pictures):
    name = "vit_tiny_patch16_dinov3_qkvb"
    model = timm.create_model(name, pretrained=False, num_classes=0).eval()
    tensors = filled(model, names_of_timm)
    said = {"input_size": [3, 128, 128], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "center"}
    transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=said), is_training=False)
    found = predict.answers(pictures, lambda picture: model.forward_features(transform(picture)[None])[:, 0])
    config = {"architecture": name, "num_classes": 0, "pretrained_cfg": said}
    return predict.row("timm dinov3", "dinov3", "embedding", tensors, found, config=config)


def probe(pictures, mode, post):
    name = "vit_small_patch16_dinov3.lvd1689m"
    model = upstream.DinoV3Model(num_classes=3, model_name=name)
    tensors = filled(model, names_of_timm)
    said = predict.inference_config(mode, post, num_classes=3, model_name=name)
    softmax = post == "softmax"
    kind = upstream.DinoV3ForClassificationTorch if softmax else upstream.DinoV3ForMultiLabelClassificationTorch
    with tempfile.TemporaryDirectory() as folder:
        torch.save(model.state_dict(), f"{folder}/weights.pth")
        return predict.of_package(pictures, "dinov3_probe", post, kind, folder, said, tensors)


def main(shared):
    pictures = {name: Image.open(Path(shared) / "images" / name).convert("RGB") for name in predict.PICTURES}
    rows = [by_transformers(pictures), by_timm(pictures), probe(pictures, "stretch", "softmax"), probe(pictures, "letterbox", "sigmoid")]
    path = predict.GOLDENS / "dinov3.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1])
