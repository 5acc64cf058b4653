"""Weights and inputs computed from a tensor's name, so that no large file has to be stored.

The Rust tests compute the same values bit for bit (integer arithmetic, one multiply-add in f64,
one rounding to f32), which is why every step below is spelled out.

    seed     = fnv1a64(name in UTF-8) xor (salt * 0x9E3779B97F4A7C15)
    z[i]     = splitmix64(seed + i)                  all u64, wrapping
    u[i]     = (z[i] >> 40) / 2^23 - 1               exact, in [-1, 1)
    value[i] = f32(offset + gain * u[i])             multiply, add, round to f32; no fused multiply-add

`i` counts the elements in row-major order. `(offset, gain)` comes from `offset_and_gain`.
"""

import math

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF
CHUNK = 1 << 20


def fnv1a64(text):
    """FNV-1a, 64 bits, of the text in UTF-8."""
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def splitmix64(x):
    """The finalizer of SplitMix64, on an array of u64."""
    x = x + np.uint64(GOLDEN)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


# Names are looked up in this order; the first rule that fits decides.
def offset_and_gain(name, shape):
    """Centre and half width of the uniform distribution for a tensor of this name and shape."""
    last = name.rsplit(".", 1)[-1]
    if name == "input":
        return 0.0, 1.5
    if last == "lambda1" or last.startswith("gamma"):
        return 0.5, 0.25
    if last == "running_var":
        return 1.0, 0.5
    if last == "running_mean":
        return 0.0, 0.1
    if name.endswith(("position_embeddings", "cls_token", "refpoint_embed.weight", "query_feat.weight")):
        return 0.0, 0.5
    if len(shape) <= 1:
        return (1.0, 0.1) if last == "weight" and len(shape) == 1 else (0.0, 0.1)
    return 0.0, math.sqrt(3.0 / (math.prod(shape) // shape[0]))


def fill(name, shape, salt=0):
    """The tensor of this name as a float32 array."""
    offset, gain = offset_and_gain(name, shape)
    seed = fnv1a64(name) ^ ((salt * GOLDEN) & MASK)
    count = math.prod(shape)
    out = np.empty(count, dtype=np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, count, CHUNK):
            stop = min(start + CHUNK, count)
            z = splitmix64(np.arange(start, stop, dtype=np.uint64) + np.uint64(seed))
            u = (z >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0
            out[start:stop] = (offset + gain * u).astype(np.float32)
    return out.reshape(shape)


def sample_indices(count, limit=256):
    """Which elements of a flattened tensor a golden file keeps: all, or `splitmix64(i) % count`."""
    if count <= limit:
        return np.arange(count, dtype=np.int64)
    with np.errstate(over="ignore"):
        return (splitmix64(np.arange(limit, dtype=np.uint64)) % np.uint64(count)).astype(np.int64)


def names_hash(shapes):
    """FNV-1a of the sorted lines `name AxBxC`, each ended by a line feed, of a dict name -> shape."""
    lines = sorted(f"{name} {'x'.join(str(extent) for extent in shape)}" for name, shape in shapes.items())
    return fnv1a64("".join(line + "\n" for line in lines))


def fill_module(module, salt_of=lambda name: 0):
    """Fills every floating point parameter and buffer of a torch module; others keep their values."""
    import torch

    state = {}
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor = torch.from_numpy(fill(name, tuple(tensor.shape), salt_of(name)))
        state[name] = tensor
    module.load_state_dict(state, strict=True)


if __name__ == "__main__":
    for name, shape in [("input", (4,)), ("class_embed.weight", (2, 3)), ("norm1.weight", (3,)), ("a.lambda1", (2,))]:
        print(name, shape, [float(v).hex() for v in fill(name, shape).ravel()], "salt 7:", float(fill(name, shape, 7).ravel()[0]).hex())
    print("fnv1a64('a') =", hex(fnv1a64("a")), " splitmix64(0) =", hex(int(splitmix64(np.array([0], dtype=np.uint64))[0])))
    print("sample_indices(1000)[:8] =", sample_indices(1000)[:8].tolist())
