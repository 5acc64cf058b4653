"""Coefficients of the polynomials and the quotient in kernels/src/math: minimax fits by linear programming.

    python tests/reference/minimax.py

Each fit minimises the largest weighted error over Chebyshev points; needs numpy, scipy and mpmath.
"""

import numpy as np
from mpmath import mp
from scipy.optimize import linprog

mp.prec = 200


def nodes(low, high, count=2000):
    return (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)


def exact(function, xs):
    return np.array([float(function(mp.mpf(float(x)))) for x in xs])


def scaled(xs, degree):
    scale = np.abs(xs).max() ** np.arange(degree + 1)
    return np.vander(xs, degree + 1, increasing=True) / scale, scale


def polynomial(xs, ys, weights, degree):
    """p with max |weights * (p(xs) - ys)| least."""
    columns, scale = scaled(xs, degree)
    unit = 1e-6
    a = columns * weights[:, None] / unit
    b = ys * weights / unit
    one = np.ones((len(xs), 1))
    result = linprog(
        np.r_[np.zeros(degree + 1), 1],
        np.block([[a, -one], [-a, -one]]),
        np.r_[b, -b],
        bounds=[(None, None)] * (degree + 1) + [(0, None)],
        method="highs",
    )
    return result.x[:-1] / scale, result.fun * unit


def quotient(xs, ys, above, below):
    """p / q with the largest relative error least, by bisection over linear feasibility; q(0) = 1."""
    p, ps = scaled(xs, above)
    q, qs = scaled(xs, below)
    low, high, best = 0.0, 1e-3, None
    for _ in range(40):
        error = (low * high) ** 0.5 if low else high / 8
        rows, bounds = [], []
        for sign in (1, -1):
            rows.append(np.hstack([sign * p, -(sign + error) * ys[:, None] * q[:, 1:]]))
            bounds.append((sign + error) * ys)
        rows.append(np.hstack([np.zeros_like(p), -q[:, 1:]]))
        bounds.append(np.ones(len(xs)))
        result = linprog(
            np.zeros(above + below + 1),
            np.vstack(rows) * 1e6,
            np.concatenate(bounds) * 1e6,
            bounds=[(None, None)] * (above + below + 1),
            method="highs",
        )
        if result.status == 0:
            high, best = error, result.x
        elif low == 0 and error > 1e-12:
            low = error
        else:
            low = error
        if best is not None and high / max(low, 1e-15) < 1.02:
            break
    return best[: above + 1] / ps, np.r_[1, best[above + 1 :]] / qs, high


def show(name, coefficients, error):
    print(f"{name}: error {error:.2e}, lowest degree first")
    for c in coefficients:
        print(f"    {np.float32(c)!s}")


def main():
    r = nodes(-0.3468, 0.3468)
    y = exact(lambda t: (mp.expm1(t) - t) / t**2, r)
    show("exp", *polynomial(r, y, r**2 / np.abs(np.expm1(r)), 4))

    f = nodes(2**-0.5 - 1, 2**0.5 - 1)
    y = exact(lambda t: (mp.log1p(t) - t + t**2 / 2) / t**3, f)
    show("log", *polynomial(f, y, np.abs(f**3 / np.log1p(f)), 8))

    z = nodes(1e-9, (np.pi / 4 * 1.001) ** 2)
    y = exact(lambda t: (mp.sin(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, z)
    show("sin", *polynomial(z, y, z, 3))
    y = exact(lambda t: (mp.cos(mp.sqrt(t)) - 1 + t / 2) / t**2, z)
    show("cos", *polynomial(z, y, z**2, 2))

    z = nodes(0, 4) ** 2
    y = exact(lambda t: mp.erf(mp.sqrt(t)) / mp.sqrt(t) if t else 2 / mp.sqrt(mp.pi), z)
    p, q, error = quotient(z, y, 6, 4)
    show("erf above", p, error)
    show("erf below", q, error)


if __name__ == "__main__":
    main()
