"""Records what classifiers and encoders of each layout make of the lent pictures, from file to answer.

    python tests/reference/classification_predict.py SHARED

Writes `models/tests/goldens/classification/predict.json`, one case a line:

    name, architecture, task
    config        `config.json`; `preprocessor` `preprocessor_config.json`; `inference_config` of a package
    tensors       [name in the file, name in this project (the formula's), shape]
    pictures      name -> the scores, or the vector

and `models/tests/goldens/classification/dinov2-small.json`: vectors and samples of the tokens (`formula.sample_indices`)
that `transformers` gets from the lent weights.

Weights are filled by the formula under this project's names. Pictures are prepared by the library's own transform; that
of `transformers` is the one that works on Pillow's pictures.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import load_file
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import classification_models as models
from formula import sample_indices

GOLDENS = Path(__file__).resolve().parents[2] / "models/tests/goldens/classification"
PICTURES = ["bus.jpg", "chelsea.png"]
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def main(shared):
    pictures = {name: Image.open(Path(shared) / "images" / name).convert("RGB") for name in PICTURES}
    rows = [case(pictures) for case in CASES]
    GOLDENS.mkdir(parents=True, exist_ok=True)
    path = GOLDENS / "predict.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(path.stat().st_size, "bytes")
    path = GOLDENS / "dinov2-small.json"
    path.write_text(json.dumps(trained(pictures, Path(shared) / "weights/dinov2-small.safetensors")) + "\n")
    print(path.stat().st_size, "bytes")


def filled(model, names, spelled=lambda name: name):
    """Fills the model; `spelled` is how a file spells a module's name."""
    case = models.Case("", "", "", "", None, None, models.renaming(names))
    case.fill(model)
    rows = []
    for name, tensor in model.state_dict().items():
        ours = names(name)
        if ours is not None and tensor.is_floating_point():
            rows.append([spelled(name), ours, list(tensor.shape)])
    return model.eval(), rows


def answers(pictures, apply):
    with torch.inference_mode():
        return {name: [float(f"{v:.7g}") for v in apply(picture).ravel().tolist()] for name, picture in pictures.items()}


def row(name, architecture, task, tensors, found, **more):
    print(name, {key: [round(v, 3) for v in values[:4]] for key, values in found.items()})
    return {"name": name, "architecture": architecture, "task": task, **more, "tensors": tensors, "pictures": found}


def torchvision_resnet(pictures):
    model, tensors = filled(torchvision.models.resnet18(num_classes=10), lambda name: name)
    transform = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
    found = answers(pictures, lambda picture: model(transform(picture)[None]).softmax(1))
    return row("torchvision resnet18", "resnet", "classification", tensors, found)


def torchvision_vit(pictures):
    model = torchvision.models.VisionTransformer(224, 16, 2, 3, 192, 768, num_classes=10)
    model, tensors = filled(model, models.torchvision_names)
    transform = torchvision.models.ViT_B_16_Weights.IMAGENET1K_V1.transforms()
    found = answers(pictures, lambda picture: model(transform(picture)[None]).softmax(1))
    said = {"model_type": "vit", "num_attention_heads": 3, "layer_norm_eps": 1e-6}
    preprocessor = {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "resample": 2, **IMAGENET}
    return row("torchvision vit", "vit", "classification", tensors, found, config={**said, "architectures": []}, preprocessor=preprocessor)


def of_timm(pictures, name, names, architecture, said, **more):
    model, tensors = filled(timm.create_model(name, pretrained=False, **more), names)
    transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=said), is_training=False)
    classes = model.num_classes
    finish = (lambda value: value.softmax(1)) if classes else (lambda value: value)
    found = answers(pictures, lambda picture: finish(model(transform(picture)[None])))
    config = {"architecture": name, "num_classes": classes, "pretrained_cfg": said}
    task = "classification" if classes else "embedding"
    return row(f"timm {name}", architecture, task, tensors, found, config=config)


def timm_resnet(pictures):
    said = {"input_size": [3, 160, 160], "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center"}
    return of_timm(pictures, "resnet26", lambda name: name, "resnet", said, num_classes=10)


def timm_dinov2(pictures):
    said = {"input_size": [3, 112, 112], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "center"}
    return of_timm(pictures, "vit_small_patch14_reg4_dinov2", models.timm_names, "dinov2", said, img_size=112)


def timm_vit(pictures):
    said = {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center", "mean": [0.5] * 3, "std": [0.5] * 3}
    return of_timm(pictures, "vit_tiny_patch16_224", models.timm_names, "vit", said, num_classes=10)


def of_transformers(pictures, name, architecture, task, model, names, processor, spelled=lambda name: name, **more):
    model, tensors = filled(model, names, spelled)
    finish = {"classification": lambda o: o.logits.softmax(1), "multi-label-classification": lambda o: o.logits.sigmoid(), "embedding": lambda o: o.last_hidden_state[:, 0]}[task]
    prepare = lambda picture: torch.as_tensor(np.array(processor(picture, return_tensors="np")["pixel_values"]))
    found = answers(pictures, lambda picture: finish(model(pixel_values=prepare(picture))))
    config = json.loads(model.config.to_json_string(use_diff=False))
    config["architectures"] = [type(model).__name__]
    said = json.loads(processor.to_json_string())
    said["image_processor_type"] = said.get("image_processor_type", type(processor).__name__).removesuffix("Pil")
    return row(name, architecture, task, tensors, found, config=small(config), preprocessor=said, **more)


def small(config):
    """What a reader may look at; the rest would be noise here."""
    keys = ["architectures", "model_type", "hidden_act", "layer_norm_eps", "num_attention_heads", "problem_type", "id2label", "downsample_in_first_stage", "downsample_in_bottleneck", "image_size"]
    return {key: config[key] for key in keys if key in config}


def hf_resnet(pictures):
    config = transformers.ResNetConfig(depths=[1, 2, 1, 1], num_labels=4, layer_type="bottleneck")
    model = transformers.ResNetForImageClassification(config)
    processor = ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875, resample=3, **IMAGENET)
    return of_transformers(pictures, "transformers resnet", "resnet", "classification", model, models.resnet_names, processor)


def stored_vit(name):
    """The names that `transformers` stores for its modules of ViT."""
    for new, old in [
        ("vit.layers.", "vit.encoder.layer."),
        ("attention.q_proj", "attention.attention.query"),
        ("attention.k_proj", "attention.attention.key"),
        ("attention.v_proj", "attention.attention.value"),
        ("attention.o_proj", "attention.output.dense"),
        ("mlp.fc1", "intermediate.dense"),
        ("mlp.fc2", "output.dense"),
    ]:
        name = name.replace(new, old)
    return name


def hf_vit(pictures):
    config = transformers.ViTConfig(hidden_size=192, num_hidden_layers=2, num_attention_heads=3, intermediate_size=384, hidden_act="gelu_new", num_labels=3, id2label={0: "cat", 1: "dog", 2: "bus"}, problem_type="multi_label_classification")
    model = transformers.ViTForImageClassification(config)
    return of_transformers(pictures, "transformers vit", "vit", "multi-label-classification", model, models.vit_names, ViTImageProcessorPil(), stored_vit)


def hf_dinov2(pictures):
    config = transformers.Dinov2Config(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, image_size=112, num_labels=5)
    model = transformers.Dinov2ForImageClassification(config)
    processor = BitImageProcessorPil(size={"shortest_edge": 128}, crop_size={"height": 112, "width": 112}, **IMAGENET)
    return of_transformers(pictures, "transformers dinov2", "dinov2", "classification", model, models.dinov2_names, processor)


def hf_registers(pictures):
    config = transformers.Dinov2WithRegistersConfig(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, image_size=112, use_swiglu_ffn=True)
    model = transformers.Dinov2WithRegistersModel(config)
    processor = BitImageProcessorPil(size={"shortest_edge": 112}, crop_size={"height": 96, "width": 96}, **IMAGENET)
    return of_transformers(pictures, "transformers dinov2 with registers", "dinov2", "embedding", model, models.dinov2_names, processor)


def inference_config(mode, post, **initialization):
    return {
        "image_pre_processing": {},
        "network_input": {
            "training_input_size": {"height": 224, "width": 224},
            "dynamic_spatial_size_supported": False,
            "color_mode": "rgb",
            "resize_mode": mode,
            "padding_value": 0,
            "input_channels": 3,
            "scaling_factor": 255,
            "normalization": [IMAGENET["image_mean"], IMAGENET["image_std"]],
        },
        "post_processing": {"type": post, "fused": False},
        "model_initialization": initialization,
    }


def package_resnet(mode, post):
    def case(pictures):
        from inference_models.models.resnet import resnet_classification_torch as upstream

        model, tensors = filled(timm.create_model("resnet18", pretrained=False, num_classes=3), lambda name: name)
        config = inference_config(mode, post, num_classes=3, model_name="resnet18")
        kind = upstream.ResNetForClassificationTorch if post == "softmax" else upstream.ResNetForMultiLabelClassificationTorch
        with tempfile.TemporaryDirectory() as folder:
            torch.save(model.state_dict(), f"{folder}/weights.pth")
            return of_package(pictures, "resnet", post, kind, folder, config, tensors)

    return case


def package_vit(pictures):
    from inference_models.models.vit import vit_classification_huggingface as upstream

    config = transformers.ViTConfig(hidden_size=192, num_hidden_layers=2, num_attention_heads=3, intermediate_size=384)
    model, tensors = filled(transformers.ViTModel(config, add_pooling_layer=False), models.vit_names, lambda name: stored_vit(f"vit.{name}").removeprefix("vit."))
    classifier, last = filled(torch.nn.Linear(192, 3), lambda name: f"classifier.{name}", lambda name: f"classifier.{name}")
    said = inference_config("stretch", "softmax", num_classes=3)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(f"{folder}/vit")
        torch.save(classifier.state_dict(), f"{folder}/classifier_layer_weights.pth")
        stored = set(load_file(f"{folder}/vit/model.safetensors"))
        assert stored == {name for name, _, _ in tensors}, stored
        config = small(json.loads(Path(f"{folder}/vit/config.json").read_text()))
        return of_package(pictures, "vit", "softmax", upstream.VITForClassificationHF, folder, said, tensors + last, config=config)


def of_package(pictures, architecture, post, kind, folder, said, tensors, **more):
    Path(f"{folder}/class_names.txt").write_text("cat\ndog\nbus\n")
    Path(f"{folder}/inference_config.json").write_text(json.dumps(said))
    model = kind.from_pretrained(folder, device=torch.device("cpu"))
    task = "classification" if post == "softmax" else "multi-label-classification"

    def apply(picture):
        answer = model(np.array(picture)[:, :, ::-1].copy())
        return answer.confidence[0] if post == "softmax" else answer[0].confidence

    found = answers(pictures, apply)
    mode = said["network_input"]["resize_mode"]
    return row(f"package {architecture} {mode} {post}", architecture, task, tensors, found, inference_config=said, **more)


def trained(pictures, path):
    config = transformers.Dinov2Config(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14)
    model = transformers.Dinov2Model(config).eval()
    print(model.load_state_dict({key: value.float() for key, value in load_file(path).items()}, strict=False))
    processor = BitImageProcessorPil(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}, **IMAGENET)
    found = {}
    with torch.inference_mode():
        for name, picture in pictures.items():
            pixels = torch.as_tensor(np.array(processor(picture, return_tensors="np")["pixel_values"]))
            tokens = model(pixel_values=pixels).last_hidden_state
            values = tokens.numpy().ravel()
            found[name] = {
                "embedding": [float(f"{v:.7g}") for v in tokens[0, 0].tolist()],
                "tokens": [float(f"{v:.7g}") for v in values[sample_indices(values.size, 256)]],
                "absmax": float(np.abs(values).max()),
            }
    return found


CASES = [
    torchvision_resnet,
    timm_resnet,
    hf_resnet,
    package_resnet("stretch", "softmax"),
    package_resnet("letterbox", "sigmoid"),
    torchvision_vit,
    timm_vit,
    timm_dinov2,
    hf_vit,
    hf_dinov2,
    hf_registers,
    package_vit,
]

if __name__ == "__main__":
    main(sys.argv[1])
