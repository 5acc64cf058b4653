"""Prints a Markdown table of where a network's time goes, by layer, from what `ocelli bench --profile --json` writes.

    ocelli bench MODEL --profile --json --threads 2 | python benches/layers.py [--rows 8]

Layers of the same operation, shape and work are one row. `least` is what the roofline allows; the rows are those with the
most time above it.
"""

import argparse
import json
import sys


def main(rows):
    measured = json.load(sys.stdin)
    alike = {}
    for layer in measured["layers"]:
        work = (layer["operation"], tuple(layer["shape"]), layer["flops"], layer["bytes"])
        alike.setdefault(work, []).append(layer)
    table = sorted((row(work, layers) for work, layers in alike.items()), key=lambda row: row["least"] - row["ms"])
    total, least = (sum(row[key] for row in table) for key in ("ms", "least"))
    print(f"| {measured['variant']}, {measured['precision']}: {total:.1f} ms, at the least {least:.1f} | layers | ms | least | GFLOP/s | GB/s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    shown = table[:rows]
    for line in shown:
        print(f"| {line['what']} | {line['layers']} | {line['ms']:.2f} | {line['least']:.2f} | {line['gflops']:.0f} | {line['gbytes']:.1f} |")
    rest = table[rows:]
    print(f"| all others | {sum(line['layers'] for line in rest)} | {sum(line['ms'] for line in rest):.2f} | {sum(line['least'] for line in rest):.2f} | | |\n")


def row(work, layers):
    operation, shape, flops, moved = work
    us = sum(layer["us"] for layer in layers)
    label = layers[0]["label"] or operation
    return {
        "what": f"{operation} {'x'.join(map(str, shape))}" + (f", `{label}`" if label != operation else ""),
        "layers": len(layers),
        "ms": us / 1e3,
        "least": sum(layer["us"] * layer["roofline_share"] for layer in layers) / 1e3,
        "gflops": flops * len(layers) / us / 1e3,
        "gbytes": moved * len(layers) / us / 1e3,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=8)
    main(parser.parse_args().rows)
