"""Small examples of the operations whose definition is subtle, computed by PyTorch.

    python engine_ops.py            writes ../../engine/tests/goldens/ops.safetensors

Images are channels-last in the file. A case is the tensors `case/x0`, `case/x1`, ... (operands), `case/<weight>`
(weights as PyTorch names them) and `case/y`; what it computes stands here and in engine/tests/torch.rs, line by line.
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

GOLDENS = Path(__file__).resolve().parents[2] / "engine/tests/goldens/ops.safetensors"

torch.manual_seed(20260710)
tensors = {}


def first(x):
    """Channels-last to channels-first."""
    return x.permute(0, 3, 1, 2)


def last(x):
    """Channels-first to channels-last."""
    return x.permute(0, 2, 3, 1)


def case(name, y, *operands, **weights):
    """Keeps one example."""
    for i, x in enumerate(operands):
        tensors[f"{name}/x{i}"] = x.contiguous().clone()
    for key, weight in weights.items():
        tensors[f"{name}/{key}"] = weight.contiguous().clone()
    tensors[f"{name}/y"] = y.contiguous().clone()


def resizes():
    image = torch.randn(1, 7, 5, 2)
    sizes = {"up": (9, 11), "down": (3, 2), "mixed": (10, 3), "one": (1, 1)}
    for where, size in sizes.items():
        for mode in ["nearest", "bilinear", "bicubic"]:
            y = F.interpolate(first(image), size, mode=mode)
            case(f"resize_{mode}_{where}", last(y), image)
        for mode in ["bilinear", "bicubic"]:
            y = F.interpolate(first(image), size, mode=mode, align_corners=True)
            case(f"resize_{mode}_aligned_{where}", last(y), image)
            y = F.interpolate(first(image), size, mode=mode, antialias=True)
            case(f"resize_{mode}_antialiased_{where}", last(y), image)


def samples():
    image = torch.randn(2, 4, 6, 3)
    grid = torch.rand(2, 5, 3, 2) * 3.2 - 1.6
    grid[0, 0, 0] = torch.tensor([-1.0, 1.0])
    for padding in ["zeros", "border"]:
        for aligned in [False, True]:
            y = F.grid_sample(first(image), grid, "bilinear", padding, aligned)
            case(f"grid_sample_{padding}{'_aligned' if aligned else ''}", last(y), image, grid)


def deformable():
    """The sampling of Deformable DETR with boxes as references, as RF-DETR's decoder calls it."""
    n, queries, heads, points, levels, width = 2, 5, 2, 2, [(4, 3), (2, 5)], 6
    tokens = sum(h * w for h, w in levels)
    value = torch.randn(n, tokens, heads * width)
    boxes = torch.rand(n, queries, 4)
    offsets = torch.randn(n, queries, heads * len(levels) * points * 2) * 2
    weights = torch.randn(n, queries, heads * len(levels) * points)

    by_point = offsets.view(n, queries, heads, len(levels), points, 2)
    centre, size = boxes[:, :, None, None, None, :2], boxes[:, :, None, None, None, 2:]
    places = 2 * (centre + by_point / points * size * 0.5) - 1
    by_head = value.view(n, tokens, heads, width)
    sampled = []
    for level, rows in enumerate(by_head.split([h * w for h, w in levels], dim=1)):
        image = rows.permute(0, 2, 3, 1).reshape(n * heads, width, *levels[level])
        grid = places[:, :, :, level].transpose(1, 2).flatten(0, 1)
        sampled.append(F.grid_sample(image, grid, "bilinear", "zeros", False))
    share = weights.view(n, queries, heads, -1).softmax(-1).transpose(1, 2).reshape(n * heads, 1, queries, -1)
    y = (torch.cat(sampled, dim=-1) * share).sum(-1).view(n, heads * width, queries)
    case("deformable", y.transpose(1, 2), value, boxes, offsets, weights)


def pools():
    image = torch.randn(1, 7, 6, 3)
    pad = (1, 0, 1, 2)
    case("max_pool", last(F.max_pool2d(first(image), (3, 2), (2, 1), (1, 1))), image)
    case("max_pool_uneven", last(F.max_pool2d(F.pad(first(image), pad, value=-math.inf), 3, 2)), image)
    case("mean_pool", last(F.avg_pool2d(first(image), (3, 2), (2, 1), (1, 1))), image)
    case("mean_pool_uneven", last(F.avg_pool2d(F.pad(first(image), pad), 3, 2)), image)
    inside = F.avg_pool2d(first(image), (3, 2), (2, 1), (1, 1), count_include_pad=False)
    case("mean_pool_inside", last(inside), image)
    share = F.avg_pool2d(F.pad(torch.ones_like(first(image)), pad), 3, 2)
    case("mean_pool_inside_uneven", last(F.avg_pool2d(F.pad(first(image), pad), 3, 2) / share), image)


def convolutions():
    image = torch.randn(1, 7, 8, 4)
    weight, bias = torch.randn(6, 4, 3, 3), torch.randn(6)
    y = F.conv2d(F.pad(first(image), (1, 0, 2, 1)), weight, bias, (2, 1), 0, (1, 2))
    case("conv2d_uneven", last(y), image, weight=weight, bias=bias)
    weight, bias = torch.randn(6, 2, 3, 2), torch.randn(6)
    y = F.conv2d(first(image), weight, bias, 2, (1, 1), 2, groups=2)
    case("conv2d_grouped", last(y), image, weight=weight, bias=bias)
    weight = torch.randn(8, 1, 5, 5)
    case("conv2d_depthwise", last(F.conv2d(first(image), weight, None, 1, 2, groups=4)), image, weight=weight)
    weight, bias = torch.randn(4, 3, 4, 4), torch.randn(3)
    y = F.conv_transpose2d(first(image), weight, bias, stride=2, padding=1)
    case("conv_transpose2d", last(y), image, weight=weight, bias=bias)
    weight, bias = torch.randn(4, 5, 2, 2), torch.randn(5)
    y = F.conv_transpose2d(first(image), weight, bias, stride=3)
    case("conv_transpose2d_apart", last(y), image, weight=weight, bias=bias)


def norms():
    x = torch.randn(2, 5, 12) * 3 + 1
    weight, bias = torch.randn(12), torch.randn(12)
    case("layer_norm", F.layer_norm(x, (12,), weight, bias, 1e-3), x, weight=weight, bias=bias)
    case("rms_norm", F.rms_norm(x, (12,), weight, 1e-3), x, weight=weight)
    case("l2_normalize", F.normalize(x, dim=-1, eps=12.0), x)
    image = x.view(2, 1, 5, 12)
    y = F.group_norm(first(image), 3, weight, bias, 1e-3)
    case("group_norm", last(y), image, weight=weight, bias=bias)
    mean, var = torch.randn(12), torch.rand(12) + 0.1
    y = F.batch_norm(first(image), mean, var, weight, bias, False, 0.1, 1e-3)
    case("batch_norm", last(y), image, weight=weight, bias=bias, running_mean=mean, running_var=var)


def activations():
    x = torch.cat([torch.linspace(-12, 12, 61), torch.tensor([-100.0, -30.0, 0.0, 30.0, 100.0])])
    functions = {
        "relu": F.relu,
        "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
        "clip": F.relu6,
        "gelu": F.gelu,
        "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
        "silu": F.silu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "hard_sigmoid": F.hardsigmoid,
        "hard_swish": F.hardswish,
        "softplus": F.softplus,
        "mish": F.mish,
        "elu": lambda x: F.elu(x, 0.7),
        "erf": torch.erf,
        "round": lambda x: torch.round(x * 2 / 2),
        "sign": torch.sign,
    }
    for name, function in functions.items():
        case(name, function(x.double()).float(), x)


def attentions():
    heads, width = 3, 4
    q, k, v = torch.randn(2, 5, 12), torch.randn(2, 7, 12), torch.randn(2, 7, 15)
    mask = torch.randn(5, 7)
    mask[:, 2] = -math.inf

    def split(x):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    for name, bias in [("attention", None), ("attention_masked", mask)]:
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), bias, scale=width**-0.5)
        case(name, y.transpose(1, 2).flatten(2), q, k, v, *([mask] if bias is not None else []))


def others():
    x = torch.randn(3, 4, 9)
    values, indices = x.topk(4)
    case("top_k_values", values, x)
    case("top_k_indices", indices.float(), x)
    case("arg_max", x.argmax(-1, keepdim=True).float(), x)
    case("softmax", (x * 20).softmax(-1), x * 20)
    image = torch.randn(1, 4, 5, 2)
    for name, mode in [("reflect", "reflect"), ("edge", "replicate")]:
        case(f"pad_{name}", last(F.pad(first(image), (2, 1, 0, 3), mode)), image)
    weight, bias = torch.randn(5, 9), torch.randn(5)
    case("linear", F.linear(x, weight, bias), x, weight=weight, bias=bias)


def main():
    for make in [resizes, samples, deformable, pools, convolutions, norms, activations, attentions, others]:
        make()
    GOLDENS.parent.mkdir(exist_ok=True)
    save_file(tensors, GOLDENS, metadata={"made with": f"torch {torch.__version__.split('+')[0]}"})
    print(f"{len(tensors)} tensors, {GOLDENS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
