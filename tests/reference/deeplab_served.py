"""What `inference-models` answers from a DeepLabV3+ package with weights from the formula.

    python tests/reference/deeplab_served.py

Writes models/tests/goldens/deeplab/served.json: the classes of all pixels as run lengths, and how sure they are on average.
"""

import tempfile

import numpy as np
import torch
from inference_models.models.common.roboflow.model_packages import ResizeMode
from inference_models.models.deep_lab_v3_plus.deep_lab_v3_plus_segmentation_torch import (
    DeepLabV3PlusForSemanticSegmentationTorch,
)

from deeplab_stages import build
from formula import fill_module
from served import ask, described, parsed, save

NAMES = ["a", "background", "b", "c"]


def main():
    model = build("resnet18", 3)
    fill_module(model)
    config = described(64, model_initialization={"classes": 3, "in_channels": 3, "encoder_name": "resnet18"})
    with tempfile.TemporaryDirectory() as folder:
        inference = parsed(config, folder, {ResizeMode.LETTERBOX})
    served = DeepLabV3PlusForSemanticSegmentationTorch(model, inference, NAMES, 1, torch.device("cpu"))
    answers = []
    for options in [{}, {"confidence": 0.4}, {"confidence": 0.8}]:
        found = ask(served, model, **options)
        classes, sure = found.segmentation_map.numpy().ravel(), found.confidence.numpy()
        edges = np.flatnonzero(np.diff(classes)) + 1
        runs = np.diff([0, *edges, classes.size]).tolist()
        values = classes[[0, *edges]].tolist()
        answers.append({"options": options, "classes": values, "runs": runs, "confidence": round(float(sure.mean()), 6)})
        print(options, np.unique(classes, return_counts=True), sure.mean(), len(runs))
    save("deeplab", "served", config, answers)


if __name__ == "__main__":
    main()
