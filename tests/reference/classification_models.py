"""The classifiers of torchvision, timm and transformers by row, filled by the formula under this project's names."""

import dataclasses
import re
from collections.abc import Callable

import timm
import torch
import torchvision
import transformers

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
    whole: Callable | None = None

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


def sizes_of(name):
    """Width, layers, heads, channels of the feed-forward part of a transformer, and whether that has a gate, by timm."""
    with torch.device("meta"):
        model = timm.create_model(name)
    block = model.blocks[0]
    hidden = block.mlp.fc2.in_features
    gated = hasattr(block.mlp, "fc1_g") or block.mlp.fc1.out_features == 2 * hidden
    return model.embed_dim, len(model.blocks), block.attn.num_heads, hidden, gated


def cut(case):
    """The size of a case, and how many layers are left of it, behind `@`; None for all."""
    size, _, left = case.partition("@")
    return size, int(left) if left else None


def vit_config(size, left, patch, side, **more):
    width, depth, heads, hidden, _ = sizes_of(f"vit_{size}_patch{patch}_224")
    sizes = dict(hidden_size=width, num_hidden_layers=left or depth, num_attention_heads=heads, intermediate_size=hidden)
    return transformers.ViTConfig(**sizes, patch_size=patch, image_size=side, **more)


def dinov2_config(size, left, side, registers):
    width, depth, heads, _, gated = sizes_of(f"vit_{size}_patch14_{'reg4_' if registers else ''}dinov2")
    sizes = dict(hidden_size=width, num_hidden_layers=left or depth, num_attention_heads=heads)
    kind = transformers.Dinov2WithRegistersConfig if registers else transformers.Dinov2Config
    return kind(**sizes, patch_size=14, image_size=side, use_swiglu_ffn=gated)


def vit_names(name):
    """transformers' modules of ViT to this project's names; None for what inference does not need."""
    name = name.removeprefix("vit.")
    if name.startswith("pooler.") or name.endswith("mask_token"):
        return None
    for old, new in VIT_NAMES:
        name = re.sub(old, new, name)
    return name


VIT_NAMES = [
    (r"^layers\.", "encoder.layer."),
    ("layernorm_before", "norm1"),
    ("layernorm_after", "norm2"),
    (r"attention\.q_proj", "attention.attention.query"),
    (r"attention\.k_proj", "attention.attention.key"),
    (r"attention\.v_proj", "attention.attention.value"),
    (r"attention\.o_proj", "attention.output.dense"),
]


def dinov2_names(name):
    name = re.sub(r"^dinov2(_with_registers)?\.", "", name)
    return None if name.endswith("mask_token") else name


def timm_names(name):
    for old, new in [
        (r"^(cls_token)", r"embeddings.\1"),
        ("^pos_embed", "embeddings.position_embeddings"),
        ("^reg_token", "embeddings.register_tokens"),
        (r"^patch_embed\.proj", "embeddings.patch_embeddings.projection"),
        (r"^blocks\.", "encoder.layer."),
        (r"attn\.qkv", "attention.attention.qkv"),
        (r"attn\.proj", "attention.output.dense"),
        (r"ls(\d)\.gamma", r"layer_scale\1.lambda1"),
        (r"^norm\.", "layernorm."),
        (r"^head\.", "classifier."),
    ]:
        name = re.sub(old, new, name)
    return name


def torchvision_names(name):
    for old, new in [
        ("^class_token", "embeddings.cls_token"),
        (r"^encoder\.pos_embedding", "embeddings.position_embeddings"),
        (r"^conv_proj", "embeddings.patch_embeddings.projection"),
        (r"^encoder\.ln\.", "layernorm."),
        (r"^heads\.head", "classifier"),
        (r"^encoder\.layers\.encoder_layer_", "encoder.layer."),
        ("ln_", "norm"),
        (r"self_attention\.in_proj_", "attention.attention.qkv."),
        (r"self_attention\.out_proj", "attention.output.dense"),
        (r"mlp\.0", "mlp.fc1"),
        (r"mlp\.3", "mlp.fc2"),
    ]:
        name = re.sub(old, new, name)
    return name


def resnet_names(name):
    """transformers' modules of ResNet."""
    name = re.sub(r"^resnet\.embedder\.embedder\.convolution", "conv1", name)
    name = re.sub(r"^resnet\.embedder\.embedder\.normalization", "bn1", name)
    name = re.sub(r"^classifier\.1", "fc", name)
    found = re.match(r"resnet\.encoder\.stages\.(\d)\.layers\.(\d+)\.(?:layer\.(\d)|(shortcut))\.(\w+)\.(.*)", name)
    if found is None:
        return name
    stage, block, layer, shortcut, kind, rest = found.groups()
    norm = kind == "normalization"
    part = f"downsample.{int(norm)}" if shortcut else f"{'bn' if norm else 'conv'}{int(layer) + 1}"
    return f"layer{int(stage) + 1}.{block}.{part}.{rest}"


def renaming(names):
    def rename(name, tensor):
        name = names(name)
        return None if name is None else [(name, tuple(tensor.shape))]

    return rename


def record_tokens(body):
    """Embeddings, the first, third and last layers' tokens, those after the norm, and logits if there are any."""

    def record(model, image):
        stages, hidden = {}, []
        inner = body(model)
        layers = inner.layers if hasattr(inner, "layers") else inner.encoder.layer
        hooks = [layer.register_forward_hook(lambda _, __, output: hidden.append(output[0] if isinstance(output, tuple) else output)) for layer in layers]
        hooks.append(inner.embeddings.register_forward_hook(lambda _, __, output: hidden.append(output)))
        hooks.append(inner.layernorm.register_forward_hook(lambda _, __, output: stages.setdefault("tokens", output)))
        more = {"interpolate_pos_encoding": True} if isinstance(inner, transformers.ViTModel) else {}
        output = model(pixel_values=image, **more)
        for hook in hooks:
            hook.remove()
        tokens = stages.pop("tokens")
        stages["embeddings"] = hidden[0]
        for i in sorted({1, 3, len(hidden) - 1}):
            if i < len(hidden):
                stages[f"block.{i}"] = hidden[i]
        stages["tokens"] = tokens
        if hasattr(output, "logits"):
            stages["logits"] = output.logits
        return {key: value.numpy() for key, value in stages.items()}

    return record


def vits():
    rename = renaming(vit_names)
    record = record_tokens(lambda model: model.vit)
    rows = [("tiny", 16, 64), ("small", 16, 64), ("base", 32, 64), ("large@2", 16, 64), ("huge@2", 14, 56), ("large", 16, 64), ("huge", 14, 56)]
    for name, patch, side in rows:
        size, left = cut(name)
        build = lambda size=size, left=left, patch=patch, side=side: transformers.ViTForImageClassification(vit_config(size, left, patch, side, num_labels=10))
        yield Case("vit", name, f"vit_{size}_patch{patch}_{side}", "transformers", build, record, rename, (side, side))
    build = lambda: transformers.ViTForImageClassification(vit_config("tiny", None, 16, 64, num_labels=10))
    yield Case("vit", "tiny-96x64", "vit_tiny_patch16_64", "transformers", build, record, rename, (96, 64), 2)


def dinov2s():
    rename = renaming(dinov2_names)
    record = record_tokens(lambda model: model)
    for name in ["small", "base", "large@2", "giant@2", "large", "giant"]:
        size, left = cut(name)
        build = lambda size=size, left=left: transformers.Dinov2Model(dinov2_config(size, left, 70, registers=False))
        yield Case("dinov2", name, f"dinov2_{size}_patch14_70", "transformers", build, record, rename, (42, 56))
    for size in ["small", "base", "large", "giant"]:
        build = lambda size=size: transformers.Dinov2WithRegistersModel(dinov2_config(size, None, 70, registers=True))
        yield Case("dinov2", f"{size}-reg4", f"dinov2_{size}_patch14_reg4_70", "transformers", build, record, rename, (42, 56), 2)


CASES = [*resnets(), *vits(), *dinov2s()]
