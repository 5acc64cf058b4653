"""Records what the DINOv3 networks of transformers and timm compute, stage by stage, with weights from `formula.py`.

    python tests/reference/dinov3_stages.py [case ...]      (default: all)

Writes `models/tests/goldens/dinov3/CASE.safetensors` as `classification_stages.py` does. Stages: `embeddings`, `block.K` for
some K, `tokens` (after the last norm), `logits` of classifiers; all tokens `[n, t, d]`. Behind `@` stands the number of
layers that are left of a size. The largest does not fit in memory whole: its `whole` in `weights` counts and hashes the
names of all its layers' tensors.

The weights are filled under the names that they have in this project.
"""

import re
import sys

import timm
import torch
import transformers
from inference_models.models.dinov3.dinov3_classification_torch import DinoV3Model

import classification_stages
from classification_models import Case, cut, sizes_of

ROWS = ["tiny", "small", "small_plus", "base", "large@2", "huge_plus@2", "7b@1", "large", "huge_plus"]
TIMM = [
    (r"^backbone\.", ""),
    (r"^(cls_token)", r"embeddings.\1"),
    ("^reg_token", "embeddings.register_tokens"),
    (r"^patch_embed\.proj", "embeddings.patch_embeddings"),
    (r"^blocks\.", "layer."),
    (r"gamma_(\d)", r"layer_scale\1.lambda1"),
    (r"attn\.([qkv])_bias", r"attention.\1_proj.bias"),
    (r"attn\.qkv", "attention.qkv"),
    (r"attn\.proj", "attention.o_proj"),
    (r"mlp\.fc1_g", "mlp.gate_proj"),
    (r"mlp\.fc1_x", "mlp.up_proj"),
    (r"mlp\.fc1\.", "mlp.up_proj."),
    (r"mlp\.fc2", "mlp.down_proj"),
]


def names_of_timm(name, tensor):
    for old, new in TIMM:
        name = re.sub(old, new, name)
    return [(name, tuple(tensor.shape))]


def names_of_transformers(name, tensor):
    return None if name.endswith("mask_token") else [(name.removeprefix("model."), tuple(tensor.shape))]


def transformers_model(row):
    size, left = cut(row)
    biased = size != "7b"
    width, depth, heads, hidden, gated = sizes_of(f"vit_{size}_patch16_dinov3{'_qkvb' if biased else ''}")
    config = transformers.DINOv3ViTConfig(
        hidden_size=width, num_hidden_layers=left or depth, num_attention_heads=heads, intermediate_size=hidden,
        use_gated_mlp=gated, hidden_act="silu" if gated else "gelu", query_bias=biased, value_bias=biased,
        num_register_tokens=4,
    )
    return transformers.DINOv3ViTModel(config)


def whole(size):
    """Names and shapes of all tensors of a size."""
    with torch.device("meta"):
        model = transformers_model(size)
    parts = [names_of_transformers(name, tensor) or [] for name, tensor in model.state_dict().items()]
    return dict(sum(parts, []))


def record_transformers(model, image):
    hidden = []
    hooks = [layer.register_forward_hook(lambda _, __, output: hidden.append(output)) for layer in model.model.layer]
    hooks.append(model.embeddings.register_forward_hook(lambda _, __, output: hidden.append(output)))
    tokens = model(pixel_values=image).last_hidden_state
    for hook in hooks:
        hook.remove()
    return staged(hidden, tokens, None)


def record_timm(model, image):
    body = model.backbone if hasattr(model, "backbone") else model
    hidden = []
    hooks = [layer.register_forward_hook(lambda _, __, output: hidden.append(output)) for layer in body.blocks]
    hooks.append(body.blocks[0].register_forward_pre_hook(lambda _, inputs: hidden.append(inputs[0])))
    tokens = body.forward_features(image)
    for hook in hooks:
        hook.remove()
    return staged(hidden, tokens, model(image) if hasattr(model, "linear_layer") else None)


def staged(hidden, tokens, logits):
    stages = {"embeddings": hidden[0]}
    for i in sorted({1, 3, len(hidden) - 1}):
        if i < len(hidden):
            stages[f"block.{i}"] = hidden[i]
    stages["tokens"] = tokens
    if logits is not None:
        stages["logits"] = logits
    return {key: value.numpy() for key, value in stages.items()}


def cases():
    for row in ROWS:
        build = lambda row=row: transformers_model(row)
        more = {"whole": lambda: whole("7b")} if row == "7b@1" else {}
        yield Case("dinov3", row, cut(row)[0], "transformers", build, record_transformers, names_of_transformers, (48, 80), 1, **more)
    for name, row in [("vit_small_plus_patch16_dinov3", "small_plus"), ("vit_small_patch16_dinov3_qkvb", "small")]:
        build = lambda name=name: timm.create_model(name, pretrained=False, num_classes=0)
        yield Case("dinov3", f"timm-{row}", row, "timm", build, record_timm, names_of_timm, (64, 48), 2)
    build = lambda: DinoV3Model(num_classes=5)
    yield Case("dinov3", "probe", "small", "inference-models", build, record_timm, names_of_timm, (64, 96), 1)


if __name__ == "__main__":
    for case in cases():
        if not sys.argv[1:] or case.name in sys.argv[1:]:
            classification_stages.write(case)
