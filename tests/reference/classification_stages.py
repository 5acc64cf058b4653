"""Records what torchvision's, timm's and transformers' classifiers compute, stage by stage, with weights from `formula.py`.

    python tests/reference/classification_stages.py [case ...]      (default: all)

Writes `models/tests/goldens/FAMILY/CASE.safetensors`: samples of each stage, channels last, and as JSON in the metadata

    case      row, library, batch, height, width
    stages    name -> shape, absmax, noise (largest difference f32 to f64, over absmax)
    weights   count and hash (`formula.names_hash`) of the tensors that inference needs, under the names that they have
              in this project

Stages of `resnet`: `stem` (after the pool), `layer1` .. `layer4`, `features` (means), `logits`.
Stages of `vit` and `dinov2`: `embeddings`, `block.K` for some K, `tokens` (after the last norm), `logits` of classifiers;
all tokens `[n, t, d]`.

The weights are filled under the names that they have in this project.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

import classification_models as models
from formula import fill, names_hash, sample_indices

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens"
SAMPLES = 256


def main(wanted):
    for case in models.CASES:
        if not wanted or case.name in wanted:
            start = time.time()
            write(case)
            print(f"    {time.time() - start:.0f} s", flush=True)


def write(case):
    image = torch.from_numpy(fill("input", (case.batch, *case.size, 3))).permute(0, 3, 1, 2).contiguous()
    model = case.build().eval()
    names = case.fill(model)
    with torch.inference_mode():
        stages = case.record(model, image)
        exact = case.record(model.double(), image.double())
    described = {key: describe(value, exact[key]) for key, value in stages.items()}
    metadata = {
        "case": {"row": case.row, "library": case.library, "batch": case.batch, "height": case.size[0], "width": case.size[1]},
        "stages": described,
        "weights": {"needed": counted(names), **({"whole": counted(case.whole())} if case.whole else {})},
    }
    samples = {key: value.ravel()[sample_indices(value.size, SAMPLES)].astype(np.float32) for key, value in stages.items()}
    path = GOLDENS / case.family / f"{case.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(samples, path, metadata={key: json.dumps(value) for key, value in metadata.items()})
    noise = max(value["noise"] for value in described.values())
    print(f"{case.family}/{case.name}: {path.stat().st_size} bytes, noise {noise:.1e}, logits {described[list(described)[-1]]['absmax']:.3g}")


def counted(names):
    return {"count": len(names), "hash": f"{names_hash(names):016x}"}


def describe(value, exact):
    absmax = float(np.abs(exact).max())
    return {"shape": list(value.shape), "absmax": absmax, "noise": float(np.abs(value - exact).max()) / absmax}


if __name__ == "__main__":
    main(sys.argv[1:])
