"""The Depth Anything models by row: those of `transformers` and upstream, of which deeper ones than twelve layers are cut to
four (the third version: to six), and those of the authors' code, which are whole and bring their own sizes."""

import sys
from pathlib import Path

import torch
import transformers
import yaml
from inference_models.models.depth_anything_v3.architecture import DepthAnything3Net, dinov2

# Width, layers, heads, and after which layers the neck takes the tokens.
LAYERS = {
    "small": (384, 12, 6, [3, 6, 9, 12]),
    "base": (768, 12, 12, [3, 6, 9, 12]),
    "large": (1024, 4, 16, [1, 2, 3, 4]),
    "giant": (1536, 4, 24, [1, 2, 3, 4]),
}
NECKS = {
    "small": ([48, 96, 192, 384], 64),
    "base": ([96, 192, 384, 768], 128),
    "large": ([256, 512, 1024, 1024], 256),
    "giant": ([1536, 1536, 1536, 1536], 384),
}
# Encoder, layers, after which (counted from 0) the head takes tokens, and from which on there are norms and rotations.
THIRD = {
    "small": ("vits", 12, [5, 7, 9, 11], 4),
    "base": ("vitb", 12, [5, 7, 9, 11], 4),
    "large": ("vitl", 6, [2, 3, 4, 5], 2),
    "giant": ("vitg", 6, [2, 3, 4, 5], 3),
}


def config_of(row, **more):
    width, depth, heads, layers = LAYERS[row]
    channels, joined = NECKS[row]
    encoder = transformers.Dinov2Config(
        hidden_size=width, num_hidden_layers=depth, num_attention_heads=heads, use_swiglu_ffn=row == "giant",
        image_size=518, patch_size=14, out_indices=layers, reshape_hidden_states=False,
    )
    sizes = dict(reassemble_hidden_size=width, neck_hidden_sizes=channels, fusion_hidden_size=joined)
    return transformers.DepthAnythingConfig(backbone_config=encoder, **sizes, **more)


def hugging_face(row, **more):
    return transformers.DepthAnythingForDepthEstimation(config_of(row, **more)).eval()


def authors(checkout, metric, row="small"):
    """The authors' code, relative or metric up to 20 metres."""
    for name in [name for name in sys.modules if name.split(".")[0] == "depth_anything_v2"]:
        del sys.modules[name]
    sys.path.insert(0, f"{checkout}/metric_depth" if metric else checkout)
    try:
        from depth_anything_v2.dpt import DepthAnythingV2
    finally:
        sys.path.pop(0)
    more = {"max_depth": 20.0} if metric else {}
    channels, joined = NECKS[row]
    return DepthAnythingV2(encoder=f"vit{row[0]}", features=joined, out_channels=channels, **more).eval()


def gated(checkout):
    """The feed-forward part of the giant encoder."""
    sys.path.insert(0, checkout)
    try:
        from depth_anything_v2.dinov2_layers.swiglu_ffn import SwiGLUFFNFused
    finally:
        sys.path.pop(0)
    return SwiGLUFFNFused


def build_third(row, checkout=None):
    name, depth, layers, start = THIRD[row]
    usual, plain = dinov2.vit_base, dinov2.Mlp
    if name in ["vitl", "vitg"]:  # rows of the authors' that upstream's table lacks
        width, _, heads, _ = LAYERS[row]
        sizes = dict(embed_dim=width, depth=depth, num_heads=heads, mlp_ratio=4)
        dinov2.vit_base = lambda **more: dinov2.DinoVisionTransformer(**sizes, **more)
        dinov2.Mlp = gated(checkout) if name == "vitg" else plain
        name = "vitb"
    channels, joined = NECKS["large" if row == "giant" else row]
    width = LAYERS[row][0]
    net = DepthAnything3Net(
        backbone_name=name, out_layers=layers, alt_start=start, qknorm_start=start, rope_start=start, cat_token=True,
        head_dim_in=2 * width, head_output_dim=2, head_features=joined, head_out_channels=channels,
    )
    dinov2.vit_base, dinov2.Mlp = usual, plain
    forward = net.forward
    net.forward = lambda image: forward(image[:, None] if image.ndim == 4 else image)
    return net.eval()


class OfTheAuthors(torch.nn.Module):
    """The third version's encoder and head by the authors' code and configuration, for the depth of one picture."""

    def __init__(self, checkout, row):
        super().__init__()
        sys.path.insert(0, f"{checkout}/src")
        try:
            from depth_anything_3.model.dinov2.dinov2 import DinoV2
            from depth_anything_3.model.dualdpt import DualDPT
        finally:
            sys.path.pop(0)
        config = yaml.safe_load((Path(checkout) / f"src/depth_anything_3/configs/da3-{row}.yaml").read_text())
        net, head = ({key: value for key, value in config[part].items() if key != "__object__"} for part in ["net", "head"])
        self.backbone, self.head = DinoV2(**net), DualDPT(**head)

    def forward(self, image):
        features, _ = self.backbone(image[:, None])
        return self.head(features, *image.shape[2:], patch_start_idx=0)
