"""YOLO-Lite of the repository `roboflow/yololite` by variant, for inference.

`model_v2.py` alone is enough; the folder it is in is in the environment as YOLOLITE.
"""

import os
import sys

sys.path.insert(0, os.environ["YOLOLITE"])
from model_v2 import YOLOLiteMS, YOLOLiteMS_CPU

# Of `configs/models` and `configs/v2_models`: class, backbone, then `fpn_channels`, `width_multiple`, `depth_multiple`, `head_depth`.
VARIANTS = {
    "edge-n": (YOLOLiteMS_CPU, "mobilenetv4_conv_small_050", 160, 0.60, 0.65, 1),
    "edge-s": (YOLOLiteMS_CPU, "mobilenetv4_conv_small", 256, 0.75, 0.90, 2),
    "edge-m": (YOLOLiteMS_CPU, "mobilenetv4_conv_small", 288, 0.85, 0.95, 2),
    "edge-l": (YOLOLiteMS_CPU, "mobilenetv4_conv_small", 320, 1.00, 1.05, 3),
    "edge-xl": (YOLOLiteMS_CPU, "hgnetv2_b0", 256, 1.0, 1.0, 3),
    "n": (YOLOLiteMS, "tf_efficientnet_lite0", 196, 1.0, 1.0, 1),
    "s": (YOLOLiteMS, "tf_efficientnet_lite1", 256, 1.0, 1.0, 1),
    "m": (YOLOLiteMS, "tf_efficientnet_lite2", 328, 1.0, 1.0, 2),
    "l": (YOLOLiteMS, "tf_efficientnet_lite3", 512, 1.0, 1.0, 3),
    "xl": (YOLOLiteMS, "tf_efficientnetv2_s", 512, 1.0, 1.5, 3),
    "v2-n": (YOLOLiteMS, "tf_efficientnetv2_b0", 196, 1.0, 1.0, 1),
    "v2-s": (YOLOLiteMS, "tf_efficientnetv2_b1", 256, 1.0, 1.0, 2),
    "v2-m": (YOLOLiteMS, "tf_efficientnetv2_b2", 328, 1.0, 1.0, 2),
    "v2-l": (YOLOLiteMS, "convnextv2_tiny", 512, 1.0, 1.0, 3),
}


def build(variant, classes=80, anchors=(1, 1, 1), use_p2=False, use_p6=False):
    kind, backbone, channels, width, depth, head = VARIANTS[variant]
    model = kind(
        backbone=backbone,
        num_classes=classes,
        fpn_channels=channels,
        width_multiple=width,
        depth_multiple=depth,
        head_depth=head,
        num_anchors_per_level=anchors,
        pretrained=False,
        use_p2=use_p2,
        use_p6=use_p6,
    ).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def decode(levels, side):
    """What `AFDecode` of `export_onnx.py` makes of the levels: corners, objectness and classes, the last two as probabilities."""
    import torch
    import torch.nn.functional as F

    boxes, objects, classes = [], [], []
    for level in levels:
        n, _, rows, columns, _ = level.shape
        cell = side / rows
        y, x = torch.meshgrid(torch.arange(rows).float(), torch.arange(columns).float(), indexing="ij")
        centre = torch.stack([level[..., i].sigmoid() * 2 - 0.5 + at for i, at in enumerate((x, y))], -1) * cell
        size = F.softplus(level[..., 2:4]) * cell
        corners = torch.cat([centre - size / 2, centre + size / 2], -1).clamp(0, side - 1)
        boxes.append(corners.reshape(n, -1, 4))
        objects.append(level[..., 4:5].reshape(n, -1, 1).sigmoid())
        classes.append(level[..., 5:].reshape(n, -1, level.shape[-1] - 5).sigmoid())
    return torch.cat(boxes, 1), torch.cat(objects, 1), torch.cat(classes, 1)
