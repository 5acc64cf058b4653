"""Builds upstream's own RF-DETR networks by variant name, without downloads."""

import logging
import warnings

import torch

from formula import fill_module


def salt_of_selection(salt):
    """The salt goes to the two-stage selection alone, so that trying one costs no encoder run."""
    return lambda name: salt if "enc_out" in name else 0


DETECTION = {
    "base": "RFDETRBaseConfig",
    "nano": "RFDETRNanoConfig",
    "small": "RFDETRSmallConfig",
    "medium": "RFDETRMediumConfig",
    "large": "RFDETRLargeConfig",
    "large-deprecated": "RFDETRLargeDeprecatedConfig",
    "seg-preview": "RFDETRSegPreviewConfig",
    "seg-nano": "RFDETRSegNanoConfig",
    "seg-small": "RFDETRSegSmallConfig",
    "seg-medium": "RFDETRSegMediumConfig",
    "seg-large": "RFDETRSegLargeConfig",
    "seg-xlarge": "RFDETRSegXLargeConfig",
    "seg-2xlarge": "RFDETRSeg2XLargeConfig",
    "keypoint-preview": "RFDETRKeypointPreviewConfig",
}

# The two sizes of the `rfdetr_plus` package: its rows, built by rfdetr's own modules.
PLUS = {
    "xlarge": {"num_windows": 1, "resolution": 700, "positional_encoding_size": 35},
    "2xlarge": {"num_windows": 2, "resolution": 880, "positional_encoding_size": 44},
}

SEMANTIC = {
    "sem-nano": "RFDETRSemNanoConfig",
    "sem-small": "RFDETRSemSmallConfig",
    "sem-medium": "RFDETRSemMediumConfig",
    "sem-large": "RFDETRSemLargeConfig",
    "sem-xlarge": "RFDETRSemXLargeConfig",
    "sem-2xlarge": "RFDETRSem2XLargeConfig",
}

VARIANTS = [*DETECTION, *PLUS, *SEMANTIC]


def config_of(variant, **overrides):
    """Upstream's configuration object of a variant, on the CPU."""
    if variant in SEMANTIC:
        from inference_models.models.rfdetr import rfdetr_base_pytorch as upstream

        return getattr(upstream, SEMANTIC[variant])(device=torch.device("cpu"), **overrides)
    from rfdetr import config as upstream

    if variant in DETECTION:
        return getattr(upstream, DETECTION[variant])(device="cpu", **overrides)
    row = {
        "encoder": "dinov2_windowed_base",
        "hidden_dim": 512,
        "dec_layers": 5,
        "sa_nheads": 16,
        "ca_nheads": 32,
        "dec_n_points": 4,
        "patch_size": 20,
        "projector_scale": ["P4"],
        "out_feature_indexes": [3, 6, 9, 12],
        "num_classes": 365,
        # Any name: `None` would ask for the DINOv2 weights.
        "pretrain_weights": "rf-detr-xlarge.pth",
    }
    return upstream.ModelConfig(device="cpu", **{**row, **PLUS[variant], **overrides})


def build(variant, salt=0, **overrides):
    """`(config, network in eval mode)` with every weight from the formula."""
    quiet()
    config = config_of(variant, **overrides)
    if variant in SEMANTIC:
        from inference_models.models.rfdetr.rfdetr_base_pytorch import build_model

        model = build_model(config)
    else:
        from rfdetr.models.lwdetr import build_model_from_config

        model = build_model_from_config(config)
    fill_module(model, salt_of_selection(salt))
    return config, model.eval()


def quiet():
    """One thread, and none of upstream's advice on the console."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.getLogger("rf-detr").setLevel(logging.ERROR)
