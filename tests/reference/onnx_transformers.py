"""Writes small vision transformers as ONNX, and what onnxruntime makes of a picture.

    python tests/reference/onnx_transformers.py

Networks of transformers, timm and torchvision with random weights, by both exporters of PyTorch and two optimisers, to
`models/tests/fixtures/onnx`. `expected.json` has for each file its family, the task, what a package says of the encoder,
and the scores or the vector (`answer`) for the picture of `picture()`.
"""

import json
import pathlib
import warnings

import numpy
import onnx
import onnxruntime
import onnxsim
import onnxslim
import timm
import torch
import torchvision
import transformers
from torch import nn

from onnx_fixtures import stripped

FOLDER = pathlib.Path(__file__).parents[2] / "models" / "tests" / "fixtures" / "onnx"
SIDE, PATCH, WIDTH, HEADS, CLASSES = 20, 4, 16, 4, 3
SIZES = dict(hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS, image_size=SIDE, patch_size=PATCH)
TIMM = dict(embed_dim=WIDTH, depth=2, num_heads=HEADS, img_size=SIDE, patch_size=PATCH)


class Probe(nn.Module):
    """As upstream's `DinoV3Model`: the encoder's method is called, not the encoder."""

    def __init__(self):
        super().__init__()
        self.backbone = timm.create_model("vit_small_patch16_dinov3", pretrained=False, **TIMM)
        self.linear_layer = nn.Linear(self.backbone.embed_dim, CLASSES)

    def forward(self, x):
        return self.linear_layer(self.backbone.forward_features(x)[:, 0])


class Scores(nn.Module):
    """With the last step of a package whose scores come from the network."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).softmax(-1)


def torchvision_vit():
    return torchvision.models.VisionTransformer(SIDE, PATCH, 2, HEADS, WIDTH, 32, num_classes=CLASSES)


def timm_vit():
    return timm.create_model("vit_tiny_patch16_224", num_classes=CLASSES, mlp_ratio=2, **TIMM)


def hf_vit():
    return transformers.ViTForImageClassification(transformers.ViTConfig(intermediate_size=32, num_labels=CLASSES, **SIZES))


def hf_dinov2():
    return transformers.Dinov2ForImageClassification(transformers.Dinov2Config(mlp_ratio=2, num_labels=CLASSES, **SIZES))


def timm_dinov2():
    return timm.create_model("vit_small_patch14_reg4_dinov2", mlp_ratio=2, **TIMM)


VIT = {"model_type": "vit", "num_attention_heads": HEADS}
DINOV2 = {"model_type": "dinov2", "num_attention_heads": HEADS}
DINOV3 = {"model_type": "dinov3_vit", "num_attention_heads": HEADS}
# Family, what a package says of the encoder, the network, and how it is written.
CASES = {
    "vit-transformers": ("vit", VIT, hf_vit, ["script", "dynamo", "batch", "slim"]),
    "vit-timm": ("vit", {**VIT, "layer_norm_eps": 1e-6}, timm_vit, ["script"]),
    "vit-torchvision": ("vit", {**VIT, "layer_norm_eps": 1e-6}, torchvision_vit, ["script"]),
    "vit-fused": ("vit", {**VIT, "layer_norm_eps": 1e-6}, lambda: Scores(timm_vit()), ["script"]),
    "dinov2-transformers": ("dinov2", DINOV2, hf_dinov2, ["script", "dynamo", "sim"]),
    "dinov2-timm": ("dinov2", DINOV2, timm_dinov2, ["script", "dynamo"]),
    "dinov3_probe": ("dinov3_probe", DINOV3, Probe, ["script", "dynamo", "sim"]),
}


def randomise(model):
    generator = torch.Generator().manual_seed(0)
    for name, tensor in model.named_parameters():
        factor = 1.0 if name.endswith(("norm.weight", "gamma")) else 0.3
        tensor.data = torch.randn(tensor.shape, generator=generator) * factor
    return model.eval()


def picture():
    """RGB bytes, row by row."""
    i = numpy.arange(SIDE * SIDE * 3)
    return ((i * 37 + i * i % 101) % 256).astype(numpy.uint8).reshape(SIDE, SIDE, 3)


def pixels():
    """The same as a package with the mean 0.5 and the deviation 0.5 prepares it."""
    return (picture().transpose(2, 0, 1)[None].astype(numpy.float32) / 255 - 0.5) / 0.5


def export(model, how):
    path = FOLDER / "exported.onnx"
    image = torch.from_numpy(pixels())
    names = dict(input_names=["images"], output_names=["answer"])
    if how == "dynamo":
        torch.onnx.export(model, (image,), path, dynamo=True, external_data=False, verbose=False, **names)
    else:
        axes = {"images": {0: "batch"}} if how == "batch" else None
        torch.onnx.export(model, (image,), path, dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    exported = onnx.load(path)
    path.unlink()
    if how == "sim":
        exported, sound = onnxsim.simplify(exported)
        assert sound
    if how == "slim":
        exported = onnxslim.slim(exported)
    return stripped(exported)


def answer(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": pixels()})[0][0]


def softmax(logits):
    shares = numpy.exp(logits - logits.max())
    return shares / shares.sum()


def main():
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, (family, encoder, build, ways) in CASES.items():
        model = randomise(build())
        for how in ways:
            path = FOLDER / f"{name}-{how}.onnx"
            onnx.save(export(model, how), path)
            found = answer(path)
            embeds = found.size == WIDTH or found.ndim == 2
            if embeds:
                found = found.reshape(-1, WIDTH)[0]
            elif name != "vit-fused":
                found = softmax(found)
            task = "embedding" if embeds else "classification"
            fused = name == "vit-fused"
            rows.append({"file": path.name, "family": family, "task": task, "fused": fused, "encoder": encoder, "answer": found.tolist()})
            print(path.name, path.stat().st_size, found[:3])
    (FOLDER / "expected.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")


if __name__ == "__main__":
    main()
