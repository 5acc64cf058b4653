"""Checkpoints in every layout that RF-DETR's trainers write, with the weights cut to crumbs.

    python tests/reference/rfdetr_fixtures.py SHARED

SHARED/weights/rfdetr-nano-16.pth is a real file of today's trainer; all that is not a weight is kept
from it. A part of the names is kept (one block, one decoder layer, two groups); each tensor keeps its
rank and type, its extents are cut to 2, and all share one storage per type. Written to
`models/tests/fixtures/rfdetr/`:

    today.pth       checkpoint_best_total.pth of 1.11: model, args (dict), model_name, model_config, state_dict, callbacks ...
    stripped.pth    the same without model_config, as 1.8 to 1.10 wrote it
    lightning.ckpt  last.ckpt of a compiled run with an average model: no `model`, names `model._orig_mod.*`
    legacy.pth      checkpoint_best_regular.pth of 1.0 to 1.4: model, optimizer, lr_scheduler, epoch, args (Namespace)
    converted.ckpt  convert_legacy_checkpoint of that: hyper_parameters, legacy_ema_state_dict
"""

import collections
import importlib.util
import re
import sys
import tempfile
from pathlib import Path

import torch

from rfdetr_models import config_of, quiet

FIXTURES = Path(__file__).resolve().parents[2] / "models/tests/fixtures/rfdetr"
LEFT_OUT = re.compile(r"layer\.([1-9]|1\d)\.|layers\.[1-9]\.(self|cross|norm|linear)|enc_\w+\.([2-9]|1\d)\.|\.m\.[12]\.")


def main(shared):
    quiet()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    today = torch.load(Path(shared) / "weights/rfdetr-nano-16.pth", map_location="cpu", weights_only=False)
    model = crumbs(today["model"])
    today["model"] = model
    today["state_dict"] = prefixed("model.", model)
    save("today.pth", today)
    save("stripped.pth", {key: value for key, value in today.items() if key != "model_config"})
    save("lightning.ckpt", lightning(today, model))

    legacy = legacy_checkpoint(today, model)
    save("legacy.pth", legacy)
    legacy["ema_model"] = legacy["model"]
    with tempfile.NamedTemporaryFile() as source:
        torch.save(legacy, source.name)
        converter().convert_legacy_checkpoint(source.name, str(FIXTURES / "converted.ckpt"))
    report("converted.ckpt")


def converter():
    """`rfdetr/training/checkpoint.py` by itself: its package wants the extras for training."""
    import rfdetr

    path = Path(rfdetr.__file__).parent / "training/checkpoint.py"
    spec = importlib.util.spec_from_file_location("checkpoint", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def crumbs(model):
    """Some of the names, each with a crumb of a tensor."""
    storages = {dtype: torch.arange(16).to(dtype) for dtype in {tensor.dtype for tensor in model.values()}}
    kept = collections.OrderedDict()
    for name, tensor in model.items():
        if not LEFT_OUT.search(name):
            shape = [min(extent, 2) for extent in tensor.shape]
            kept[name] = storages[tensor.dtype][: torch.Size(shape).numel()].view(shape)
    return kept


def prefixed(prefix, model):
    return {prefix + name: tensor for name, tensor in model.items()}


def lightning(today, model):
    average = {"n_averaged": torch.tensor(3), **prefixed("module.model.", model)}
    callbacks = {**today["callbacks"], "RFDETREMACallback": {"latest_update_step": 520, "average_model_state_dict": average}}
    order = ["pytorch-lightning_version", "global_step", "loops", "args", "model_name", "model_config", "rfdetr_version"]
    described = {key: today[key] for key in order}
    return {"epoch": 4, "state_dict": prefixed("model._orig_mod.", model), "callbacks": callbacks, "optimizer_states": [], "lr_schedulers": [], **described}


def legacy_checkpoint(today, model):
    """The namespace is what rf-detr's own `populate_args`, which inference_models still carries, fills."""
    from inference_models.models.rfdetr.rfdetr_base_pytorch import populate_args

    row = config_of("nano").model_dump() | {"num_classes": 16, "device": "cuda"}
    row = {key: value for key, value in row.items() if key in LEGACY_FIELDS}
    args = populate_args(**row, class_names=today["args"]["class_names"], segmentation_head=False)
    old = collections.OrderedDict((name, tensor) for name, tensor in model.items() if name != "_kp_active_mask")
    optimizer = {"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999), "params": [0, 1]}]}
    return {"model": old, "optimizer": optimizer, "lr_scheduler": {"last_epoch": 5, "_last_lr": [1e-4]}, "epoch": 4, "args": args}


LEGACY_FIELDS = {
    "encoder", "out_feature_indexes", "dec_layers", "two_stage", "projector_scale", "hidden_dim", "patch_size",
    "num_windows", "sa_nheads", "ca_nheads", "dec_n_points", "bbox_reparam", "lite_refpoint_refine", "layer_norm",
    "amp", "num_classes", "pretrain_weights", "device", "resolution", "group_detr", "gradient_checkpointing",
    "positional_encoding_size", "ia_bce_loss", "num_queries", "num_select", "mask_downsample_ratio",
}  # fmt: skip


def save(name, checkpoint):
    torch.save(checkpoint, FIXTURES / name)
    report(name)


def report(name):
    print(name, (FIXTURES / name).stat().st_size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1])
