"""Writes YOLO networks with the weights they are born with, which the time does not depend on, for every peer.

    python benches/peers/export_yolo.py [out/peers] [yolo11n yolov8n yolov8s]

`NAME.pt` is a checkpoint as `yolo train` writes it, `NAME.onnx` the export of `ultralytics`.
"""

import argparse
from pathlib import Path

import torch
from ultralytics import YOLO

ROOT = Path(__file__).resolve().parents[2]


def main(out, names):
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        torch.manual_seed(0)
        model = YOLO(f"{name}.yaml")
        model.model.args = {"imgsz": 640, "task": model.task}
        path = out / f"{name}.pt"
        torch.save({"model": model.model.half(), "ema": None, "train_args": {"imgsz": 640}}, path)
        YOLO(path).export(format="onnx", imgsz=640, simplify=False, device="cpu")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "out/peers")
    parser.add_argument("names", nargs="*", default=["yolo11n", "yolov8n", "yolov8s"])
    options = parser.parse_args()
    main(options.out, options.names)
