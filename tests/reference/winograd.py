"""The largest and the mean error of a convolution of 128 channels by Winograd's filtering, by its points: in single precision, and
with factors rounded to bf16.

    python tests/reference/winograd.py

Kernels, transforms and sums are emulated with NumPy; errors are relative to the largest output (mean: root of mean squares over
that of the outputs), of random pictures and kernels. The constants of `kernels/src/conv/winograd/transform.rs` are those of the
points with the least error.
"""

import numpy as np

CHANNELS, SQUARES = 128, 200
POINTS = [(1, 2), (1, 0.5), (0.5, 2), (2**-0.5, 2**0.5), (0.75, 1.5), (0.5, 1.5), (0.625, 1.5), (0.5, 1.25), (0.75, 1.25)]


def four(p, q):
    """Four outputs from the points 0, p, -p, q, -q and infinity."""
    points = [0, p, -p, q, -q]
    rows = [np.poly([r for r in points if r != point])[::-1].tolist() + [0] for point in points]
    rows.append(np.poly(points)[::-1].tolist())
    scales = [np.prod([point - r for r in points if r != point]) for point in points]
    kernel = [[1 / s, x / s, x * x / s] for x, s in zip(points, scales)] + [[0, 0, 1]]
    output = [[x**power for x in points] + [float(power == 3)] for power in range(4)]
    return np.array(rows), np.array(kernel), np.array(output)


TWO = (
    np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1.0]]),
    np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]),
    np.array([[1, 1, 1, 0], [0, 1, -1, -1.0]]),
)


# Stride two: three outputs from four products of outer taps and three of the middle one.
THREE_STRIDED = (
    np.array([
        [1, 0, 0, 0, -1, 0, 0], [0, 0, 1, 0, 1, 0, 0], [0, 0, -1, 0, 1, 0, 0], [0, 0, -1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0.0],
    ]),
    np.array([[1, 0, 0], [0.5, 0, 0.5], [0.5, 0, -0.5], [0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0]]),
    np.array([[1, 1, 1, 0, 1, 0, 0], [0, 1, -1, 0, 0, 1, 0], [0, 1, 1, 1, 0, 0, 1.0]]),
)


def bf16(values):
    """To the nearest, ties to even."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def errors(by_input, by_kernel, by_output, stride, rounded, random):
    side, outputs = len(by_input), len(by_output)
    pictures = random.standard_normal((SQUARES, CHANNELS, side, side)).astype(np.float32)
    kernels = random.standard_normal((CHANNELS, 3, 3)).astype(np.float32)
    right = rounded(by_kernel @ kernels.astype(float) @ by_kernel.T)
    by_input, by_output = by_input.astype(np.float32), by_output.astype(np.float32)
    left = rounded((by_input @ pictures) @ by_input.T)
    sums = np.zeros((SQUARES, side, side), np.float32)
    for channel in range(CHANNELS):
        sums += left[:, channel] * right[channel]
    found = (by_output @ sums) @ by_output.T

    exact = np.zeros((SQUARES, outputs, outputs))
    direct = np.zeros((SQUARES, outputs, outputs), np.float32)
    span = stride * (outputs - 1) + 1
    for channel in range(CHANNELS):
        for y in range(3):
            for x in range(3):
                part = pictures[:, channel, y : y + span : stride, x : x + span : stride]
                exact += part.astype(float) * float(kernels[channel, y, x])
                direct += rounded(part) * rounded(kernels[channel, y, x])
    return [figure for values in (found, direct) for figure in relative(values, exact)]


def relative(found, exact):
    error = np.abs(found - exact)
    return error.max() / np.abs(exact).max(), np.sqrt((error**2).mean() / (exact**2).mean())


def main():
    random = np.random.default_rng(0)
    cases = [("two outputs", TWO, 1), *((f"four: ±{p:.3g}, ±{q:.3g}", four(p, q), 1) for p, q in POINTS), ("three, stride two", THREE_STRIDED, 2)]
    for factors, rounded in [("f32", np.float32), ("bf16", bf16)]:
        print(f"| {factors} | largest | mean | direct: largest | mean |\n| --- | --- | --- | --- | --- |")
        for name, matrices, stride in cases:
            print(f"| {name} | " + " | ".join(f"{figure:.1e}" for figure in errors(*matrices, stride, rounded, random)) + " |")


if __name__ == "__main__":
    main()
