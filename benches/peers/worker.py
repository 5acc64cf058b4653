"""One peer in a process of its own: loads a network once, then runs it as often as it is told.

    python benches/peers/worker.py PEER MODEL SIDE THREADS

MODEL is the path without its suffix. Each line on standard input is a number of runs; the answer is
one line of JSON with their times in ms. The first line it writes says that the peer is ready, and how
large the logits of a fixed input are, so that peers that compute something else are noticed.
"""

import json
import os
import sys
import time
from pathlib import Path


def main(peer, model, side, threads):
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import numpy as np

    image = np.random.default_rng(0).random((1, 3, side, side), dtype=np.float32)
    run = PEERS[peer](model, image, threads)
    logits = np.asarray(run())
    say({"ready": peer, "logits": [float(np.abs(logits).max()), float(logits.mean())]})
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        say({"times_ms": times})


def say(answer):
    print(json.dumps(answer), flush=True)


def onnxruntime(model, image, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{model}.onnx", options, providers=["CPUExecutionProvider"])
    name, output = session.get_inputs()[0].name, logits_of([output.name for output in session.get_outputs()])
    return lambda: session.run([output], {name: image})[0]


def openvino(precision):
    def load(model, image, threads):
        import openvino

        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
        compiled = openvino.Core().compile_model(f"{model}.onnx", "CPU", hints)
        request = compiled.create_infer_request()
        output = logits_of([output.any_name for output in compiled.outputs])
        return lambda: request.infer([image])[output]

    return load


def logits_of(outputs):
    """The output that shows whether a peer computes the same: RF-DETR's logits, a YOLO's only one."""
    return "labels" if "labels" in outputs else outputs[0]


def pytorch(model, image, threads):
    import torch

    torch.set_num_threads(threads)
    batch = torch.from_numpy(image)
    if Path(model).is_dir():
        import transformers

        network = load_folder(transformers, model).eval()
        logits = lambda answer: answer[0]
    elif Path(f"{model}.pt").exists():
        network = torch.load(f"{model}.pt", weights_only=False)["model"].float().fuse(verbose=False).eval()
        logits = lambda answer: answer[0]
    else:
        from rfdetr.detr import RFDETR

        network = RFDETR.from_checkpoint(f"{model}.pth", trust_checkpoint=True).model.model.eval()
        logits = lambda answer: answer["pred_logits"]

    def run():
        with torch.inference_mode():
            return logits(network(batch)).numpy()

    return run


def load_folder(transformers, folder):
    """The network of a Hugging Face folder."""
    name = json.loads((Path(folder) / "config.json").read_text())["architectures"][0]
    return getattr(transformers, name).from_pretrained(folder)


PEERS = {
    "onnxruntime-f32": onnxruntime,
    "openvino-f32": openvino("f32"),
    "openvino-bf16": openvino("bf16"),
    "pytorch-f32": pytorch,
}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
