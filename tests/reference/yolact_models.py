"""YOLACT of the repository `dbolya/yolact` (MIT) by configuration, for inference.

The repository's folder is in the environment as YOLACT.
"""

import os
import sys

import torch

sys.path.insert(0, os.environ["YOLACT"])
torch.cuda.current_device = lambda: 0
torch.cuda.device_count = lambda: 2  # more than one: no TorchScript
import yolact  # noqa: E402
from data.config import cfg, set_cfg  # noqa: E402


def build(config):
    """The network of `CONFIG_config`, answering with the dict that its suppression would get."""
    set_cfg(f"{config}_config")
    cfg.mask_dim = None
    yolact.prior_cache.clear()
    model = yolact.Yolact()
    model.eval()
    model.detect = lambda predictions, net: predictions
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model
