"""Stage-by-stage samples of YOLO-Lite with weights from the formula.

    YOLOLITE=FOLDER python tests/reference/yololite_stages.py

Writes models/tests/goldens/yololite/VARIANT.safetensors (see `named_stages.py`). `yololite_models.py` says what FOLDER is.
"""

from named_stages import keep, last, write
from yololite_models import VARIANTS, build, decode

SIDE = 64


def stages(model, image):
    levels = [level for level in range(2, 7) if hasattr(model, f"head{level}")]
    order = [level for level in (5, 4, 3, 2, 6) if level in levels]
    found = keep({f"level{level}": getattr(model, f"smooth{level}") for level in levels})
    maps = {f"map{i}": last(value) for i, value in enumerate(model.backbone(image))}
    boxes, objectness, classes = decode(model(image), SIDE)
    assert set(found) == {f"level{level}" for level in order}
    found = {f"level{level}": found[f"level{level}"] for level in levels}
    return {**maps, **found, "boxes": boxes, "objectness": objectness, "classes": classes}


def needed(coarse):
    return lambda name: coarse or not name.startswith(("p6_", "smooth6"))


if __name__ == "__main__":
    for variant in VARIANTS:
        write("yololite", variant, build(variant), (1, SIDE, SIDE), stages, needed(False))
    for variant in ["edge-n", "n"]:
        model = build(variant, 3, (2, 1, 3), True, True)
        write("yololite", f"{variant}-levels", model, (1, SIDE, SIDE), stages, needed(True))
