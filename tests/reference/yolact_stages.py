"""Stage-by-stage samples of YOLACT with weights from the formula.

    YOLACT=FOLDER python tests/reference/yolact_stages.py

Writes models/tests/goldens/yolact/CONFIG.safetensors (see `named_stages.py`). `yolact_models.py` says what FOLDER is. Sizes of
the anchors are those of a picture of the configuration's own size, which the small one here is taken for.

`boxes` are centre, width and height in parts of the picture, decoded as the repository decodes them.
"""

import torch

from named_stages import last, write
from yolact_models import build

CONFIGS = ["yolact_base", "yolact_resnet50", "yolact_darknet53", "yolact_resnet50_pascal"]


def stages(model, image):
    with torch.no_grad():
        maps = model.backbone(image)
    found = {f"layer{i}": last(value).clone() for i, value in enumerate(maps)}
    levels = []
    model.fpn.register_forward_hook(lambda _, __, output: levels.extend(last(value).clone() for value in output))
    predictions = model(image)
    found.update({f"level{i}": value for i, value in enumerate(levels[-5:])})
    places, sides = predictions["loc"], predictions["priors"][None]
    centres = sides[..., :2] + places[..., :2] * 0.1 * sides[..., 2:]
    boxes = torch.cat([centres, sides[..., 2:] * torch.exp(places[..., 2:] * 0.2)], -1)
    return {**found, "protos": predictions["proto"], "boxes": boxes, "scores": predictions["conf"], "coefficients": predictions["mask"]}


if __name__ == "__main__":
    for config in CONFIGS:
        write("yolact", config, build(config), (1, 96, 64), stages, lambda name: not name.startswith("semantic_seg_conv"))
