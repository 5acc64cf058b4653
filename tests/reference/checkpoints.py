"""Writes the checkpoint fixtures of `converters/tests/fixtures` and what PyTorch reads from them.

    python tests/reference/checkpoints.py

Needs torch, numpy and safetensors. Every file gets an entry in `expected.json`: format, tensors
(name, dtype, shape, hex of the row-major little-endian bytes) and some values of the root.
"""

import argparse
import collections
import datetime
import enum
import io
import json
import os
import pathlib
import pickle
import sys
import types
import zipfile

import numpy
import safetensors.torch
import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parents[2] / "converters" / "tests" / "fixtures"
EXPECTED = {}


def raw(tensor):
    """Row-major bytes of a tensor of any dtype, as hex."""
    tensor = tensor.detach().contiguous().reshape(-1).clone()
    return bytes(tensor.untyped_storage()).hex()


def expect(name, file_format, tensors, values=None):
    """`tensors`: list of (name, tensor); `values`: list of (path, repr of the value)."""
    EXPECTED[name] = {
        "format": file_format,
        "tensors": [
            {
                "name": key,
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "shape": list(tensor.shape),
                "bytes": raw(tensor),
            }
            for key, tensor in tensors
        ],
        "values": values or [],
    }


def seeded(*shape):
    generator = torch.Generator().manual_seed(sum(shape) + len(shape))
    return torch.randn(*shape, generator=generator)


def all_dtypes():
    base = torch.tensor([0, 1, 2, 3, 100, 7])
    dtypes = [
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
        torch.float8_e5m2, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64,
        torch.uint32, torch.uint16, torch.uint8, torch.bool, torch.complex64, torch.complex128,
    ]
    return {str(dtype).removeprefix("torch."): base.to(dtype) for dtype in dtypes}


def views():
    """Views of one storage, and tensors without elements or axes."""
    base = seeded(4, 6)
    return {
        "whole": base,
        "transposed": base.t(),
        "columns": base[:, 1::2],
        "row": base[2],
        "offset": base[1:3, 2:5],
        "expanded": base[:, :1].expand(4, 5),
        "permuted": seeded(2, 3, 4).permute(2, 0, 1),
        "scalar": torch.tensor(1.5),
        "empty": torch.empty(0, 3),
        "empty_view": base[4:],
    }


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(2)
        self.head = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        self.register_buffer("grid", torch.arange(4.0), persistent=False)
        self.names = {0: "cat", 1: "dog"}
        self.yaml = {"nc": 2, "depth": 0.33}

    def forward(self, x):
        return self.head(self.bn(self.conv(x)).mean((2, 3)))


class Colour(enum.Enum):
    RGB = 1


class Custom:
    def __init__(self):
        self.kind = "custom"
        self.weight = seeded(2)


class Slots:
    __slots__ = ("a", "b")


class Registry(dict):
    pass


def net():
    torch.manual_seed(0)
    return Net().eval()


def foreign_module(*classes):
    """Lets classes pickle as if they came from a package that is not installed."""
    module = types.ModuleType("absent.models")
    sys.modules["absent"] = types.ModuleType("absent")
    sys.modules["absent.models"] = module
    for cls in classes:
        cls.__module__ = "absent.models"
        setattr(module, cls.__name__, cls)


def save(name, value, tensors, values=None, legacy=False, **options):
    torch.save(value, FOLDER / name, _use_new_zipfile_serialization=not legacy, **options)
    expect(name, "TorchLegacy" if legacy else "TorchZip", tensors, values)


def prefixed(prefix, tensors):
    return [(prefix + key, tensor) for key, tensor in tensors]


def rezip(source, target, edit=lambda name, data: data, method=zipfile.ZIP_DEFLATED):
    """The same archive packed by another writer; entries that `edit` makes None are left out."""
    old = zipfile.ZipFile(io.BytesIO((FOLDER / source).read_bytes()))
    with old, zipfile.ZipFile(FOLDER / target, "w") as new:
        for name in old.namelist():
            data = edit(name, old.read(name))
            if data is not None:
                new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    EXPECTED[target] = dict(EXPECTED[source])


def state_dicts():
    ordered = collections.OrderedDict((key, t) for key, t in all_dtypes().items())
    save("dtypes.pth", ordered, list(ordered.items()))
    with_legacy = {k: t for k, t in ordered.items() if not k.startswith(("uint16", "uint32", "uint64"))}
    save("dtypes-legacy.pth", with_legacy, list(with_legacy.items()), legacy=True)
    save("views.pth", views(), list(views().items()))
    save("views-legacy.pth", views(), list(views().items()), legacy=True)
    rezip("views.pth", "views-deflated.pth")
    save("protocol4.pth", views(), list(views().items()), pickle_protocol=4)
    state = net().state_dict()
    save("state.pth", state, list(state.items()))
    rezip("state.pth", "state-deflated.pth")
    # the trainer's name: the first record of its directory is as long as what PyTorch writes behind the directory
    save("checkpoint_best_total.pth", state, list(state.items()))


def float8():
    """Every value of the 8-bit floats, and the same as float32 (not a number included)."""
    every = torch.arange(256, dtype=torch.int32).to(torch.uint8)
    value = {}
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        name = str(dtype).removeprefix("torch.")
        value[name] = every.view(dtype)
        value[name + "_as_float32"] = every.view(dtype).to(torch.float32)
    save("float8.pth", value, list(value.items()))


def big_endian():
    """A little-endian archive with each element's bytes reversed, as a big-endian host writes."""
    value = {"f32": seeded(3), "i64": torch.arange(3), "c64": torch.complex(seeded(2), seeded(2)), "u8": torch.arange(5, dtype=torch.uint8)}
    save("little.pth", value, list(value.items()))
    words = dict(zip("0123", (4, 8, 4, 1)))

    def edit(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        if "/data/" in name:
            word = words[name.rsplit("/", 1)[1]]
            return b"".join(data[i : i + word][::-1] for i in range(0, len(data), word))
        return data

    rezip("little.pth", "big.pth", edit)
    os.remove(FOLDER / "little.pth")
    del EXPECTED["little.pth"]


def training_checkpoints():
    state = net().state_dict()
    args = argparse.Namespace(
        class_names=["cat", "dog"], resolution=384, lr=1e-4, amp=True, device=torch.device("cpu"),
        out=pathlib.PurePosixPath("runs/1"), when=datetime.datetime(2026, 1, 2), colour=Colour.RGB,
        dtype=torch.float16, size=torch.Size([2, 3]), seed=None, huge=2**70, minus=-(2**40), slots=None,
    )
    args.slots = Slots()
    args.slots.a, args.slots.b = 1, "two"
    args.registry = Registry(x=1)
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(seeded(1, 1, 5, 5)).sum().backward()
    optimizer.step()
    state = model.state_dict()
    moments = optimizer.state_dict()["state"]
    values = [
        ("args.class_names.1", "dog"), ("args.resolution", 384), ("args.lr", 1e-4), ("args.amp", True),
        ("args.seed", None), ("args.minus", -(2**40)), ("args.slots.b", "two"), ("args.registry.x", 1),
        ("epoch", 3), ("args.size.1", 3), ("callbacks.best.score", 0.5), ("callbacks.best.count", 4),
        ("callbacks.best.flag", True), ("tags.0", "a"), ("raw", {"bytes": "00ff80"}),
    ]
    checkpoint = {
        "model": state,
        "args": args,
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "tags": ["a", ("b", {"c"})],
        "raw": b"\x00\xff\x80",
        "callbacks": {
            "best": {"score": numpy.float64(0.5), "count": numpy.int32(4), "flag": numpy.bool_(True)},
            "EMA{'decay': 0.99}": {"state_dict": {"module.model." + k: t for k, t in state.items()}},
            "history": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
            "fortran": numpy.asfortranarray(numpy.arange(6, dtype=">i2").reshape(2, 3)),
        },
    }
    tensors = prefixed("model.", state.items())
    for index, moment in moments.items():
        tensors += prefixed(f"optimizer.state.{index}.", moment.items())
    tensors += prefixed("callbacks.EMA{'decay': 0.99}.state_dict.module.model.", state.items())
    tensors += [
        ("callbacks.history", torch.arange(6, dtype=torch.float32).reshape(2, 3)),
        ("callbacks.fortran", torch.arange(6, dtype=torch.int16).reshape(2, 3)),
    ]
    save("training.ckpt", checkpoint, tensors, values)
    save("training-legacy.ckpt", checkpoint, tensors, values, legacy=True)
    save("training-protocol5.ckpt", checkpoint, tensors, values, pickle_protocol=5)


def modules():
    module = net()
    values = [("model.names.1", "dog"), ("model.yaml.nc", 2), ("model.training", False)]
    tensors = prefixed("model.", module.state_dict().items())
    custom = Custom()
    tensors_all = tensors + [("extra.weight", custom.weight)]
    whole = {"model": module, "extra": custom}
    save("module.pt", whole, tensors_all, values + [("extra.kind", "custom")])
    save("module-legacy.pt", whole, tensors_all, values, legacy=True)
    parameters = {"p": nn.Parameter(seeded(3)), "list": [seeded(1), {"deep": seeded(2)}]}
    parameters["p"].note = "kept by _rebuild_parameter_with_state"
    save("parameters.pth", parameters, [("p", parameters["p"]), ("list.0", parameters["list"][0]), ("list.1.deep", parameters["list"][1]["deep"])])


def without_debug_files(name):
    """Debug entries hold the paths of the machine that wrote them."""
    rezip(name, name, lambda entry, data: None if "debug" in entry else data, zipfile.ZIP_STORED)


def script():
    module = net()
    scripted = torch.jit.trace(module, seeded(1, 1, 5, 5))
    torch.jit.save(scripted, FOLDER / "script.pt")
    reread = torch.jit.load(FOLDER / "script.pt")
    expect("script.pt", "TorchScript", sorted(reread.state_dict().items()))
    without_debug_files("script.pt")
    frozen = torch.jit.freeze(torch.jit.script(module))
    torch.jit.save(frozen, FOLDER / "script-frozen.pt")
    expect("script-frozen.pt", "TorchScript", [])
    without_debug_files("script-frozen.pt")


def others():
    safe = {k: t for k, t in all_dtypes().items() if k != "complex128"} | {"scalar": torch.tensor(2.5), "empty": torch.empty(0, 2)}
    safetensors.torch.save_file(safe, FOLDER / "dtypes.safetensors", {"format": "pt", "names": "a,b"})
    expect("dtypes.safetensors", "Safetensors", sorted(safe.items()), [("format", "pt"), ("names", "a,b")])
    arrays = {"model": {"weight": numpy.arange(4, dtype=numpy.float32), "step": 7}, "author": "x"}
    for protocol in (0, 2, 5):
        name = f"numpy-{protocol}.pkl"
        (FOLDER / name).write_bytes(pickle.dumps(arrays, protocol=protocol))
        expect(name, "Pickle", [("model.weight", torch.arange(4.0))], [("model.step", 7), ("author", "x")])


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    # The legacy format stores the source of each module class: keep a stand-in instead.
    torch.serialization.get_source_lines_and_file = lambda cls: (["pass"], 0, "absent.py")
    foreign_module(Net, Custom, Colour, Slots, Registry)
    state_dicts()
    float8()
    big_endian()
    training_checkpoints()
    modules()
    script()
    others()
    text = json.dumps(EXPECTED, indent=1)
    (FOLDER / "expected.json").write_text(text + "\n")
    print(sum(p.stat().st_size for p in FOLDER.iterdir()), "bytes")


if __name__ == "__main__":
    main()
