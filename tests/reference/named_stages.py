"""Golden files of networks whose stages have names: what `models/tests/common/stages.rs` reads.

One tensor of samples (`formula.sample_indices`) for each stage, and in the metadata

    case      image: n h w; norms: one letter for each batch norm of the network, in the order of their names: `running_var`
              is the formula's times 2^(letter - m), so that values keep their magnitude through the network
    stages    shape, channels last, and largest magnitude of each
    weights   needed: count and hash (`formula.names_hash`) of what inference needs of the state dict
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from formula import fill, fill_module, names_hash, sample_indices
from yolo_stages import normalise

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens"


@torch.inference_mode()
def write(family, name, model, shape, stages_of, needed=lambda name: True):
    """Fills `model`, runs it on the formula's picture `[n, h, w]`, and keeps what `stages_of(model, image)` gives."""
    fill_module(model)
    image = torch.from_numpy(fill("input", (*shape, 3))).permute(0, 3, 1, 2).contiguous()
    letters = normalise(model, image)
    state = {key: tuple(value.shape) for key, value in model.state_dict().items() if needed(key)}
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    norms = sorted(key for key in state if key.endswith(".running_var"))
    stages = {key: np.ascontiguousarray(value.numpy()) for key, value in stages_of(model, image).items()}
    metadata = {
        "case": {"image": shape, "norms": "".join(letters[key] for key in norms)},
        "stages": {key: {"shape": value.shape, "absmax": float(np.abs(value).max())} for key, value in stages.items()},
        "weights": {"needed": {"count": len(state), "hash": f"{names_hash(state):016x}"}},
    }
    samples = {key: np.ascontiguousarray(value.ravel()[sample_indices(value.size)], dtype=np.float32) for key, value in stages.items()}
    path = GOLDENS / family / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(samples, path, metadata={key: json.dumps(value, separators=(",", ":")) for key, value in metadata.items()})
    facts = {key: (value.shape, float(np.abs(value).max()), float(value.std())) for key, value in stages.items()}
    print(f"{family} {name}: {path.stat().st_size} bytes, {facts}", flush=True)


def last(value):
    """Channels last."""
    return value.permute(0, 2, 3, 1)


def keep(modules):
    """Name of a stage -> module; the dict that the next run fills, channels last."""
    stages = {}

    def hook(name):
        def store(_, __, output):
            stages[name] = last(output).clone()

        return store

    for name, module in modules.items():
        module.register_forward_hook(hook(name))
    return stages
