"""Stage-by-stage samples of `DeepLabV3Plus` of `segmentation_models_pytorch` 0.6.0 with weights from the formula.

    python tests/reference/deeplab_stages.py

Writes models/tests/goldens/deeplab/ENCODER.safetensors, and `-os8` and `-dense` of some (see `named_stages.py`).
"""

import segmentation_models_pytorch as smp

from named_stages import keep, last, write

ENCODERS = [
    *["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"],
    *["resnext50_32x4d", "resnext101_32x4d", "resnext101_32x8d", "mobilenet_v2"],
    *[f"efficientnet-b{i}" for i in range(8)],
]
# Those that a smaller stride is tried with: one of each kind.
FINER = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet-b0"]


def build(encoder, classes=3, **options):
    model = smp.DeepLabV3Plus(encoder, encoder_weights=None, classes=classes, **options).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def stages(model, image):
    features = model.encoder(image)
    found = keep({"pyramid": model.decoder.aspp[0], "joined": model.decoder.block2})
    logits = last(model(image))
    return {"fine": last(features[2]), "last": last(features[-1]), **found, "logits": logits}


def needed(name):
    return not name.startswith(("encoder._conv_head.", "encoder._bn1."))


if __name__ == "__main__":
    for encoder in ENCODERS:
        write("deeplab", encoder, build(encoder), (1, 64, 96), stages, needed)
    for encoder in FINER:
        write("deeplab", f"{encoder}-os8", build(encoder, encoder_output_stride=8), (1, 64, 64), stages, needed)
    plain = build("resnet18", decoder_aspp_separable=False, decoder_channels=64)
    write("deeplab", "resnet18-dense", plain, (1, 64, 64), stages, needed)
