"""Goldens for how Ultralytics fits pictures and reads outputs, and for masks from prototypes.

Run from the repository's root with a Python that has `ultralytics` and `inference-models`:

    python tests/reference/yolo_vision.py

Inputs come from the formulas of `vision.py`, which `vision/src/testing.rs` repeats.
"""

import numpy as np
import torch
import torchvision.transforms as transforms
from inference_models.models.common.roboflow import post_processing as answers
from PIL import Image
from ultralytics.data.augment import LetterBox
from ultralytics.models.yolo.depth.predict import DepthPredictor
from ultralytics.models.yolo.semantic.predict import SemanticSegmentationPredictor
from ultralytics.utils import nms, ops

from vision import floats, fnv, fractions, noise, picture, record, save

PICTURES = [(64, 48), (48, 64), (101, 67), (640, 427), (427, 640), (1280, 720), (33, 1), (3, 500)]


def letterbox():
    for size in PICTURES:
        for canvas in [(64, 64), (96, 64), (640, 640)]:
            for stride in [None, 32, 64]:
                box = LetterBox((canvas[1], canvas[0]), auto=stride is not None, stride=stride or 32)
                image = picture(size, 3, "noise")
                params = box.get_params({"img": image})
                row = {key: params[key] for key in ["top", "left", "bottom", "right"]}
                row |= {"inner": params["new_unpad"], **record(box(image=image))}
                yield {"from": size, "canvas": canvas, "stride": stride or 0, **row}


def shortest_edge():
    for size in PICTURES[:6]:
        for edge, crop in [(32, (32, 32)), (64, (56, 56)), (64, (57, 33)), (32, (48, 40))]:
            steps = [transforms.Resize(edge), transforms.CenterCrop((crop[1], crop[0]))]
            out = transforms.Compose(steps)(Image.fromarray(picture(size, 3, "noise")))
            yield {"from": size, "edge": edge, "crop": crop, **record(np.array(out))}


def rows(count, classes, extra, seed):
    """[count, 4 + classes + extra]: boxes in 640 pixels, scores in 0..1, extras in -8..8."""
    values = torch.from_numpy(fractions(count * (4 + classes), seed).reshape(count, 4 + classes).copy())
    values[:, :2] *= 640
    values[:, 2:4] *= 160
    extras = torch.from_numpy(floats(count * extra, seed + 1).reshape(count, extra).copy())
    return torch.cat([values, extras], 1)


def suppression():
    for count, classes, confidence, iou, agnostic, most in [
        (60, 1, 0.25, 0.7, False, 300),
        (500, 3, 0.5, 0.45, False, 300),
        (500, 80, 0.98, 0.7, False, 20),
        (500, 3, 0.9, 0.3, True, 300),
    ]:
        for rotated in [False, True]:
            values = rows(count, classes, 1, 51)
            found, kept = nms.non_max_suppression(
                values.T[None].clone(), confidence, iou, nc=classes, max_det=most,
                agnostic=agnostic, rotated=rotated, return_idxs=True,
            )
            yield {
                "count": count, "classes": classes, "confidence": confidence, "iou": iou, "most": most,
                "agnostic": agnostic, "rotated": rotated, "kept": kept[0].int().tolist(),
                "class_id": found[0][:, 5].int().tolist(),
            }


def instances(count, grid):
    """Boxes in pixels of the input, four to a pixel of the grid, and eight coefficients each."""
    boxes = fractions(count * 4, 61).reshape(count, 4).copy()
    boxes[:, 2:] = boxes[:, :2] + boxes[:, 2:] / 2
    boxes *= np.array([grid[0], grid[1]] * 2, dtype=np.float32) * 4
    coefficients = floats(count * 8, 62).reshape(count, 8)
    protos = floats(grid[0] * grid[1] * 8, 63).reshape(grid[1], grid[0], 8)
    protos = torch.from_numpy(protos).permute(2, 0, 1)
    return torch.from_numpy(boxes), torch.from_numpy(coefficients), protos


def runs(masks):
    """Hashes of the masks' bytes, row by row, and their areas."""
    masks = masks.to(torch.uint8)
    return {
        "hashes": [fnv(mask.numpy().tobytes()) for mask in masks],
        "areas": [int(mask.sum()) for mask in masks],
    }


def masks():
    for size, canvas in [((64, 48), (64, 64)), ((101, 67), (64, 64)), ((427, 640), (64, 96)), ((300, 200), (96, 64)), ((64, 64), (64, 64))]:
        grid = (canvas[0] // 4, canvas[1] // 4)
        boxes, coefficients, protos = instances(6, grid)
        scaled = ops.scale_boxes((canvas[1], canvas[0]), boxes.clone(), (size[1], size[0]))
        native = ops.process_mask_native(protos, coefficients, scaled, (size[1], size[0]))
        case = {"from": size, "canvas": canvas}
        yield case | {"way": "native", **runs(native)}
        maps = answers.preprocess_segmentation_masks(protos, coefficients)
        for way, values in [("smooth", maps.sigmoid()), ("logits", maps)]:
            cut = answers.crop_masks_to_boxes(boxes, values)
            flat = cut.reshape(-1)
            step = max(1, flat.numel() // 200)
            yield case | {"way": way, "values": flat[::step].tolist()}


class Predictor:
    """What the post-processing functions ask of a predictor."""

    def __init__(self, classes):
        self.batch = (["a.jpg"],)
        self.args = type("Args", (), {"classes": None})
        self.model = type("Model", (), {"names": {i: str(i) for i in range(classes)}})

    _class_map_dtype = staticmethod(SemanticSegmentationPredictor._class_map_dtype)


def dense():
    for size, canvas, grid in [((101, 67), (64, 64), (8, 8)), ((64, 48), (64, 64), (16, 16)), ((30, 80), (32, 64), (8, 16))]:
        image = torch.zeros(1, 3, canvas[1], canvas[0])
        original = [np.zeros((size[1], size[0], 3), np.uint8)]
        for classes in [1, 5]:
            logits = torch.from_numpy(floats(grid[0] * grid[1] * classes, 71).reshape(1, grid[1], grid[0], classes).copy())
            result = SemanticSegmentationPredictor.postprocess(
                Predictor(max(classes, 2)), logits.permute(0, 3, 1, 2), image, original
            )[0]
            found = result.semantic_mask.data.numpy().reshape(-1).tolist()
            step = max(1, len(found) // 400)
            yield {"task": "semantic", "from": size, "canvas": canvas, "grid": grid, "classes": classes, "values": found[::step]}
        depth = torch.from_numpy(floats(grid[0] * grid[1], 72).reshape(1, 1, grid[1], grid[0]).copy())
        result = DepthPredictor.postprocess(Predictor(1), depth, image, original)[0]
        found = result.depth.data.numpy().reshape(-1).tolist()
        step = max(1, len(found) // 200)
        yield {"task": "depth", "from": size, "canvas": canvas, "grid": grid, "classes": 1, "values": found[::step]}


if __name__ == "__main__":
    save("yolo_letterbox.json", letterbox())
    save("yolo_shortest_edge.json", shortest_edge())
    save("yolo_suppression.json", suppression())
    save("yolo_masks.json", masks())
    save("yolo_dense.json", dense())
