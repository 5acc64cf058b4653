"""From the start of a process to its first prediction, the memory it takes, and each picture after that.

    python benches/peers/start.py PICTURE [--out out/peers] [--rounds 5] [--ours 'target/release/ocelli predict {model}.pth {picture} --json']

Upstream's two Python packages on rfdetr-nano, and optionally ours. Every round is a new process. Peak memory is
the largest resident set of the process, as the kernel counts it.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FURTHER = 10

# Each prints, after the prediction, one line of JSON: the clock at the first prediction and the later times in ms.
TAIL = """
import json, time
run(); first = time.time()
times = []
for _ in range({further}):
    start = time.perf_counter(); run(); times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({{"first": first, "times_ms": times}}))
"""
PROGRAMS = {
    "rfdetr": """
from rfdetr.detr import RFDETR
model = RFDETR.from_checkpoint({model!r} + ".pth", trust_checkpoint=True)
run = lambda: model.predict({picture!r}, threshold=0.3)
""",
    "inference_models": """
import cv2
from inference_models import AutoModel
model = AutoModel.from_pretrained({model!r} + "-legacy.pth", model_type="rfdetr-nano")
run = lambda: model(cv2.imread({picture!r}), confidence=0.3)
""",
}


def main(options):
    fields = {"model": str(options.out / "rfdetr-nano"), "picture": str(options.picture), "further": FURTHER}
    programs = {
        name: [sys.executable, "-c", (text + TAIL).format(**fields)] for name, text in PROGRAMS.items()
    }
    if options.ours:
        programs["ocelli"] = shlex.split(options.ours.format(**fields))
    measured = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, command in programs.items():
            measured[name].append(measure(command, options.threads))
    print("| | first prediction s | peak MiB | each further ms |\n| --- | --- | --- | --- |")
    for name, rounds in measured.items():
        first, peak, further = (statistics.median(column) for column in zip(*rounds))
        print(f"| {name} | {first:.2f} | {peak:.0f} | {further:.1f} |")


def measure(command, threads):
    """`(seconds to the first prediction, peak MiB, median ms of the further ones)` of one process."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OCELLI_THREADS": str(threads)}
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {command[:2]}")
    end = time.time()
    lines = [json.loads(line) for line in output.splitlines() if line.startswith('{"first"')]
    # A command of ours that does not report the moment is charged its whole life.
    answer = lines[-1] if lines else {"first": end, "times_ms": [float("nan")]}
    return answer["first"] - start, usage.ru_maxrss / 1024, statistics.median(answer["times_ms"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "out/peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ours", help="command template")
    main(parser.parse_args())
