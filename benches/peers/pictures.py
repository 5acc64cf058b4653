"""Times whole predictions, from a JPEG's bytes in memory to what was found in it, in turns.

    python benches/peers/pictures.py PICTURE [--out out/peers] [--models rfdetr-nano yolo11n] [--batch 8] [--sessions 2]
        [--ours 'target/release/ocelli bench {file} --picture {picture} --json --batch {batch} --runs {runs} {parallel}']

Who waits is stopped, and each turn begins with runs that are not counted. The Python originals with their own defaults:
`ultralytics` on `NAME.pt` (PyTorch) and on `NAME.onnx` (ONNX Runtime), `rfdetr` on `NAME.pth`, `inference_models` on
`NAME-legacy.pth`, as `export_yolo.py` and `export_rfdetr.py` write them. With `--sessions` each runs that many times at once
on one thread: the originals as processes, ours as threads (`{parallel}` is `--sessions N`, else `--threads N`).
Prints a Markdown table and writes `pictures.json` beside the models.
"""

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS_A_TURN = 5
WARM_UP = 2

ULTRALYTICS = """
import cv2, numpy as np
from ultralytics import YOLO
model = YOLO(file, task="detect")
def run():
    images = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for _ in range(batch)]
    return len(model.predict(images, verbose=False, device="cpu")[0].boxes)
"""
# Each defines `run`, which decodes and predicts `batch` pictures, and gives how much was found in the first.
PROGRAMS = {
    "ultralytics": (".pt", ULTRALYTICS),
    "ultralytics on ONNX Runtime": (".onnx", ULTRALYTICS),
    "rfdetr": (".pth", """
import io
from PIL import Image
from rfdetr.detr import RFDETR
model = RFDETR.from_checkpoint(file, trust_checkpoint=True)
def run():
    found = model.predict([Image.open(io.BytesIO(jpeg)).convert("RGB") for _ in range(batch)])
    return len(found[0] if isinstance(found, list) else found)
"""),
    "inference_models": ("-legacy.pth", """
import cv2, numpy as np, os, torch
from inference_models import AutoModel
model = AutoModel.from_pretrained(file, model_type=os.path.basename(file).removesuffix("-legacy.pth"), device=torch.device("cpu"))
def run():
    images = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for _ in range(batch)]
    return len(model(images)[0].xyxy)
"""),
}
HEAD = """
import json, sys, time, torch
file, picture, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
jpeg = open(picture, "rb").read()
"""
TAIL = """
torch.set_num_threads(threads)
print(json.dumps({"found": [run() for _ in range(3)][-1]}), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter(); run(); times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"times_ms": times}), flush=True)
"""


def main(options):
    results = {}
    for name in options.models:
        turns = {
            peer: Original(text, options.out / f"{name}{suffix}", options)
            for peer, (suffix, text) in PROGRAMS.items()
            if (options.out / f"{name}{suffix}").exists() and (suffix != ".onnx" or "yolo" in name)
        }
        if options.ours:
            turns["ocelli"] = Ours(options.out / name, options)
        taken = {peer: ([], []) for peer in turns}
        for _ in range(-(-options.rounds // RUNS_A_TURN)):
            for peer, turn in turns.items():
                times, rate = turn.run(RUNS_A_TURN)
                taken[peer][0].extend(times)
                taken[peer][1].append(rate)
        for turn in turns.values():
            turn.close()
        results[name] = {peer: summary(*measured, turns[peer].found) for peer, measured in taken.items()}
        report(name, results[name], options)
    (options.out / "pictures.json").write_text(json.dumps(results, indent=1) + "\n")


class Original:
    """An original in as many processes as there are sessions, so that no thread pool disturbs another."""

    def __init__(self, text, file, options):
        threads = 1 if options.sessions else options.threads
        self.batch = options.batch
        fields = [str(field) for field in (file, options.picture, options.batch, threads)]
        command = [sys.executable, "-c", HEAD + text + TAIL, *fields]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "YOLO_OFFLINE": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        sessions = range(options.sessions or 1)
        self.processes = [subprocess.Popen(command, env=environment, text=True, **pipes) for _ in sessions]
        self.found = [self.answer(process, "found") for process in self.processes][0]
        self.signal(signal.SIGSTOP)

    def run(self, runs):
        self.signal(signal.SIGCONT)
        self.turn(WARM_UP)
        start = time.perf_counter()
        times = self.turn(runs)
        rate = len(times) * self.batch / (time.perf_counter() - start)
        self.signal(signal.SIGSTOP)
        return times, rate

    def turn(self, runs):
        for process in self.processes:
            process.stdin.write(f"{runs}\n")
            process.stdin.flush()
        return sum((self.answer(process, "times_ms") for process in self.processes), [])

    def signal(self, signal):
        for process in self.processes:
            process.send_signal(signal)

    def answer(self, process, key):
        for line in process.stdout:
            if line.startswith("{") and key in line:
                return json.loads(line)[key]
        raise SystemExit(f"an original ended early: {process.args[3:]}")

    def close(self):
        self.signal(signal.SIGCONT)
        for process in self.processes:
            process.stdin.close()
            process.wait()


class Ours:
    """Ours: one process a turn, warmed up by itself."""

    def __init__(self, model, options):
        file = next(file for suffix in [".pth", ".pt"] if (file := model.with_suffix(suffix)).exists())
        parallel = f"--sessions {options.sessions}" if options.sessions else f"--threads {options.threads}"
        self.fields = {"file": file, "picture": options.picture, "batch": options.batch, "parallel": parallel}
        self.template, self.found = options.ours, None

    def run(self, runs):
        command = shlex.split(self.template.format(runs=runs, **self.fields))
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        self.found = answer["found"]
        return answer["times_ms"], answer["pictures_per_second"]

    def close(self):
        pass


def summary(times, rates, found):
    low, median, high = statistics.quantiles(times, n=4)
    rate = statistics.median(rates)
    return {"runs": len(times), "median_ms": median, "quartiles_ms": [low, high], "pictures_per_second": rate, "found": found}


def report(name, rows, options):
    print(f"\n{name}, batch {options.batch}, {options.sessions or 1} sessions\n")
    print("| | median ms | quartiles | pictures a second | found |\n| --- | --- | --- | --- | --- |")
    for peer, row in sorted(rows.items(), key=lambda item: item[1]["median_ms"]):
        low, high = row["quartiles_ms"]
        rate, found = row["pictures_per_second"], row["found"]
        print(f"| {peer} | {row['median_ms']:.1f} | {low:.1f} to {high:.1f} | {rate:.1f} | {found} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "out/peers")
    parser.add_argument("--models", nargs="+", default=["rfdetr-nano", "yolo11n", "yolov8n"])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--ours", help="command template")
    main(parser.parse_args())
