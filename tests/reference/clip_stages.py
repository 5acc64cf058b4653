"""Golden files of CLIP's and the Perception Encoder's towers, with weights from `formula.py`.

    python tests/reference/clip_stages.py [case ...]      (default: all; the large ones take minutes and 8 GB)

Rows that OpenAI has are run with `clip` (OpenAI's own modules), larger ones with `open_clip`, the Perception Encoder's
with inference-models' copy of its authors' modules; the sizes are open_clip's, and for the Perception Encoder its authors'.
A case `ROW` is a tower for pictures, `ROW-text` one for texts; behind
`@` stands the number of layers, or of blocks in each stage, that are left of it.

Pictures are written by `named_stages.py`; stages are `embeddings`, `block.1`, the last block, `embedding` of transformers,
`stem`, `layer1` .. `layer4`, `embedding` of residual networks. Texts have in `case` the `tokens` that go in.
"""

import inspect
import json
import sys
import time
from dataclasses import asdict

import clip.model
import numpy as np
import open_clip.transformer
import timm
import torch
from safetensors.numpy import save_file

import named_stages
from formula import fill_module, names_hash, sample_indices
from inference_models.models.perception_encoder.vision_encoder import pe
from inference_models.models.perception_encoder.vision_encoder.config import PE_TEXT_CONFIG, PE_VISION_CONFIG

OPENAI = ["ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"]
# Those that are not among their authors' sizes have open_clip's and timm's.
LATER = {
    "PE-Core-T16-384": ("PE-Core-T-16-384", "vit_pe_core_tiny_patch16_384"),
    "PE-Core-S16-384": ("PE-Core-S-16-384", "vit_pe_core_small_patch16_384"),
}
ROWS = [
    *OPENAI, "ViT-B-32-256", "ViT-B-16-plus-240", "ViT-H-14", "ViT-H-14-378", "ViT-g-14", "ViT-bigG-14",
    *LATER, "PE-Core-B16-224", "PE-Core-L14-336", "PE-Core-G14-448",
]
CUT = [
    "ViT-L-14@2", "ViT-L-14-336@2", "ViT-H-14@2", "ViT-H-14-378@2", "ViT-g-14@2", "ViT-bigG-14@2", "PE-Core-L14-336@2",
    "PE-Core-G14-448@2", "RN50x16@1", "RN50x64@1", "ViT-H-14-text@2", "ViT-bigG-14-text@2", "PE-Core-B16-224-text@2",
    "PE-Core-G14-448-text@2",
]
CASES = [*ROWS, *(f"{row}-text" for row in ROWS), *CUT]


def transformer(row, left):
    if row.startswith("PE-"):
        sizes = perception(row)
        sizes["layers"] = left or sizes["layers"]
        return pe.VisionTransformer(**sizes), sizes["image_size"]
    config = open_clip.get_model_config(row)
    sizes, out = config["vision_cfg"], config["embed_dim"]
    side, patch, width = (sizes[key] for key in ("image_size", "patch_size", "width"))
    layers, heads = left or sizes["layers"], width // sizes.get("head_width", 64)
    if row in OPENAI:
        return clip.model.VisionTransformer(side, patch, width, layers, heads, out), side
    ratio = sizes.get("mlp_ratio", 4.0)
    return open_clip.transformer.VisionTransformer(side, patch, width, layers, heads, ratio, output_dim=out), side


def perception(row):
    if row not in LATER:
        sizes = asdict(PE_VISION_CONFIG[row])
        return {key: value for key, value in sizes.items() if key in inspect.signature(pe.VisionTransformer).parameters}
    config = open_clip.get_model_config(LATER[row][0])
    model = timm.create_model(LATER[row][1])
    block = model.blocks[0]
    return {
        "image_size": config["vision_cfg"]["image_size"], "patch_size": model.patch_embed.patch_size[0],
        "width": model.embed_dim, "layers": len(model.blocks), "heads": block.attn.num_heads,
        "mlp_ratio": block.mlp.fc1.out_features / model.embed_dim, "use_cls_token": model.cls_token is not None,
        "output_dim": config["embed_dim"],
    }


def residual(row, left):
    config = open_clip.get_model_config(row)
    sizes = config["vision_cfg"]
    width, side = sizes["width"], sizes["image_size"]
    return clip.model.ModifiedResNet([left] * 4 if left else sizes["layers"], config["embed_dim"], width // 2, side, width), side


def stages_of(names):
    """Outputs of the modules of these names, tokens `[n, t, d]`, maps channels last."""

    def run(model, image):
        stages = {}

        def hook(stage, tokens_first):
            def store(_, __, output):
                if output.dim() == 4:
                    stages[stage] = named_stages.last(output).clone()
                else:
                    stages[stage] = (output.permute(1, 0, 2) if tokens_first else output).clone()

            return store

        modules = dict(model.named_modules())
        hooks = []
        for stage, name in names.items():
            tokens_first = isinstance(model, clip.model.VisionTransformer) and name.startswith("transformer")
            hooks.append(modules[name].register_forward_hook(hook(stage, tokens_first)))
        output = model(image)
        for one in hooks:
            one.remove()
        return {**stages, "embedding": output}

    return run


def write_image(case, row, left):
    model, side = (residual if row.startswith("RN") else transformer)(row, left)
    if row.startswith("RN"):
        names = {"stem": "avgpool", **{f"layer{i}": f"layer{i}" for i in range(1, 5)}}
    else:
        depth = len(model.transformer.resblocks)
        names = {"embeddings": "ln_pre", "block.1": "transformer.resblocks.0", f"block.{depth}": f"transformer.resblocks.{depth - 1}"}
    named_stages.write("clip", case, model.eval(), (1, side, side), stages_of(names))


def tokens(context):
    """One text that is short, and one that fills the context."""
    short = [49406, 320, 1125, 539, 320, 2368, 49407]
    long = [49406, *((i * 7919) % 49406 for i in range(context - 2)), 49407]
    return [short + [0] * (context - len(short)), long]


@torch.inference_mode()
def write_text(case, row, left):
    if row in PE_TEXT_CONFIG:
        config = asdict(PE_TEXT_CONFIG[row])
        out = config["output_dim"]
    else:
        whole = open_clip.get_model_config(LATER[row][0] if row in LATER else row)
        config, out = whole["text_cfg"], whole["embed_dim"]
    width, heads, context = (config[key] for key in ("width", "heads", "context_length"))
    layers = left or config["layers"]
    if row.startswith("PE-"):
        model = pe.TextTransformer(context, 49408, width, heads, layers, output_dim=out)
        run, tokens_first = model, False
    elif row not in OPENAI:
        model = open_clip.transformer.TextTransformer(context, 49408, width, heads, layers, output_dim=out)
        run, tokens_first = model, False
    else:
        model = clip.model.CLIP(out, 32, 1, 64, 32, context, 49408, width, heads, layers)
        model.visual, model.dtype_of = None, None
        del model.logit_scale
        type(model).dtype = torch.float32
        run, tokens_first = model.encode_text, True
    model.eval()
    fill_module(model)
    stages = {}

    def keep(stage):
        def store(_, __, output):
            stages[stage] = (output.permute(1, 0, 2) if tokens_first else output).clone()

        return store

    blocks = model.transformer.resblocks
    blocks[0].register_forward_hook(keep("block.1"))
    blocks[-1].register_forward_hook(keep(f"block.{layers}"))
    given = tokens(context)
    stages["embedding"] = run(torch.tensor(given))
    stages = {key: np.ascontiguousarray(value.numpy()) for key, value in stages.items()}
    state = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    metadata = {
        "case": {"tokens": given},
        "stages": {key: {"shape": value.shape, "absmax": float(np.abs(value).max())} for key, value in stages.items()},
        "weights": {"needed": {"count": len(state), "hash": f"{names_hash(state):016x}"}},
    }
    samples = {key: np.ascontiguousarray(value.ravel()[sample_indices(value.size)], dtype=np.float32) for key, value in stages.items()}
    path = named_stages.GOLDENS / "clip" / f"{case}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(samples, path, metadata={key: json.dumps(value, separators=(",", ":")) for key, value in metadata.items()})
    print(f"clip {case}: {path.stat().st_size} bytes, embedding {metadata['stages']['embedding']}", flush=True)


def main(wanted):
    for case in wanted or CASES:
        start = time.time()
        row, _, left = case.partition("@")
        left = int(left or 0)
        if row.endswith("-text"):
            write_text(case, row.removesuffix("-text"), left)
        else:
            write_image(case, row, left)
        print(f"    {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
