"""Writes the ONNX fixtures of `converters/tests/fixtures/onnx` and what PyTorch and onnx read from them.

    python tests/reference/onnx_fixtures.py

One small network, written by both exporters of PyTorch, by two optimisers, in halves and with its
weights in a file of their own; then a file with every element type. `expected.json` has for each
file the tensors that must be found (name, dtype, shape, hex of the row-major little-endian bytes),
for the network the parameters of the module itself with its batch norms folded by PyTorch.
"""

import copy
import json
import pathlib
import warnings

import numpy
import onnx
import onnxsim
import onnxslim
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper
from timm.models.convnext import ConvNeXtBlock
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

FOLDER = pathlib.Path(__file__).parents[2] / "converters" / "tests" / "fixtures" / "onnx"
EXPECTED = {}
# As exporters of YOLO models write it: texts, the names not in order.
METADATA = {
    "names": "{0: 'person', 10: 'hydrant', 1: 'bicycle'}",
    "imgsz": "[640, 640]",
    "stride": "32",
    "task": "detect",
    "end2end": "False",
}


class ConvBlock(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim, bias=False)
        self.scale = nn.Parameter(torch.rand(dim))
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        x = x + self.proj((q @ k.transpose(-1, -2)).softmax(-1) @ v) * self.scale
        return x + self.mlp(x)


class Net(nn.Module):
    """Nested lists, folded and unfolded batch norms, matrix products; the norms of its blocks and
    its last batch norm are as they were made, so that exporters merge their equal parameters."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBlock(3, 4)
        self.cv2 = nn.ModuleList(nn.Sequential(ConvBlock(4, 4), nn.Conv2d(4, 2, 1)) for _ in range(2))
        self.up = nn.ConvTranspose2d(4, 4, 2, 2)
        self.blocks = nn.ModuleList(Block(4) for _ in range(2))
        self.last = nn.BatchNorm1d(4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = self.stem(x)
        heads = [head(x) for head in self.cv2]
        tokens = self.up(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        return self.fc(torch.relu(self.last(tokens.mean(1)))), heads[0], heads[1]


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.ModuleList([ConvBlock(3, 8), nn.Conv2d(8, 5, 1)])

    def forward(self, x):
        x = self.model[1](self.model[0](x)).flatten(2)[0].t()
        boxes, scores = x[:, :4], x[:, 4].sigmoid()
        keep = torchvision.ops.nms(boxes, scores, 0.5)
        return boxes[keep], scores[keep]


def net():
    torch.manual_seed(0)
    model = Net().eval()
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data = torch.rand_like(tensor) + 0.5
    return model


def folded(model):
    """The parameters of a module with each batch norm that follows a convolution folded into it."""
    model = copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, ConvBlock):
            module.conv = fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()
    return {name: t for name, t in model.state_dict().items() if "num_batches" not in name}


def raw(array):
    return numpy.ascontiguousarray(array).tobytes().hex()


def expect(file, tensors, **more):
    """`tensors`: name to (dtype, array)."""
    rows = [
        {"name": name, "dtype": dtype, "shape": list(array.shape), "bytes": raw(array)}
        for name, (dtype, array) in tensors.items()
    ]
    EXPECTED[file] = {"tensors": rows} | more


def expect_module(file, model):
    tensors = {
        name: (str(tensor.dtype).removeprefix("torch."), tensor.numpy())
        for name, tensor in folded(model).items()
    }
    expect(file, tensors)


def stripped(model):
    """Without the paths of this machine, which traces of the stack hold, and other bulk."""
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key.endswith("name_scopes")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        node.doc_string = ""
    for part in (model.graph, *model.graph.value_info, *model.graph.initializer, *model.graph.input):
        del part.metadata_props[:]
    del model.graph.value_info[:]
    return model


def save(model, file, **options):
    onnx.save(stripped(model), FOLDER / file, **options)


def export(model, file, example=(1, 3, 4, 4), **options):
    path = FOLDER / file
    dtype = next(model.parameters()).dtype
    torch.onnx.export(model, (torch.rand(*example, dtype=dtype),), path, input_names=["images"], **options)
    exported = onnx.load(path)
    for tail in ("", ".data"):
        pathlib.Path(f"{path}{tail}").unlink(missing_ok=True)
    return exported


def networks():
    model = net()
    for opset in (12, 17):
        file = f"script-{opset}.onnx"
        save(export(model, file, dynamo=False, opset_version=opset), file)
        expect_module(file, model)
    script = onnx.load(FOLDER / "script-17.onnx")
    simplified, sound = onnxsim.simplify(copy.deepcopy(script))
    assert sound
    save(simplified, "sim.onnx")
    save(onnxslim.slim(copy.deepcopy(script)), "slim.onnx")
    dynamo = export(model, "dynamo.onnx", dynamo=True, verbose=False)
    save(copy.deepcopy(dynamo), "dynamo.onnx")
    external = dict(save_as_external_data=True, all_tensors_to_one_file=True, size_threshold=0)
    (FOLDER / "external.data").unlink(missing_ok=True)
    save(dynamo, "external.onnx", location="external.data", **external)
    for file in ("sim.onnx", "slim.onnx", "dynamo.onnx", "external.onnx"):
        expect_module(file, model)
    # Convolutions alone: folding is done in halves there, with an error of its own.
    half = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 3)).half()
    save(export(half, "half.onnx", dynamo=False, opset_version=17), "half.onnx")
    expect_module("half.onnx", half)


def detector():
    torch.manual_seed(1)
    model = Detector().eval()
    axes = {"images": {0: "batch", 2: "height", 3: "width"}}
    exported = export(model, "nms.onnx", dynamo=False, opset_version=17, dynamic_axes=axes, output_names=["boxes", "scores"])
    assert any(node.op_type == "NonMaxSuppression" for node in exported.graph.node)
    helper.set_model_props(exported, METADATA)
    save(exported, "nms.onnx")
    expect_module("nms.onnx", model)
    EXPECTED["nms.onnx"] |= {
        "metadata_props": METADATA,
        "ir_version": exported.ir_version,
        "producer_name": exported.producer_name,
        "producer_version": exported.producer_version,
        "opset": exported.opset_import[0].version,
        "graph_name": exported.graph.name,
        "nodes": [[node.op_type, node.name, list(node.input), list(node.output)] for node in exported.graph.node],
    }


def response_norms():
    """ConvNeXt V2's blocks of both kinds, whose response norms no operation of ONNX stands for."""
    torch.manual_seed(2)
    model = nn.Sequential(*(ConvNeXtBlock(2, use_grn=True, conv_mlp=conv, ls_init_value=None) for conv in (True, False)))
    for parameter in model.parameters():
        parameter.data = torch.rand_like(parameter)
    model = nn.Sequential(model.eval(), nn.Conv2d(2, 1, 1))
    for file, dynamo in [("response-norms-script.onnx", False), ("response-norms-dynamo.onnx", True)]:
        options = dict(verbose=False) if dynamo else dict(opset_version=17)
        save(export(model, file, example=(1, 2, 4, 4), dynamo=dynamo, **options), file)
        expect_module(file, model)


FLOATS = [0.0, 1.0, -2.5, 448.0]
INTS = [0, 1, 100, 7]
TYPES = {
    "float32": (TensorProto.FLOAT, FLOATS), "float64": (TensorProto.DOUBLE, FLOATS),
    "float16": (TensorProto.FLOAT16, FLOATS), "bfloat16": (TensorProto.BFLOAT16, FLOATS),
    "float8_e4m3fn": (TensorProto.FLOAT8E4M3FN, FLOATS), "float8_e5m2": (TensorProto.FLOAT8E5M2, FLOATS),
    "int8": (TensorProto.INT8, [-128, -1, 0, 127]), "int16": (TensorProto.INT16, [-32768, -1, 0, 32767]),
    "int32": (TensorProto.INT32, [-(2**31), -1, 0, 2**31 - 1]), "int64": (TensorProto.INT64, [-(2**63), -1, 0, 2**63 - 1]),
    "uint8": (TensorProto.UINT8, [0, 1, 128, 255]), "uint16": (TensorProto.UINT16, [0, 1, 2**15, 2**16 - 1]),
    "uint32": (TensorProto.UINT32, [0, 1, 2**31, 2**32 - 1]), "uint64": (TensorProto.UINT64, [0, 1, 2**63, 2**64 - 1]),
    "bool": (TensorProto.BOOL, [False, True, True, False]),
    "complex64": (TensorProto.COMPLEX64, [1 + 2j, 0j, -1j, 3]), "complex128": (TensorProto.COMPLEX128, [1 + 2j, 0j, -1j, 3]),
}


def dtypes():
    """Every type as numbers and as raw bytes, as initializer and as constant; then what has no tensor."""
    tensors, expected = [], {}
    for name, (kind, values) in TYPES.items():
        plain = helper.make_tensor(f"{name}.numbers", kind, [2, 2], values)
        array = numpy_helper.to_array(plain)
        packed = numpy_helper.from_array(array, f"{name}.raw")
        packed.data_type = kind
        assert packed.raw_data and not plain.raw_data
        tensors += [plain, packed]
        expected[plain.name] = expected[packed.name] = (name, array)
    scalar = numpy_helper.from_array(numpy.float32(2.5), "scalar")
    empty = numpy_helper.from_array(numpy.zeros((0, 3), numpy.float32), "empty")
    texts = helper.make_tensor("texts", TensorProto.STRING, [1], [b"text"])
    int4 = helper.make_tensor("int4", TensorProto.INT4, [4], [0, 1, 2, 3])
    tensors += [scalar, empty, texts, int4]
    expected |= {"scalar": ("float32", numpy_helper.to_array(scalar)), "empty": ("float32", numpy_helper.to_array(empty))}
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sparse", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("", TensorProto.INT64, [1], [3]), [4, 4])
    constant = helper.make_node("Constant", [], ["constant"], value=numpy_helper.from_array(numpy.arange(3), "another name"))
    attributes = helper.make_node(
        "Custom", ["constant"], ["out"], name="custom", domain="test.ops", i=-3, f=0.5, s="text", b=b"\xff",
        ints=[1, -2], floats=[0.5, 1.5], strings=["a", "b"], t=scalar)
    expected["constant"] = ("int64", numpy.arange(3))
    graph = helper.make_graph(
        [constant, attributes], "types", [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 3, None])],
        [helper.make_tensor_value_info("out", TensorProto.INT64, None)], tensors, sparse_initializer=[sparse])
    model = helper.make_model(graph, producer_name="test", opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("test.ops", 2)])
    onnx.save(model, FOLDER / "dtypes.onnx")
    expect("dtypes.onnx", expected)


def main():
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    networks()
    detector()
    response_norms()
    dtypes()
    text = json.dumps(EXPECTED, indent=1)
    (FOLDER / "expected.json").write_text(text + "\n")
    for path in sorted(FOLDER.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
