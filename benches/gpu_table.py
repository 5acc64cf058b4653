"""Lines of `gpu.sh bench` and `gpu.sh torch` as tables: milliseconds at batch 1, pictures a second at batch 32.

    python benches/gpu_table.py FILE ...
"""

import json
import sys


def main(files):
    found = {}
    for file in files:
        for line in open(file):
            if line.startswith("{"):
                one = json.loads(line)
                found[one["model"], one["precision"], one["batch"], one["device"]] = one
    models, devices = (list(dict.fromkeys(key[i] for key in found)) for i in (0, 3))
    for batch, column, unit in ((1, "median_ms", "ms"), (32, "pictures_per_second", "pictures/s")):
        print(f"\nbatch {batch}, {unit}\n")
        print(f"| model | precision | {' | '.join(devices)} |")
        print(f"| --- | --- |{' --- |' * len(devices)}")
        for model in models:
            for precision in ("f32", "f16"):
                cells = (found.get((model, precision, batch, device), {}).get(column) for device in devices)
                cells = ("" if cell is None else f"{cell:.2f}" if batch == 1 else f"{cell:.0f}" for cell in cells)
                print(f"| {model} | {precision} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(sys.argv[1:])
