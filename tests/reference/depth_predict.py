"""Records what upstream's packages and the authors' code of Depth Anything make of the lent pictures, from file to map.

    python tests/reference/depth_predict.py SHARED AUTHORS

AUTHORS as for `depth_stages.py`. Writes `models/tests/goldens/depth_anything/predict.json`, one case a line:

    name, architecture, variant
    config        `config.json`; `preprocessor` `preprocessor_config.json`
    tensors       [name in the file, name in this project (the formula's), shape]
    pictures      name -> input and depth: shape, samples (`formula.sample_indices`), absmax

Weights are filled by the formula under this project's names; pictures are given as RGB.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from inference_models.models.depth_anything_v2.depth_anything_v2_hf import DepthAnythingV2HF
from inference_models.models.depth_anything_v3.depth_anything_v3_torch import DepthAnythingV3Torch
from PIL import Image
from safetensors.torch import save_file

import depth_models
from classification_models import Case
from depth_stages import authors_names, kept, renaming
from formula import sample_indices

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/depth_anything"
PICTURES = ["bus.jpg", "chelsea.png"]
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def main(shared, checkout):
    pictures = {name: np.array(Image.open(Path(shared) / "images" / name).convert("RGB")) for name in PICTURES}
    rows = [hugging_face(pictures), hugging_face(pictures, depth_estimation_type="metric", max_depth=80), authors(pictures, checkout), third(pictures)]
    path = GOLDENS / "predict.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(path.stat().st_size, "bytes")


def filled(model, rename):
    """Fills the model; the rows of its tensors, those that answers do not need under their own names."""
    Case("", "", "", "", None, None, rename).fill(model)
    rows = []
    for name, tensor in model.state_dict().items():
        parts = rename(name, tensor)
        rows.append([name, name if parts is None else parts[0][0], list(tensor.shape)])
    return rows


def facts(value):
    flat = value.detach().numpy().ravel()
    samples = [float(f"{v:.7g}") for v in flat[sample_indices(flat.size, 256)]]
    return {"shape": list(value.shape), "samples": samples, "absmax": float(np.abs(flat).max())}


def answers(pictures, apply):
    found = {}
    with torch.inference_mode():
        for name, picture in pictures.items():
            ready, depth = apply(picture)
            found[name] = {"input": facts(ready), "depth": facts(depth)}
            print("   ", name, tuple(ready.shape), tuple(depth.shape), float(depth.min()), float(depth.max()))
    return found


def processor(size):
    return transformers.DPTImageProcessor(
        size={"height": size, "width": size}, keep_aspect_ratio=True, ensure_multiple_of=14, resample=3, **IMAGENET
    )


def by_package(kind, folder):
    model = kind.from_pretrained(folder, device=torch.device("cpu"))

    def apply(picture):
        ready, metadata = model.pre_process(picture)
        depth = model.post_process(model.forward(ready), metadata)[0]
        return ready.reshape(-1, *ready.shape[-3:]).permute(0, 2, 3, 1), depth

    return apply


def hugging_face(pictures, **more):
    encoder = transformers.Dinov2Config(
        hidden_size=128, num_hidden_layers=5, num_attention_heads=4, image_size=518, patch_size=14,
        out_indices=[1, 2, 4, 5], reshape_hidden_states=False,
    )
    sizes = dict(reassemble_hidden_size=128, neck_hidden_sizes=[16, 24, 32, 48], fusion_hidden_size=16)
    config = transformers.DepthAnythingConfig(backbone_config=encoder, head_hidden_size=8, **sizes, **more)
    model = transformers.DepthAnythingForDepthEstimation(config).eval()
    tensors = filled(model, renaming(kept))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        processor(280).save_pretrained(folder)
        found = answers(pictures, by_package(DepthAnythingV2HF, folder))
        read = lambda name: json.loads(Path(f"{folder}/{name}").read_text())
        said, prepared = read("config.json"), read("preprocessor_config.json")
    metric = "metric-" if more else ""
    return {"name": f"transformers {metric}v2", "architecture": "depth-anything-v2", "variant": f"depth-anything-v2-{metric}128", "config": said, "preprocessor": prepared, "tensors": tensors, "pictures": found}


def authors(pictures, checkout):
    model = depth_models.authors(checkout, False)
    tensors = filled(model, authors_names("pretrained.", "depth_head."))
    original = model.image2tensor

    def apply(picture):
        bgr = np.ascontiguousarray(picture[:, :, ::-1])
        ready = original(bgr, 518)[0]
        return ready.permute(0, 2, 3, 1), torch.from_numpy(model.infer_image(bgr, 518))

    small = {name: picture for name, picture in pictures.items() if name == "chelsea.png"}
    return {"name": "authors v2", "architecture": "depth-anything-v2", "variant": "depth-anything-v2-small", "tensors": tensors, "pictures": answers(small, apply)}


def third(pictures):
    model = depth_models.build_third("small")
    rename = authors_names("backbone.pretrained.", "head.")
    tensors = filled(model, rename)
    row, depth, layers, start = depth_models.THIRD["small"]
    channels, joined = depth_models.NECKS["small"]
    net = {"name": row, "out_layers": layers, "alt_start": start, "qknorm_start": start, "rope_start": start, "cat_token": True}
    head = {"dim_in": 768, "output_dim": 2, "features": joined, "out_channels": channels}
    config = {"model_name": "da3-small", "config": {"net": net, "head": head}}
    with tempfile.TemporaryDirectory() as folder:
        spelled = lambda name: "model." + name.replace("backbone.", "net.")
        save_file({spelled(name): value.clone() for name, value in model.state_dict().items()}, f"{folder}/model.safetensors")
        Path(f"{folder}/config.json").write_text(json.dumps(config))
        processor(252).save_pretrained(folder)
        found = answers(pictures, by_package(DepthAnythingV3Torch, folder))
        prepared = json.loads(Path(f"{folder}/preprocessor_config.json").read_text())
    tensors = [[spelled(name), ours, shape] for name, ours, shape in tensors]
    return {"name": "package v3", "architecture": "depth-anything-v3", "variant": "depth-anything-v3-small", "config": config, "preprocessor": prepared, "tensors": tensors, "pictures": found}


if __name__ == "__main__":
    main(*sys.argv[1:])
