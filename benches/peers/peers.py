"""Times networks alone, batch 1, in turns: a few runs of each peer, then the next, and again.

    python benches/peers/peers.py [--out out/peers] [--models rfdetr-nano rfdetr-base] [--rounds 30] [--avx2]
        [--ours 'target/release/ocelli bench {file} --json --threads {threads} --precision {precision} --runs {runs}']

Needs the files of `export_rfdetr.py`, `export_yolo.py` and `export_folders.py`. Turns spread whatever else the machine does over all peers;
who waits is stopped, so that no thread of a pool spins meanwhile, and each turn begins with runs that are not counted.
With `--avx2` nobody uses wider vectors; ONNX Runtime cannot be told to, and takes no part.
The command for ours prints JSON with `times_ms`, a list; without `--ours` only the peers are timed.
Prints a Markdown table and writes `peers.json` beside the models.
"""

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIDES = {
    "rfdetr-nano": 384, "rfdetr-base": 560, "yolo11n": 640, "yolov8n": 640, "yolov8s": 640, "resnet50": 224,
    "vit-b16": 224, "clip-vit-b32": 224, "depth-anything-v2-small": 518,
}
PEERS = ["onnxruntime-f32", "openvino-f32", "openvino-bf16", "pytorch-f32"]
RUNS_A_TURN = 5
WARM_UP = 2
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OCELLI_ISA": "avx2"}


def main(options):
    results = {}
    if options.avx2:
        os.environ.update(AVX2)
        options.peers, options.precisions = ["openvino-f32", "pytorch-f32"], ["f32"]
    for name in options.models:
        turns = {peer: Worker(peer, options.out / name, SIDES[name], options.threads) for peer in options.peers}
        check_agreement(turns)
        for precision in options.precisions if options.ours else []:
            turns[f"ocelli-{precision}"] = Command(options.ours, options.out / name, options.threads, precision)
        times = {peer: [] for peer in turns}
        for _ in range(-(-options.rounds // RUNS_A_TURN)):
            for peer, turn in turns.items():
                times[peer] += turn.run(RUNS_A_TURN)
        for turn in turns.values():
            turn.close()
        results[name] = {peer: summary(values) for peer, values in times.items()}
        report(name, results[name])
    (options.out / "peers.json").write_text(json.dumps(results, indent=1) + "\n")


class Worker:
    """A peer in its own process (`worker.py`), so that no thread pool disturbs another."""

    def __init__(self, peer, model, side, threads):
        script = Path(__file__).with_name("worker.py")
        command = [sys.executable, str(script), peer, str(model), str(side), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.logits = self.answer("ready")["logits"]
        self.process.send_signal(signal.SIGSTOP)

    def run(self, runs):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{WARM_UP + runs}\n")
        self.process.stdin.flush()
        times = self.answer("times_ms")["times_ms"]
        self.process.send_signal(signal.SIGSTOP)
        return times[WARM_UP:]

    def answer(self, key):
        for line in self.process.stdout:
            if line.startswith("{") and key in line:
                return json.loads(line)
        raise SystemExit(f"peer ended early: {' '.join(self.process.args)}")

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()


class Command:
    """Ours: one process a turn, warmed up by itself."""

    def __init__(self, template, model, threads, precision):
        self.template = template
        files = [model.with_suffix(suffix) for suffix in ["", ".pth", ".pt"]]
        file = next(file for file in files if file.exists())
        self.fields = {"model": model, "file": file, "threads": threads, "precision": precision}

    def run(self, runs):
        command = shlex.split(self.template.format(runs=runs, **self.fields))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["times_ms"]

    def close(self):
        pass


def check_agreement(turns):
    """All f32 peers must compute the same logits."""
    seen = {peer: turn.logits for peer, turn in turns.items() if peer.endswith("f32")}
    for values in zip(*seen.values()):
        if max(values) - min(values) > 1e-2 * max(map(abs, seen[next(iter(seen))])):
            raise SystemExit(f"the peers compute different things: {seen}")


def summary(times):
    low, median, high = statistics.quantiles(times, n=4)
    return {"runs": len(times), "median_ms": median, "quartiles_ms": [low, high], "min_ms": min(times)}


def report(name, rows):
    print(f"\n{name}, batch 1\n\n| engine | median ms | quartiles | best |\n| --- | --- | --- | --- |")
    for peer, row in sorted(rows.items(), key=lambda item: item[1]["median_ms"]):
        low, high = row["quartiles_ms"]
        print(f"| {peer} | {row['median_ms']:.1f} | {low:.1f} to {high:.1f} | {row['min_ms']:.1f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "out/peers")
    parser.add_argument("--models", nargs="+", default=list(SIDES))
    parser.add_argument("--peers", nargs="*", default=PEERS)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--ours", help="command template")
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16"])
    main(parser.parse_args())
