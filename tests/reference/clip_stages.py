"""Golden files of CLIP's and the Perception Encoder's towers, with weights from `formula.py`.

    python tests/reference/clip_stages.py [case ...]      (default: all; the large ones take minutes and 8 GB)

Rows that OpenAI has are run with `clip` (OpenAI's own modules), larger ones with `open_clip`, the Perception Encoder's
with inference-models' copy of its authors' modules. A case `ROW` is a tower for pictures, `ROW-text` one for texts; behind
`@` stands the number of layers, or of blocks in each stage, that are left of it.

Pictures are written by `named_stages.py`; stages are `embeddings`, `block.1`, the last block, `embedding` of transformers,
`stem`, `layer1` .. `layer4`, `embedding` of residual networks. Texts have in `case` the `tokens` that go in.
"""

import json
import sys
import time

import clip.model
import numpy as np
import open_clip.transformer
import torch
from safetensors.numpy import save_file

import named_stages
from formula import fill_module, names_hash, sample_indices
from inference_models.models.perception_encoder.vision_encoder import pe

# Patch, width, layers, heads, hidden, side, dimensions.
OPENAI = {
    "ViT-B-32": (32, 768, 12, 12, 3072, 224, 512),
    "ViT-B-16": (16, 768, 12, 12, 3072, 224, 512),
    "ViT-L-14": (14, 1024, 24, 16, 4096, 224, 768),
    "ViT-L-14-336": (14, 1024, 24, 16, 4096, 336, 768),
}
OPEN_CLIP = {
    "ViT-B-32-256": (32, 768, 12, 12, 3072, 256, 512),
    "ViT-B-16-plus-240": (16, 896, 12, 14, 3584, 240, 640),
    "ViT-H-14": (14, 1280, 32, 16, 5120, 224, 1024),
    "ViT-H-14-378": (14, 1280, 32, 16, 5120, 378, 1024),
    "ViT-g-14": (14, 1408, 40, 16, 6144, 224, 1024),
    "ViT-bigG-14": (14, 1664, 48, 16, 8192, 224, 1280),
}
PERCEPTION = {
    "PE-Core-T16-384": (16, 192, 12, 3, 768, 384, 512),
    "PE-Core-S16-384": (16, 384, 12, 6, 1536, 384, 512),
    "PE-Core-B16-224": (16, 768, 12, 12, 3072, 224, 1024),
    "PE-Core-L14-336": (14, 1024, 24, 16, 4096, 336, 1024),
    "PE-Core-G14-448": (14, 1536, 50, 16, 8960, 448, 1280),
}
# Width, blocks, side, dimensions.
RESIDUAL = {
    "RN50": (64, [3, 4, 6, 3], 224, 1024),
    "RN101": (64, [3, 4, 23, 3], 224, 512),
    "RN50x4": (80, [4, 6, 10, 6], 288, 640),
    "RN50x16": (96, [6, 8, 18, 8], 384, 768),
    "RN50x64": (128, [3, 15, 36, 10], 448, 1024),
}
# Width, layers, heads, dimensions, context.
TEXT = {
    "RN50": (512, 12, 8, 1024, 77),
    "RN50x4": (640, 12, 10, 640, 77),
    "RN50x64": (1024, 12, 16, 1024, 77),
    "ViT-B-32": (512, 12, 8, 512, 77),
    "ViT-L-14": (768, 12, 12, 768, 77),
    "ViT-H-14": (1024, 24, 16, 1024, 77),
    "ViT-bigG-14": (1280, 32, 20, 1280, 77),
    "PE-Core-S16-384": (512, 12, 8, 512, 32),
    "PE-Core-B16-224": (1024, 24, 16, 1024, 32),
    "PE-Core-G14-448": (1280, 24, 20, 1280, 72),
}
CASES = [
    "ViT-B-32", "ViT-B-32-256", "ViT-B-16", "ViT-L-14@2", "ViT-L-14-336@2", "ViT-B-16-plus-240", "ViT-H-14@2",
    "ViT-H-14-378@2", "ViT-g-14@2", "ViT-bigG-14@2", "PE-Core-T16-384", "PE-Core-S16-384", "PE-Core-B16-224", "PE-Core-L14-336@2", "PE-Core-G14-448@2",
    "RN50", "RN101", "RN50x4", "RN50x16@1", "RN50x64@1",
    "RN50-text", "RN50x4-text", "RN50x64-text", "ViT-B-32-text", "ViT-L-14-text", "ViT-H-14-text@2", "ViT-bigG-14-text@2",
    "PE-Core-S16-384-text", "PE-Core-B16-224-text@2", "PE-Core-G14-448-text@2",
    "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "ViT-g-14", "ViT-bigG-14", "PE-Core-L14-336", "PE-Core-G14-448", "RN50x16", "RN50x64",
    "ViT-H-14-text", "PE-Core-B16-224-text", "PE-Core-G14-448-text",
]


def transformer(row, left):
    if row in OPENAI:
        patch, width, layers, heads, _, side, out = OPENAI[row]
        return clip.model.VisionTransformer(side, patch, width, left or layers, heads, out), side
    if row in OPEN_CLIP:
        patch, width, layers, heads, hidden, side, out = OPEN_CLIP[row]
        return open_clip.transformer.VisionTransformer(side, patch, width, left or layers, heads, hidden / width, output_dim=out), side
    patch, width, layers, heads, hidden, side, out = PERCEPTION[row]
    sizes = dict(patch_size=patch, width=width, layers=left or layers, heads=heads, mlp_ratio=hidden / width, output_dim=out)
    return pe.VisionTransformer(**sizes, image_size=side, use_cls_token="G14" not in row), side


def residual(row, left):
    width, blocks, side, out = RESIDUAL[row]
    return clip.model.ModifiedResNet([left] * 4 if left else blocks, out, width // 2, side, width), side


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
    model, side = (residual if row in RESIDUAL else transformer)(row, left)
    if row in RESIDUAL:
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
    width, layers, heads, out, context = TEXT[row]
    layers = left or layers
    if row in ("ViT-H-14", "ViT-bigG-14"):
        model = open_clip.transformer.TextTransformer(context, 49408, width, heads, layers, output_dim=out)
        run, tokens_first = model, False
    elif row in PERCEPTION:
        model = pe.TextTransformer(context, 49408, width, heads, layers, output_dim=out)
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
