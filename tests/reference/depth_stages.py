"""Records what the Depth Anything models compute, stage by stage, with weights from `formula.py`.

    python tests/reference/depth_stages.py AUTHORS THIRD [case ...]      (default: all)

AUTHORS is a checkout of github.com/DepthAnything/Depth-Anything-V2, THIRD one of github.com/ByteDance-Seed/Depth-Anything-3.
Writes `models/tests/goldens/depth_anything/CASE.safetensors` as `classification_stages.py` does. Behind `@` stands the number
of layers that are left of a size. Stages: `features.K` (maps of the
encoder), `scaled.K` (the same at four scales), `fused.K` (after each step of joining them), `depth`, channels last; of the
third version also `embeddings` and `block.K` (tokens).

The weights are filled under the names that they have in this project.
"""

import re
import sys
import time

import torch

import classification_stages
from classification_models import Case, renaming, timm_names
from depth_models import LAYERS, THIRD, OfTheAuthors, authors, build_third, hugging_face

FAMILY = "depth_anything"


def kept(name):
    """What has a part in the depth of one picture."""
    needless = ["mask_token", "layers.0.residual_layer1", "_aux"]
    return None if any(part in name for part in needless) else name


def head_names(head):
    def rename(name):
        name = name.removeprefix(head)
        found = re.match(r"scratch\.refinenet(\d)\.(.*)", name)
        if found:
            rest = re.sub("resConfUnit", "residual_layer", found[2]).replace(".conv", ".convolution").replace("out_conv", "projection")
            return f"neck.fusion_stage.layers.{4 - int(found[1])}.{rest}"
        name = re.sub(r"^(projects|resize_layers)\.(\d)", lambda m: f"neck.reassemble_stage.layers.{m[2]}.{ {'projects': 'projection', 'resize_layers': 'resize'}[m[1]] }", name)
        name = re.sub(r"^scratch\.layer(\d)_rn", lambda m: f"neck.convs.{int(m[1]) - 1}", name)
        name = name.replace("scratch.output_conv1.", "head.conv1.").replace("scratch.output_conv2.0", "head.conv2").replace("scratch.output_conv2.2", "head.conv3")
        return re.sub(r"^norm\.", "neck.norm.", name)

    return rename


def authors_names(encoder, head):
    def rename(name):
        if "_aux" in name:
            return None
        if name.startswith(encoder):
            name = name.removeprefix(encoder)
            if name.startswith("camera_token"):
                return f"backbone.{name}"
            return kept("backbone." + re.sub("^mask_token", "embeddings.mask_token", re.sub(r"attn\.([qk]_norm)", r"attention.attention.\1", timm_names(name).replace("mlp.w12", "mlp.weights_in").replace("mlp.w3", "mlp.weights_out"))))
        return kept(head_names(head)(name))

    return renaming(rename)


def keep(outputs):
    """Hooks that store what modules give, by name."""

    def hook(name, change):
        def store(_, inputs, output):
            outputs[name] = change(inputs, output)

        return store

    return hook


def record(parts):
    def run(model, image):
        outputs, hooks = {}, []
        hook = keep(outputs)
        for name, module, change in parts(model, image):
            hooks.append(module.register_forward_hook(hook(name, change)))
        result = model(image)
        for handle in hooks:
            handle.remove()
        depth = result if torch.is_tensor(result) else result["predicted_depth" if "predicted_depth" in result else "depth"]
        outputs["depth"] = depth.reshape(image.shape[0], *image.shape[2:])[..., None]
        order = [f"{kind}.{i}" for kind in ["features", "scaled", "fused"] for i in range(4)]
        more = sorted(key for key in outputs if key not in [*order, "depth"])
        return {key: outputs[key].numpy() for key in [*more, *order, "depth"]}

    return run


def last(_, output):
    return output.permute(0, 2, 3, 1)


def parts_of_hugging_face(model, image):
    for i in range(4):
        layer = model.neck.reassemble_stage.layers[i]
        yield f"features.{i}", layer, lambda inputs, _: inputs[0].permute(0, 2, 3, 1)
        yield f"scaled.{i}", layer, last
        yield f"fused.{i}", model.neck.fusion_stage.layers[i], last


def parts_of_the_authors(model, image):
    head = model.depth_head
    for i in range(4):
        yield f"features.{i}", head.projects[i], lambda inputs, _: inputs[0].permute(0, 2, 3, 1)
        yield f"scaled.{i}", head.resize_layers[i], last
        yield f"fused.{i}", getattr(head.scratch, f"refinenet{4 - i}"), last


def parts_of_the_third(model, image):
    net, head = model.backbone.pretrained, model.head
    for i in sorted({0, 4, 5, len(net.blocks) - 1}):
        yield f"block.{i + 1}", net.blocks[i], lambda _, output: output
    for i in range(4):
        yield f"features.{i}", head.projects[i], lambda inputs, _: inputs[0].permute(0, 2, 3, 1)
        yield f"scaled.{i}", head.resize_layers[i], last
        yield f"fused.{i}", getattr(head.scratch, f"refinenet{4 - i}"), last


def cases(checkout, third):
    own = renaming(kept)
    size = (70, 98)
    for row in LAYERS:
        build = lambda row=row: hugging_face(row)
        yield Case(FAMILY, f"v2-{row}{left(LAYERS[row][1])}", row, "transformers", build, record(parts_of_hugging_face), own, size, 1)
    build = lambda: hugging_face("small", depth_estimation_type="metric", max_depth=20)
    yield Case(FAMILY, "v2-metric-small", "small", "transformers", build, record(parts_of_hugging_face), own, (42, 56), 2)
    names = authors_names("pretrained.", "depth_head.")
    for metric in ["", "metric-"]:
        build = lambda metric=metric: authors(checkout, bool(metric))
        yield Case(FAMILY, f"v2-authors-{metric}small", "small", "authors", build, record(parts_of_the_authors), names, (56, 84), 1)
    for row in ["large", "giant"]:
        build = lambda row=row: authors(checkout, False, row)
        yield Case(FAMILY, f"v2-authors-{row}", row, "authors", build, record(parts_of_the_authors), names, (56, 84), 1)
    names = authors_names("backbone.pretrained.", "head.")
    for row in THIRD:
        build = lambda row=row: build_third(row, checkout)
        yield Case(FAMILY, f"v3-{row}{left(THIRD[row][1])}", row, "inference-models", build, record(parts_of_the_third), names, size, 1)
    for row in ["large", "giant"]:
        build = lambda row=row: OfTheAuthors(third, row)
        yield Case(FAMILY, f"v3-{row}", row, "authors", build, record(parts_of_the_third), names, size, 1)


def left(depth):
    return "" if depth == 12 else f"@{depth}"


def main(checkout, third, wanted):
    for case in cases(checkout, third):
        if not wanted or case.name in wanted:
            start = time.time()
            classification_stages.write(case)
            print(f"    {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
