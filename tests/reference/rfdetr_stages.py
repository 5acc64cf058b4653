"""Records what upstream's RF-DETR computes, stage by stage, with weights from `formula.py`.

    python tests/reference/rfdetr_stages.py [case ...]      (default: all)

Writes `models/tests/goldens/rfdetr/CASE.safetensors`. A stage is one f32 array of samples, taken
from the tensor after it was brought to the layout below and flattened; `formula.sample_indices`
says which elements. `topk` is complete. The metadata is JSON in strings:

    case      variant, batch, height, width, salt (see `salt_of_selection`),
              gap: smallest distance between two neighbours among the `topk` scores and the next one,
              score_noise: largest difference of a score between f32 and f64
    stages    name -> shape, mean, absmax, noise (largest difference f32 to f64, over absmax)
    weights   count and hash (`formula.names_hash`) of the whole state dict, and the same of the part
              that inference needs (`needed`)

Layouts, always with the batch `n` first, `h w` the patch grid, `W` windows a side:

    patch            n 1+hw d   class token, then the grid, position added, not windowed
    block.K          n h w d    hidden state after K blocks, windows put back in place
    block.K.cls      n WW d     its class tokens, one a window
    feature.J        n h w d    what the projector gets
    projector.L      n h w c    by level; `keypoint_projector.L` is the second one
    memory           n t c      LN(enc_output(.)) of all tokens, invalid ones included
    scores           n t        largest class logit of each
    topk             n k        tokens chosen, best first (int32)
    reference        n q 4      the query boxes (cx cy w h) that the decoder works with
    query_pos        n q c
    decoder.I        n q c      after layer I and the shared norm
    keypoint_query   n q k c    start value of the keypoint tokens
    keypoint.I       n q k c    keypoint tokens after layer I
    mask_features    n H W c    after the blocks and the projection
    logits boxes     n q C, n q 4 (semantic: logits n H W C)
    masks            n q H W
    keypoints        n q k 8
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from formula import fill, names_hash, sample_indices
from rfdetr_models import SEMANTIC, VARIANTS, build, config_of, salt_of_selection

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/rfdetr"
SALTS = 2000

# Beyond one picture at the native size: two pictures, sides that need another position grid,
# fewer tokens than queries, a side ratio other than one, borders without valid proposals.
EXTRA = {
    "nano-batch2": ("nano", 2, None),
    "nano-256": ("nano", 1, (256, 256)),
    "nano-384x256": ("nano", 1, (384, 256)),
    "base-batch2-392": ("base", 2, (392, 392)),
    "seg-nano-624": ("seg-nano", 1, (624, 624)),
}


def cases():
    """Case name -> (variant, batch, (height, width))."""
    table = {variant: (variant, 1, None) for variant in VARIANTS}
    table.update(EXTRA)
    for name, (variant, batch, size) in table.items():
        side = config_of(variant).resolution
        yield name, variant, batch, size or (side, side)


def main(wanted):
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name, variant, batch, size in cases():
        if not wanted or name in wanted:
            start = time.time()
            write(name, variant, batch, size)
            print(f"  {time.time() - start:.0f} s", flush=True)


def write(name, variant, batch, size):
    config, model = build(variant)
    image = torch.from_numpy(fill("input", (batch, *size, 3))).permute(0, 3, 1, 2).contiguous()
    facts = {"variant": variant, "batch": batch, "height": size[0], "width": size[1], "salt": 0}
    with torch.inference_mode():
        if variant not in SEMANTIC:
            facts["salt"], facts["gap"] = choose_salt(model, image)
            refill_selection(model, facts["salt"])
        stages = record(config, model, image)
        shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
        exact = record(config, model.double(), image.double())
    if "topk" in stages:
        assert np.array_equal(stages["topk"], exact["topk"]), f"{name}: f64 selects other tokens"
        facts["score_noise"] = float(np.abs(stages["scores"] - exact["scores"]).max())

    described = {key: describe(value, exact[key]) for key, value in stages.items()}
    needed = {key: shape for key, shape in shapes.items() if is_needed(key, config)}
    weights = {
        "all": {"count": len(shapes), "hash": f"{names_hash(shapes):016x}"},
        "needed": {"count": len(needed), "hash": f"{names_hash(needed):016x}"},
    }
    samples = {key: sample(value) for key, value in stages.items()}
    metadata = {"case": facts, "stages": described, "weights": weights}
    path = GOLDENS / f"{name}.safetensors"
    save_file(samples, path, metadata={key: json.dumps(value) for key, value in metadata.items()})
    print(f"{name}: {facts} {path.stat().st_size} bytes")
    for key, value in described.items():
        print(f"    {key:20} {str(value['shape']):22} mean {value['mean']:+.4f} absmax {value['absmax']:.4f} noise {value['noise']:.1e}")


def choose_salt(model, image):
    """The salt whose chosen scores lie farthest apart: `(salt, smallest distance)`."""
    seen = {}
    transformer = model.transformer
    hook = transformer.enc_output[0].register_forward_pre_hook(lambda _, args: seen.setdefault("memory", args[0]))
    model(image)
    hook.remove()
    best = (0, -1.0)
    for salt in range(SALTS):
        refill_selection(model, salt, only=".0.")
        scores = transformer.enc_out_class_embed[0](transformer.enc_output_norm[0](transformer.enc_output[0](seen["memory"]))).max(-1)[0]
        gap = smallest_gap(scores, model.num_queries)
        if gap > best[1]:
            best = (salt, gap)
    return best


def smallest_gap(scores, queries):
    ordered = torch.sort(scores, dim=1, descending=True)[0][:, : queries + 1]
    return float((ordered[:, :-1] - ordered[:, 1:]).min())


def refill_selection(model, salt, only=""):
    state = model.state_dict()
    salted = salt_of_selection(salt)
    for name, tensor in state.items():
        wanted = "enc_output" in name or "enc_out_class_embed" in name if only else "enc_out" in name
        if wanted and only in name:
            tensor.copy_(torch.from_numpy(fill(name, tuple(tensor.shape), salted(name))))


def is_needed(name, config):
    """Whether the outputs of inference depend on this tensor."""
    if name.endswith(("mask_token", "_kp_active_mask", "keypoint_class_mask")) or "num_batches" in name:
        return False
    if "keypoint_query_initializer_enc" in name or "enc_out_keypoint_embed" in name:
        return False
    if re.search(r"\.enc_out\w*\.[1-9]\d*\.", name):
        return False
    block = re.search(r"\.encoder\.layer\.(\d+)\.", name)
    return not block or int(block.group(1)) < config.out_feature_indexes[-1]


class Recorder:
    """Forward hooks that keep, under a key, the outputs of a module in the order of its calls."""

    def __init__(self):
        self.calls = {}
        self.hooks = []

    def watch(self, key, module):
        def keep(_, __, output):
            self.calls.setdefault(key, []).append(output)

        self.hooks.append(module.register_forward_hook(keep))

    def watch_argument(self, key, module, argument):
        def keep(_, __, kwargs):
            self.calls.setdefault(key, []).append(kwargs[argument])

        self.hooks.append(module.register_forward_pre_hook(keep, with_kwargs=True))

    def remove(self):
        for hook in self.hooks:
            hook.remove()


def record(config, model, image):
    """All stages of one run as arrays."""
    backbone = model.backbone[0]
    vit = backbone.encoder.encoder
    spy = Recorder()
    spy.watch("patch", vit.embeddings)
    for index, layer in enumerate(vit.encoder.layer):
        spy.watch(f"block.{index + 1}", layer)
    spy.watch("features", backbone.encoder)
    spy.watch("projector", backbone.projector)
    semantic = not hasattr(model, "transformer")
    if semantic:
        spy.watch("mask_features", model.segmentation_head)
    else:
        watch_decoder(spy, model)
    output = model(image)
    spy.remove()

    grid = Grid(config, image)
    stages = {"patch": grid.tokens(spy.calls["patch"][0])}
    first = config.out_feature_indexes[0]
    for k in (1, first + 1, config.out_feature_indexes[-1]):
        hidden = spy.calls[f"block.{k}"][0][0]
        stages[f"block.{k}"] = grid.pixels(hidden)
        stages[f"block.{k}.cls"] = grid.class_tokens(hidden)
    for j, feature in enumerate(spy.calls["features"][0]):
        stages[f"feature.{j}"] = channels_last(feature)
    for level, feature in enumerate(spy.calls["projector"][0]):
        stages[f"projector.{level}"] = channels_last(feature)
    if semantic:
        stages["mask_features"] = channels_last(spy.calls["mask_features"][0])
        stages["logits"] = channels_last(output)
    else:
        stages.update(decoder_stages(spy.calls, model, output))
    return {key: value.detach().numpy() for key, value in stages.items()}


def watch_decoder(spy, model):
    transformer = model.transformer
    spy.watch("memory", transformer.enc_output_norm[0])
    spy.watch("classes", transformer.enc_out_class_embed[0])
    spy.watch_argument("reference", transformer.decoder, "refpoints_unsigmoid")
    spy.watch("query_pos", transformer.decoder.ref_point_head)
    spy.watch("hidden", transformer.decoder.norm)
    if model.segmentation_head is not None:
        spy.watch("mask_features", model.segmentation_head.spatial_features_proj)
    if getattr(model, "use_grouppose_keypoints", False):
        spy.watch("keypoint_projector", model.backbone[0].cross_attn_projector)
        spy.watch("keypoint_query", transformer.keypoint_query_initializer)
        for index, layer in enumerate(transformer.decoder.layers):
            spy.watch(f"layer.{index}", layer)


def decoder_stages(calls, model, output):
    layers = model.transformer.dec_layers
    scores = calls["classes"][0].max(-1)[0]
    count = min(model.num_queries, scores.shape[1])
    stages = {
        "memory": calls["memory"][0],
        "scores": scores,
        "topk": torch.topk(scores, count, dim=1)[1].to(torch.int32),
        "reference": calls["reference"][0],
        "query_pos": calls["query_pos"][0],
    }
    for index in range(layers):
        stages[f"decoder.{index}"] = calls["hidden"][index]
    if "keypoint_query" in calls:
        for level, feature in enumerate(calls["keypoint_projector"][0]):
            stages[f"keypoint_projector.{level}"] = channels_last(feature)
        stages["keypoint_query"] = calls["keypoint_query"][0]
        for index in range(layers):
            stages[f"keypoint.{index}"] = calls[f"layer.{index}"][0][1]
    stages["logits"] = output["pred_logits"]
    stages["boxes"] = output["pred_boxes"]
    if "mask_features" in calls:
        stages["mask_features"] = channels_last(calls["mask_features"][layers - 1])
        stages["masks"] = output["pred_masks"]
    if "pred_keypoints" in output:
        stages["keypoints"] = output["pred_keypoints"]
    return stages


class Grid:
    """Undoes the windows of the encoder's tokens, `[n*W*W, 1+t, d]`."""

    def __init__(self, config, image):
        self.windows = config.num_windows
        self.batch = image.shape[0]
        self.height = image.shape[2] // config.patch_size
        self.width = image.shape[3] // config.patch_size

    def pixels(self, tokens):
        w, dim = self.windows, tokens.shape[-1]
        inner = (self.height // w, self.width // w)
        windows = tokens[:, 1:].reshape(self.batch, w, w, *inner, dim)
        return windows.permute(0, 1, 3, 2, 4, 5).reshape(self.batch, self.height, self.width, dim)

    def class_tokens(self, tokens):
        return tokens[:, 0].reshape(self.batch, self.windows**2, tokens.shape[-1])

    def tokens(self, tokens):
        first = self.class_tokens(tokens)[:, :1]
        return torch.cat([first, self.pixels(tokens).flatten(1, 2)], 1)


def channels_last(feature):
    return feature.permute(0, 2, 3, 1)


def describe(value, exact):
    absmax = float(np.abs(value).max())
    noise = float(np.abs(value.astype(np.float64) - exact).max())
    return {
        "shape": list(value.shape),
        "mean": float(value.mean(dtype=np.float64)),
        "absmax": absmax,
        "noise": noise / absmax if absmax else 0.0,
    }


def sample(value):
    if value.dtype == np.int32:
        return np.ascontiguousarray(value)
    flat = np.ascontiguousarray(value).ravel()
    return np.ascontiguousarray(flat[sample_indices(flat.size)], dtype=np.float32)


if __name__ == "__main__":
    main(sys.argv[1:])
