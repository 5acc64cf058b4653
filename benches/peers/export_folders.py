"""Writes classifiers, embedders and depth networks with random weights, which the time does not depend on, for every peer.

    python benches/peers/export_folders.py [out/peers] [resnet50 vit-b16 clip-vit-b32 depth-anything-v2-small]

`NAME/` is a folder as the Hugging Face hub has it, `NAME.onnx` the same network for the other peers. Of CLIP it is the
image tower.
"""

import argparse
from pathlib import Path

import torch
import transformers as hf

ROOT = Path(__file__).resolve().parents[2]
LABELS = {"num_labels": 1000}
DINOV2_SMALL = {
    "hidden_size": 384, "num_attention_heads": 6, "image_size": 518, "patch_size": 14, "reshape_hidden_states": False,
    "out_indices": [3, 6, 9, 12], "apply_layernorm": True,
}

MODELS = {
    "resnet50": (224, lambda: hf.ResNetForImageClassification(hf.ResNetConfig(**LABELS))),
    "vit-b16": (224, lambda: hf.ViTForImageClassification(hf.ViTConfig(**LABELS))),
    "clip-vit-b32": (224, lambda: hf.CLIPVisionModelWithProjection(hf.CLIPVisionConfig())),
    "depth-anything-v2-small": (518, lambda: hf.DepthAnythingForDepthEstimation(hf.DepthAnythingConfig(
        backbone_config=hf.Dinov2Config(**DINOV2_SMALL), neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64, reassemble_hidden_size=384))),
}


class Only(torch.nn.Module):
    """A network of a picture to its first result."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixel_values):
        return self.network(pixel_values=pixel_values, return_dict=True)[0]


def main(out, names):
    for name in names:
        side, make = MODELS[name]
        torch.manual_seed(0)
        network = make().eval()
        # A network that is born with normalisation of nothing can be folded to less than a trained one.
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
                torch.nn.init.normal_(module.running_mean)
        network.save_pretrained(out / name)
        image = torch.rand(1, 3, side, side)
        torch.onnx.export(Only(network), (image,), f"{out / name}.onnx", input_names=["image"], dynamo=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "out/peers")
    parser.add_argument("names", nargs="*", default=list(MODELS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    main(options.out, options.names)
