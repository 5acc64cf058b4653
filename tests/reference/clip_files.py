"""Whole CLIPs as their trainers and upstream's packages store them, with random weights, against the built binary.

    python tests/reference/clip_files.py OCELLI SHARED [case ...]

Writes each file into a temporary folder, and prints the largest difference of a picture's vector, over its largest element,
and of the probabilities of some texts.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import clip.clip
import clip.model
import clip.simple_tokenizer
import cv2
import numpy as np
import open_clip
import torch
import transformers
from PIL import Image

from inference_models.models.clip.clip_pytorch import ClipTorch
from inference_models.models.perception_encoder.perception_encoder_pytorch import PerceptionEncoderTorch
from inference_models.models.perception_encoder.vision_encoder import pe, transforms

TEXTS = ["a photo of a cat", "It’s a dog", "two buses 🚌 on the street", "el niño"]
LIST = clip.simple_tokenizer.default_bpe()
CPU = torch.device("cpu")


def shake(model):
    """Weights that tell pictures and texts apart: those of a fresh network hardly do."""
    torch.manual_seed(0)
    for name, value in model.named_parameters():
        if value.dim() > 1:
            value.data.normal_(0, (1.5 / value[0].numel()) ** 0.5)
        elif name != "logit_scale" and name.endswith("bias"):
            value.data.normal_(0, 0.05)
    return model.eval()


class Archive(torch.nn.Module):
    """What OpenAI's archives hold besides."""

    def __init__(self, model):
        super().__init__()
        for name, child in model.named_children():
            setattr(self, name, child)
        for name in ["positional_embedding", "text_projection", "logit_scale"]:
            setattr(self, name, getattr(model, name))
        for name, value in [("input_resolution", model.visual.input_resolution), ("context_length", 77), ("vocab_size", 49408)]:
            self.register_buffer(name, torch.tensor(value))

    def forward(self, image):
        return self.visual(image)


def openai(folder, name, *sizes):
    model = shake(clip.model.CLIP(*sizes))
    clip.model.convert_weights(model)
    side = model.visual.input_resolution
    archive = Archive(model)
    archive.float()
    example = torch.zeros(1, 3, side, side)
    traced = torch.jit.trace(archive, example, check_trace=False)
    clip.model.convert_weights(traced)
    traced.save(folder / f"{name}.pt")
    (folder / "model.pt").symlink_to(folder / f"{name}.pt")
    loaded, prepare = clip.clip.load(str(folder / f"{name}.pt"), device="cpu")
    upstream = ClipTorch.from_pretrained(str(folder), device=CPU)
    texts = loaded.encode_text(clip.clip.tokenize(TEXTS))
    print("  upstream's texts differ by", float((upstream.embed_text(TEXTS) - texts).abs().max()))
    served = lambda path: upstream.embed_images(cv2.imread(str(path)))[0]
    return folder / f"{name}.pt", lambda path: loaded.encode_image(prepare(Image.open(path))[None])[0], texts, loaded.logit_scale.exp(), served


def vit_b_32(folder):
    return openai(folder, "ViT-B-32", 512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)


def rn50(folder):
    return openai(folder, "RN50", 1024, 224, [3, 4, 6, 3], 64, None, 77, 49408, 512, 8, 12)


def hugging_face(folder):
    model = shake(transformers.CLIPModel(transformers.CLIPConfig()))
    model.save_pretrained(folder)
    processor = transformers.CLIPImageProcessorPil()
    processor.save_pretrained(folder)
    merges = gzip.open(LIST).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    signs = list(clip.simple_tokenizer.bytes_to_unicode().values())
    names = signs + [sign + "</w>" for sign in signs] + ["".join(pair.split()) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[tuple(pair.split()) for pair in merges])
    tokenizer.save_pretrained(folder)
    texts = model.get_text_features(**tokenizer(TEXTS, padding=True, return_tensors="pt"))
    texts = getattr(texts, "pooler_output", texts)

    def image(path):
        found = model.get_image_features(**processor(Image.open(path).convert("RGB"), return_tensors="pt"))
        return getattr(found, "pooler_output", found)[0]

    return folder, image, texts, model.logit_scale.exp(), None


def of_open_clip(folder):
    model, _, prepare = open_clip.create_model_and_transforms("ViT-B-16")
    shake(model)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": open_clip.get_model_config("ViT-B-16"), "preprocess_cfg": {}}))
    texts = model.encode_text(open_clip.get_tokenizer("ViT-B-16")(TEXTS))
    return folder, lambda path: model.encode_image(prepare(Image.open(path))[None])[0], texts, model.logit_scale.exp(), None


def perception(folder):
    name = "PE-Core-B16-224"
    model = shake(pe.CLIP.from_config(name))
    torch.save(model.state_dict(), folder / "model.pt")
    (folder / "config.json").write_text(json.dumps({"vision_encoder_config": name}))
    (folder / "model_config.json").write_text(json.dumps({"model_architecture": "perception-encoder", "task_type": "embedding", "backend_type": "torch"}))
    upstream = PerceptionEncoderTorch.from_pretrained(str(folder), device=CPU)
    prepare = transforms.get_image_transform(224)
    served = lambda path: upstream.embed_images(cv2.imread(str(path)))[0]
    return folder, lambda path: model(prepare(Image.open(path))[None], None)[0][0], upstream.embed_text(TEXTS), model.logit_scale.exp(), served


CASES = {"openai": vit_b_32, "openai-residual": rn50, "hugging-face": hugging_face, "open-clip": of_open_clip, "perception": perception}


@torch.inference_mode()
def main(binary, shared, wanted):
    for case in wanted or CASES:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            with torch.inference_mode(False), torch.no_grad():
                model, image, texts, scale, served = CASES[case](folder)
            if (folder / "tokenizer.json").is_file() is False:
                (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(Path(LIST).read_bytes())
            for picture in ["dog.jpg", "chelsea.png"]:
                path = Path(shared) / "images" / picture
                needed = image(path)
                found = run(binary, model, path)["embedding"]
                off = np.abs(np.array(found) - needed.numpy()).max() / needed.abs().max().item()
                unit = lambda x: x / x.norm(dim=-1, keepdim=True)
                shares = (scale * unit(needed) @ unit(texts).T).softmax(-1)
                classes = run(binary, model, path, "--classes", ",".join(TEXTS))["predictions"]
                by_name = {one.get("class", one.get("class_name")): one["confidence"] for one in classes}
                apart = max(abs(by_name[text] - float(share)) for text, share in zip(TEXTS, shares))
                line = f"{case} {picture}: vector {off:.1e}, probabilities {apart:.1e} of {[round(float(s), 4) for s in shares]}"
                if served:
                    other = served(path)
                    line += f", cosine with upstream's serving {float(torch.nn.functional.cosine_similarity(other, torch.tensor(found), dim=0)):.6f}"
                print(line, flush=True)


def run(binary, model, picture, *more):
    ran = subprocess.run([binary, "predict", model, picture, "--json", "-", *more], capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return json.loads(ran.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
