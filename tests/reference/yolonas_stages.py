"""Stage-by-stage samples of YOLO-NAS with weights from the formula.

    SUPER_GRADIENTS=FOLDER python tests/reference/yolonas_stages.py

Writes models/tests/goldens/yolonas/LETTER.safetensors (see `named_stages.py`). `yolonas_models.py` says what FOLDER is.
"""

from named_stages import keep, write
from yolonas_models import build


def stages(model, image):
    backbone, neck = model.backbone, model.neck
    found = keep(
        {
            "stem": backbone.stem,
            **{f"stage{i}": getattr(backbone, f"stage{i}") for i in range(1, 5)},
            "context": backbone.context_module,
            "neck1": neck.neck1.blocks,
            "neck2": neck.neck2.blocks,
            "neck3": neck.neck3,
            "neck4": neck.neck4,
        }
    )
    (boxes, scores), _ = model(image)
    return {**found, "boxes": boxes, "scores": scores}


if __name__ == "__main__":
    for letter in "sml":
        write("yolonas", letter, build(letter), (1, 96, 64), stages, lambda name: ".rbr_reparam." not in name)
