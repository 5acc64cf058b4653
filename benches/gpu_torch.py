"""Latency and throughput of the same architectures in PyTorch, as `models/benches/devices.rs` prints them.

    python benches/gpu_torch.py [model ...]

Random weights, channels last; `eager`, `torch.compile`, and `compile` with CUDA graphs (`mode="reduce-overhead"`). A run is
from pixels in memory to raw outputs in memory, as there. A model whose library is missing says so in its line.
"""

import json
import sys
import time

import torch

RUNS = {1: 100, 32: 20}


def resnet50():
    from torchvision.models import resnet50

    return resnet50(), 224


def clip_vit_b_32():
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12, patch_size=32, projection_dim=512)
    return CLIPVisionModelWithProjection(config), 224


def depth_anything_v2_small():
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    backbone = Dinov2Config(
        hidden_size=384, num_attention_heads=6, num_hidden_layers=12, image_size=518, patch_size=14,
        out_indices=[3, 6, 9, 12], reshape_hidden_states=False, apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=384, neck_hidden_sizes=[48, 96, 192, 384], fusion_hidden_size=64
    )
    return DepthAnythingForDepthEstimation(config), 518


def yolo11n():
    from ultralytics import YOLO

    model = YOLO("yolo11n.yaml").model.fuse()
    return model, 640


def rfdetr(variant, side):
    from rfdetr import RFDETRBase, RFDETRNano

    wrapped = {"nano": RFDETRNano, "base": RFDETRBase}[variant](pretrain_weights=None)
    model = wrapped.model.model
    model.export()
    return model, side


MODELS = {
    "rfdetr-nano": lambda: rfdetr("nano", 384),
    "rfdetr-base": lambda: rfdetr("base", 560),
    "yolo11n": yolo11n,
    "resnet50": resnet50,
    "clip-vit-b-32": clip_vit_b_32,
    "depth-anything-v2-small": depth_anything_v2_small,
}
WAYS = {"eager": None, "compile": "default", "graphs": "reduce-overhead"}


def tensors(output):
    """All tensors of a nested output."""
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, (list, tuple)) else []
    return [tensor for part in parts for tensor in tensors(part)]


@torch.inference_mode()
def times(model, side, batch, kind):
    pixels = torch.rand(batch, 3, side, side).to(kind).contiguous(memory_format=torch.channels_last).pin_memory()

    def run():
        output = model(pixels.cuda(non_blocking=True))
        return [tensor.float().cpu() for tensor in tensors(output)]

    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    for _ in range(max(3, RUNS[batch] // 10)):
        run()
    found = []
    for _ in range(RUNS[batch]):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return first, sorted(found)


def main(wanted):
    if not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    device = f"torch {torch.__version__} on {torch.cuda.get_device_name()}"
    for name in wanted or MODELS:
        for precision, kind in (("f32", torch.float32), ("f16", torch.float16)):
            for way, mode in WAYS.items():
                for batch in RUNS:
                    line = {"model": name, "device": way, "precision": precision, "batch": batch, "on": device}
                    try:
                        model, side = MODELS[name]()
                        model = model.eval().to("cuda", kind).to(memory_format=torch.channels_last)
                        if mode:
                            torch._dynamo.reset()
                            model = torch.compile(model, mode=mode)
                        first, found = times(model, side, batch, kind)
                        median = found[len(found) // 2]
                        line.update(first_ms=first * 1e3, median_ms=median * 1e3, min_ms=found[0] * 1e3, pictures_per_second=batch / median)
                    except Exception as error:
                        line["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
                    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
