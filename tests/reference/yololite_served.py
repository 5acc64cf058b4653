"""What `inference-models` answers from a YOLO-Lite package with weights from the formula.

    YOLOLITE=FOLDER python tests/reference/yololite_served.py

Writes models/tests/goldens/yololite/served.json. `yololite_models.py` says what FOLDER is.
"""

import tempfile

import torch
from inference_models.models.common.roboflow.model_packages import ResizeMode
from inference_models.models.yololite.yololite_object_detection_onnx import YOLOLiteForObjectDetectionOnnx

from formula import fill_module
from served import ask, described, parsed, save
from yololite_models import build, decode

SIDE = 64


def main():
    model = build("edge-n", 3)
    fill_module(model)

    def network(pixels):
        boxes, objectness, classes = decode(model(pixels), SIDE)
        return boxes, objectness.logit(), classes.logit()

    config = described(SIDE)
    with tempfile.TemporaryDirectory() as folder:
        inference = parsed(config, folder, {ResizeMode.LETTERBOX})
    served = YOLOLiteForObjectDetectionOnnx(None, "images", inference, ["class0", "class1", "class2"], torch.device("cpu"), 1)
    answers = []
    for options in [{}, {"confidence": 0.3}, {"confidence": 0.3, "iou_threshold": 0.6, "max_detections": 5}]:
        found = ask(served, network, **options)
        answers.append(
            {
                "options": options,
                "class_id": found.class_id.tolist(),
                "confidence": [round(v, 6) for v in found.confidence.tolist()],
                "xyxy": found.xyxy.tolist(),
            }
        )
        print(options, len(found.class_id), found.confidence[:8])
    save("yololite", "served", config, answers)


if __name__ == "__main__":
    main()
