"""How far the answers in bf16 are from those in f32, on pictures.

    python benches/drift.py OCELLI PICTURES MODEL [MODEL ...] [--ask=-c0.1]

OCELLI is the built binary, PICTURES a folder, each MODEL what `ocelli predict` takes. Objects are paired greedily by class
and overlap (at least 0.5). Prints a Markdown table: objects found in f32, objects found in one precision only (scores near
the threshold), and the middle and the largest drift of scores and of box corners in pixels; of vectors the least cosine.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path


def main(options):
    print("| model | objects | in one only | score, median / largest | corner px, median / largest |\n| --- | --- | --- | --- | --- |")
    for model in options.models:
        exact, rounded = (predictions(options, model, precision) for precision in ["f32", "bf16"])
        if any("embedding" in picture for picture in exact):
            least = min(cosine(a["embedding"], b["embedding"]) for a, b in zip(exact, rounded))
            print(f"| {name(model)} | | | least cosine {least:.5f} | |")
            continue
        scores, corners, alone, count = [], [], 0, 0
        for a, b in zip(exact, rounded):
            pairs, left = paired(a["predictions"], b["predictions"])
            alone += left
            count += len(a["predictions"])
            scores += [abs(p["confidence"] - q["confidence"]) for p, q in pairs]
            corners += [max(abs(u - v) for u, v in zip(p["xyxy"], q["xyxy"])) for p, q in pairs]
        if not scores:
            print(f"| {name(model)} | {count} | {alone} | | |")
            continue
        middle = [statistics.median(values) for values in (scores, corners)]
        print(f"| {name(model)} | {count} | {alone} | {middle[0]:.4f} / {max(scores):.4f} | {middle[1]:.2f} / {max(corners):.2f} |")


def name(model):
    return Path(model).stem


def predictions(options, model, precision):
    """One report a picture."""
    pictures = sorted(str(path) for path in options.pictures.iterdir())
    command = [options.ocelli, "predict", model, *pictures, "--json", "-", "--quiet", "--precision", precision, *options.ask]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def paired(exact, rounded):
    """Pairs of the same object, and how many have no other."""
    rest, pairs = list(rounded), []
    for one in exact:
        same = [other for other in rest if other["class_id"] == one["class_id"]]
        best = max(same, key=lambda other: overlap(one["xyxy"], other["xyxy"]), default=None)
        if best and overlap(one["xyxy"], best["xyxy"]) >= 0.5:
            rest.remove(best)
            pairs.append((one, best))
    return pairs, len(rest) + len(exact) - len(pairs)


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return both / max(area(a) + area(b) - both, 1e-9)


def cosine(a, b):
    dot = lambda u, v: sum(x * y for x, y in zip(u, v))
    return dot(a, b) / (dot(a, a) * dot(b, b)) ** 0.5


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ocelli", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--ask", nargs="*", default=[], help="further options of `ocelli predict`, for instance --ask=-c0.1")
    main(parser.parse_args())
