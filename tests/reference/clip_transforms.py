"""How CLIP's authors, and those of the Perception Encoder, prepare the lent pictures: `models/tests/goldens/clip/transforms.json`.

    python tests/reference/clip_transforms.py SHARED

Rows of architecture, side and, for each picture, the FNV-1a hash of the input's words (see `classification_transforms.py`).
"""

import json
import sys
from pathlib import Path

import clip.clip
from PIL import Image

from classification_transforms import record
from inference_models.models.perception_encoder.vision_encoder import transforms

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/clip/transforms.json"

pictures = {path.name: Image.open(path) for path in sorted((Path(sys.argv[1]) / "images").iterdir())}
rows = []
for side in [224, 288, 336, 448]:
    ways = {"clip": clip.clip._transform(side), "perception-encoder": transforms.get_image_transform(side)}
    for architecture, apply in ways.items():
        found = record(pictures, apply)
        rows.append({"architecture": architecture, "side": side, "pictures": {name: one["hash"] for name, one in found.items()}})
GOLDENS.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
print(GOLDENS.stat().st_size, "bytes", len(pictures), "pictures")
