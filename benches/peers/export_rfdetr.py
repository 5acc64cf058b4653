"""Writes the same RF-DETR weights for every peer: ONNX as upstream exports it, and a checkpoint.

    python benches/peers/export_rfdetr.py ../shared/weights/rfdetr-nano-16.pth [out/peers]

`rfdetr-nano` has the trained weights, `rfdetr-base` weights from `tests/reference/formula.py`: the
time does not depend on them. Next to each `.onnx` and `.pth` stands `NAME-legacy.pth`, the layout
that inference_models can read.
"""

import argparse
import shutil
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/reference"))

from rfdetr_models import build, quiet  # noqa: E402
from rfdetr_predict import write_old_form  # noqa: E402


def main(checkpoint, out):
    quiet()
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(checkpoint, out / "rfdetr-nano.pth")
    write_formula_base(out / "rfdetr-base.pth")
    for name in ("rfdetr-nano", "rfdetr-base"):
        source = out / f"{name}.pth"
        write_old_form(source, out / f"{name}-legacy.pth")
        export(source, out / f"{name}.onnx")


def write_formula_base(path):
    config, model = build("base")
    description = {"args": {}, "model_name": "RFDETRBase", "model_config": config.model_dump()}
    torch.save({"model": model.state_dict(), **description, "rfdetr_version": "1.11.2"}, path)


def export(source, target):
    from rfdetr.detr import RFDETR

    model = RFDETR.from_checkpoint(source, trust_checkpoint=True)
    written = Path(model.export(output_dir=str(target.parent / "export"), verbose=False))
    written.replace(target)
    print(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="a trained rfdetr-nano")
    parser.add_argument("out", type=Path, nargs="?", default=ROOT / "out/peers")
    options = parser.parse_args()
    main(options.checkpoint, options.out)
