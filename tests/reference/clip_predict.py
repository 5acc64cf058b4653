"""What small CLIPs of every kind of file make of pictures and texts: `models/tests/goldens/clip/predict.json`.

    python tests/reference/clip_predict.py PICTURES         (the folder of the lent pictures)

Networks are small, and their tensors filled by `formula.py` under the file's own names. Pictures are prepared by each
author's own code, by Pillow; texts are read with the small list of pairs of `tokenizer.json` (see `clip_tokenizer.py`).
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

import clip.clip
import clip.model
import clip.simple_tokenizer
import numpy as np
import open_clip
import open_clip.transform
import torch
import transformers
from PIL import Image

from formula import fill_module
from inference_models.models.perception_encoder.vision_encoder import config as pe_config
from inference_models.models.perception_encoder.vision_encoder import pe, transforms

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/clip"
DOCUMENT = json.loads((GOLDENS / "tokenizer.json").read_text())
VOCABULARY = DOCUMENT["count"]
PICTURES = ["dog.jpg", "chelsea.png", "page.png"]
TEXTS = ["a photo of a cat", "It’s a café &amp; 2 dogs", "", "line one\nline two 🐈 猫"]


def tokenizer_of(kind):
    with tempfile.NamedTemporaryFile(suffix=".txt.gz") as file:
        Path(file.name).write_bytes(gzip.compress(("#version\n" + DOCUMENT["merges"]).encode()))
        return kind(file.name)


def padded(rows, context):
    return torch.tensor([row + [0] * (context - len(row)) for row in rows])


def openai_tokens(context):
    encode = tokenizer_of(clip.simple_tokenizer.SimpleTokenizer).encode
    return padded([[VOCABULARY - 2, *encode(text), VOCABULARY - 1] for text in TEXTS], context)


def transformer():
    return clip.model.CLIP(32, 32, 2, 64, 8, 77, VOCABULARY, 64, 1, 2), {}


def residual():
    return clip.model.CLIP(32, 64, [1, 2, 1, 1], 8, None, 77, VOCABULARY, 64, 1, 2), {}


def openai(build):
    model, more = build()
    model.initialize_parameters = None
    fill_module(model.eval())
    side = model.visual.input_resolution
    marks = {"input_resolution": side, "context_length": 77, "vocab_size": VOCABULARY}
    prepare = clip.clip._transform(side)
    type(model).dtype = torch.float32
    tokens = openai_tokens(77)
    images = lambda batch: model.visual(batch)
    texts = model.encode_text(tokens)
    return model, {"marks": marks, **more}, prepare, images, texts


def of_open_clip():
    vision = {"image_size": 48, "layers": 2, "width": 64, "patch_size": 16, "head_width": 16, "mlp_ratio": 3.0, "ls_init_value": 0.1}
    text = {"context_length": 77, "vocab_size": VOCABULARY, "width": 32, "heads": 4, "layers": 2}
    model = open_clip.CLIP(40, open_clip.model.CLIPVisionCfg(**vision), open_clip.model.CLIPTextCfg(**text)).eval()
    fill_module(model)
    preprocess = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "interpolation": "bilinear", "resize_mode": "squash"}
    config = {"model_cfg": {"embed_dim": 40, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": preprocess}
    prepare = open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(size=48, **preprocess), is_train=False)
    tokenizer = tokenizer_of(lambda path: open_clip.tokenizer.SimpleTokenizer(path, context_length=77))
    return model, {"config": config}, prepare, model.encode_image, model.encode_text(tokenizer(TEXTS))


def hugging_face_config():
    text = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, vocab_size=VOCABULARY, projection_dim=24, hidden_act="gelu", eos_token_id=VOCABULARY - 1, bos_token_id=VOCABULARY - 2)
    vision = dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=64, image_size=64, patch_size=16, projection_dim=24)
    return transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)


def processor():
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64})


def hugging_face():
    config = hugging_face_config()
    model = transformers.CLIPModel(config).eval()
    fill_module(model)
    config.architectures = ["CLIPModel"]
    prepared = processor()
    vocab = json.loads(DOCUMENT["vocab"])
    merges = [tuple(line.split()) for line in DOCUMENT["merges"].split("\n")]
    tokenizer = transformers.CLIPTokenizer(vocab=vocab, merges=merges)
    given = tokenizer(TEXTS, padding=True, return_tensors="pt")
    prepare = lambda image: prepared(image, return_tensors="pt")["pixel_values"][0]
    more = {"config": json.loads(config.to_json_string()), "preprocessor": json.loads(prepared.to_json_string())}
    images = lambda batch: model.visual_projection(model.vision_model(batch).pooler_output)
    texts = model.text_projection(model.text_model(**given).pooler_output)
    return model, more, prepare, images, texts


def hugging_face_vision():
    config = hugging_face_config().vision_config
    model = transformers.CLIPVisionModelWithProjection(config).eval()
    fill_module(model)
    config.architectures = ["CLIPVisionModelWithProjection"]
    prepared = processor()
    prepare = lambda image: prepared(image, return_tensors="pt")["pixel_values"][0]
    more = {"config": json.loads(config.to_json_string()), "preprocessor": json.loads(prepared.to_json_string())}
    return model, more, prepare, lambda batch: model(batch).image_embeds, None


def perception():
    vision = pe_config.PEConfig(patch_size=8, width=64, layers=2, heads=1, mlp_ratio=3.0, output_dim=40, image_size=40, use_cls_token=True)
    text = pe_config.PETextConfig(context_length=12, width=64, heads=1, layers=2, output_dim=40, vocab_size=VOCABULARY)
    model = pe.CLIP(vision, text).eval()
    fill_module(model)
    tokenizer = tokenizer_of(lambda path: transforms.SimpleTokenizer(path, context_length=12))
    texts = model(None, tokenizer(TEXTS))[1]
    return model, {}, transforms.get_image_transform(40), lambda batch: model(batch, None)[0], texts


CASES = {
    "openai": lambda: openai(transformer),
    "openai-residual": lambda: openai(residual),
    "open-clip": of_open_clip,
    "hugging-face": hugging_face,
    "hugging-face-vision": hugging_face_vision,
    "perception": perception,
}


@torch.inference_mode()
def main(folder):
    rows = []
    for name, build in CASES.items():
        model, more, prepare, images, texts = build()
        state = {key: tuple(value.shape) for key, value in model.state_dict().items() if value.is_floating_point()}
        vectors = torch.stack([images(prepare(Image.open(folder / picture).convert("RGB"))[None])[0] for picture in PICTURES])
        row = {"name": name, **more, "tensors": list(state.items()), "pictures": dict(zip(PICTURES, lists(vectors)))}
        if texts is not None:
            unit = lambda x: x / x.norm(dim=1, keepdim=True)
            scale = model.logit_scale.exp()
            row |= {"texts": dict(zip(TEXTS, lists(texts))), "logit_scale": float(scale)}
            row["probabilities"] = lists((scale * unit(vectors) @ unit(texts).T).softmax(-1))
        rows.append(row)
        print(name, vectors.shape, float(vectors.abs().max()), None if texts is None else float(texts.abs().max()))
    path = GOLDENS / "predict.json"
    path.write_text(json.dumps(rows, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


def lists(values):
    return [[float(np.float32(v)) for v in row] for row in values.tolist()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
