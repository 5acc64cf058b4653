"""What PyTorch makes of the inputs that the kernel tests use: kernels/tests/goldens/*.safetensors.

    python tests/reference/kernels.py

Needs torch, numpy and safetensors. The names of the tensors are made alike in kernels/src/*/tests.rs, and so are the
inputs, by `values`. Pictures are channels-last.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[2] / "kernels" / "tests" / "goldens"


def values(seed, *shape):
    """Numbers in -1..1 that depend on the seed and their index."""
    h = np.arange(np.prod(shape), dtype=np.uint32)
    h = (h + np.uint32(seed * 7919)) * np.uint32(2654435761)
    h = (h ^ (h >> 15)) * np.uint32(2246822519)
    h = (h ^ (h >> 13)) >> 8
    return torch.from_numpy(h.astype(np.float32) / (1 << 23) - 1).reshape(shape)


def picture(seed, n, h, w, c):
    return values(seed, n, h, w, c).permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def save(name, tensors):
    tensors = {k: np.ascontiguousarray(v.detach().float().numpy()) for k, v in tensors.items()}
    save_file(tensors, FOLDER / f"{name}.safetensors")


def resize():
    out = {}
    for h, w, th, tw in [(5, 7, 9, 4), (7, 6, 3, 11), (4, 4, 4, 4), (11, 9, 2, 2), (3, 2, 7, 5)]:
        x = picture(1, 2, h, w, 3)
        for mode in ["nearest", "nearest-exact"]:
            out[f"{mode} {h}x{w} {th}x{tw}"] = channels_last(F.interpolate(x, (th, tw), mode=mode))
        for mode in ["bilinear", "bicubic"]:
            for align in [False, True]:
                for antialias in [False, True]:
                    y = F.interpolate(x, (th, tw), mode=mode, align_corners=align, antialias=antialias)
                    name = mode + (" aligned" if align else "") + (" antialias" if antialias else "")
                    out[f"{name} {h}x{w} {th}x{tw}"] = channels_last(y)
    x = picture(1, 2, 7, 5, 3)
    for scale in [0.6, 1.7]:
        for mode in ["nearest", "nearest-exact", "bilinear", "bicubic"]:
            y = F.interpolate(x, scale_factor=scale, mode=mode)
            out[f"{mode} scale {scale}"] = channels_last(y)
    save("resize", out)


def pool2d():
    out = {}
    x = picture(2, 2, 9, 7, 5)
    cases = [(3, 2, 1, 1, False), (3, 2, 1, 1, True), (2, 2, 0, 1, False), (2, 2, 0, 1, True), (3, 1, 1, 2, False), (5, 1, 2, 1, False), (2, 3, 1, 1, True)]
    for kernel, stride, pad, dilation, ceil in cases:
        name = f"k{kernel} s{stride} p{pad} d{dilation} ceil {int(ceil)}"
        out["max " + name] = channels_last(F.max_pool2d(x, kernel, stride, pad, dilation, ceil))
        if dilation == 1:
            for include in [False, True]:
                y = F.avg_pool2d(x, kernel, stride, pad, ceil, include)
                out[f"avg {name} include {int(include)}"] = channels_last(y)
    for size in [(1, 1), (3, 2), (4, 7), (11, 3)]:
        out[f"adaptive {size[0]}x{size[1]}"] = channels_last(F.adaptive_avg_pool2d(x, size))
    save("pool2d", out)


def grid_sample():
    out = {}
    x = picture(3, 2, 6, 5, 3)
    grid = values(4, 2, 4, 7, 2) * 2.5
    for mode in ["bilinear", "nearest"]:
        for padding in ["zeros", "border", "reflection"]:
            for align in [False, True]:
                y = F.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=align)
                out[f"{mode} {padding} {int(align)}"] = channels_last(y)
    save("grid_sample", out)


def deformable(value, levels, locations, weights):
    """Sampling of Deformable DETR by `grid_sample`: value [n, rows, heads, dim], locations [n, q, heads, levels, points, 2],
    weights [n, q, heads, levels, points]."""
    n, _, heads, dim = value.shape
    queries, points = locations.shape[1], locations.shape[4]
    samples = []
    for i, part in enumerate(value.split([h * w for h, w in levels], dim=1)):
        h, w = levels[i]
        maps = part.permute(0, 2, 3, 1).reshape(n * heads, dim, h, w)
        grid = (2 * locations[:, :, :, i] - 1).transpose(1, 2).reshape(n * heads, queries, points, 2)
        samples.append(F.grid_sample(maps, grid, padding_mode="zeros", align_corners=False))
    samples = torch.stack(samples, dim=-2).flatten(-2)
    weights = weights.transpose(1, 2).reshape(n * heads, 1, queries, -1)
    return (samples * weights).sum(-1).reshape(n, heads * dim, queries).transpose(1, 2)


def deform():
    out = {}
    n, queries, heads, points, levels = 2, 7, 2, 3, [(5, 6), (3, 3)]
    rows = sum(h * w for h, w in levels)
    logits = values(6, n, queries, heads, len(levels) * points) * 3
    weights = logits.softmax(-1).reshape(n, queries, heads, len(levels), points)
    locations = values(7, n, queries, heads, len(levels), points, 2) * 0.7 + 0.5
    boxes = values(8, n, queries, 1, 1, 1, 4) * 0.5 + 0.5
    offsets = values(9, n, queries, heads, len(levels), points, 2) * 4
    sizes = torch.tensor([[w, h] for h, w in levels])[:, None]
    for dim in [4, 32, 37]:
        value = values(5, n, rows, heads, dim)
        out[f"given {dim}"] = deformable(value, levels, locations, weights)
        by_box = boxes[..., :2] + offsets / points * boxes[..., 2:] * 0.5
        out[f"boxes {dim}"] = deformable(value, levels, by_box, weights)
        by_point = boxes[..., :2] + offsets / sizes
        out[f"points {dim}"] = deformable(value, levels, by_point, weights)
    save("deform", out)


def norm():
    """In double precision: in single precision PyTorch takes variances as differences of large squares."""
    out = {}
    for width in [1, 19, 64]:
        x, residual = (values(10, 5, width) * 3 + 100).double(), values(11, 5, width).double()
        weight, bias = values(12, width).double(), values(13, width).double()
        out[f"layer {width}"] = F.layer_norm(x, (width,), weight, bias, 1e-5)
        out[f"layer plain {width}"] = F.layer_norm(x, (width,), eps=1e-6)
        out[f"layer residual {width}"] = F.layer_norm(x + residual, (width,), weight, bias, 1e-5)
        out[f"rms {width}"] = F.rms_norm(x, (width,), weight, 1e-6)
        out[f"l2 {width}"] = F.normalize(x, dim=-1, eps=1e-12)
    for groups, c in [(1, 6), (3, 6), (6, 6), (2, 40)]:
        x = (picture(14, 2, 5, 3, c) + 10).double()
        weight, bias = values(12, c).double(), values(13, c).double()
        out[f"group {groups} {c}"] = channels_last(F.group_norm(x, groups, weight, bias, 1e-5))
    save("norm", out)


def softmax():
    out = {}
    for width in [1, 5, 16, 67]:
        x = values(15, 4, width) * 30
        out[f"softmax {width}"] = x.softmax(-1)
        out[f"log_softmax {width}"] = x.log_softmax(-1)
    save("softmax", out)


def activation():
    x = values(16, 200) * 12
    save(
        "activation",
        {
            "relu": F.relu(x),
            "leaky_relu": F.leaky_relu(x, 0.125),
            "relu6": F.relu6(x),
            "gelu": F.gelu(x),
            "gelu_tanh": F.gelu(x, approximate="tanh"),
            "silu": F.silu(x),
            "sigmoid": x.sigmoid(),
            "tanh": x.tanh(),
            "hard_sigmoid": F.hardsigmoid(x),
            "hard_swish": F.hardswish(x),
            "softplus": F.softplus(x),
            "mish": F.mish(x),
            "elu": F.elu(x, 1.5),
        },
    )


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in [resize, pool2d, grid_sample, deform, norm, softmax, activation]:
        make()


if __name__ == "__main__":
    main()
