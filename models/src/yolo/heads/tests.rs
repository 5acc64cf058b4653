//! Heads against the original, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage.

#![allow(dead_code, unreachable_pub, reason = "helpers of other tests")]

#[path = "../../../tests/common/formula.rs"]
mod formula;
#[path = "../../../tests/common/golden.rs"]
mod golden;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::Activation;
use ocelli_engine::{
    Executor, Graph, Result, Shape, SourceId, Tensor, Values, WeightSource, Weights,
};

use self::formula::fill;
use self::golden::{Golden, limit};
use super::{Head, head, is_head, needless};
use crate::yolo::spec::Arg;

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($name:ident: $case:literal,)*) => {
        $(#[test] fn $name() { Case::open($case).check() })*
    };
}

cases! {
    detect_legacy: "detect-legacy",
    detect_depthwise: "detect",
    detect_many_classes: "detect-many-classes",
    detect_four_levels: "detect-four-levels",
    detect_no_distribution: "detect-no-distribution",
    detect_end_to_end: "detect-end-to-end",
    detect_end_to_end_many: "detect-end-to-end-many",
    detect_one_to_many: "detect-one-to-many",
    detect_fused: "detect-fused",
    v10detect: "v10detect",
    segment_legacy: "segment-legacy",
    segment: "segment",
    segment26: "segment26",
    pose: "pose",
    pose_5x2: "pose-5x2",
    pose_end_to_end: "pose-end-to-end",
    pose26: "pose26",
    pose26_5x2: "pose26-5x2",
    obb: "obb",
    obb_end_to_end: "obb-end-to-end",
    obb26: "obb26",
    yoloe_segment: "yoloe-segment",
    yoloe_segment26: "yoloe-segment26",
    rtdetr: "rtdetr",
    rtdetr_border: "rtdetr-border",
    classify: "classify",
    semantic: "semantic",
    depth: "depth",
    anchor_detect: "anchor-detect",
    anchor_segment: "anchor-segment",
}

const AT: &str = "model.23";

/// A golden file, and the checkpoint it speaks of.
struct Case {
    name: &'static str,
    golden: Golden,
    /// Name in the checkpoint to shape and name in the formula.
    tensors: BTreeMap<String, (Vec<usize>, String)>,
    end_to_end: bool,
}

impl Case {
    fn open(name: &'static str) -> Case {
        let golden = Golden::open("yolo-heads", name);
        let shapes: BTreeMap<String, Vec<usize>> = fact(&golden, "tensors");
        let tensors = shapes.into_iter().map(|(name, shape)| (name.clone(), (shape, name)));
        let end_to_end = fact(&golden, "end_to_end");
        Case { name, tensors: tensors.collect(), end_to_end, golden }
    }

    /// The graph of the head alone, its inputs being the maps.
    fn build(&self, source: &Arc<Listed>) -> Result<Graph> {
        let batch = self.golden.number("batch");
        let maps: Vec<[usize; 3]> = fact(&self.golden, "maps");
        let args: Vec<serde_json::Value> = fact(&self.golden, "args");
        let args: Vec<Arg> = args.iter().map(arg).collect();
        let module: String = fact(&self.golden, "module");
        let spec = Head {
            module: &module,
            args: &args,
            classes: self.golden.number("classes"),
            reg_max: self.golden.number("reg_max"),
            end_to_end: self.end_to_end,
            activation: Activation::Silu,
            texts: None,
            input: fact(&self.golden, "size"),
        };
        let mut g = Graph::new();
        let mut features = Vec::new();
        for (i, [h, w, c]) in maps.into_iter().enumerate() {
            features.push(g.input(&format!("map {i}"), &[batch, h, w, c])?);
        }
        let w = Weights::new(Arc::clone(source) as _).at(AT);
        head(&mut g, &w, &features, &spec)?;
        for name in self.tensors.keys().filter(|name| !w.used().contains(name)) {
            let name = name.strip_prefix(AT).unwrap().strip_prefix('.').unwrap();
            assert!(needless(name), "{}: {name} was not asked for", self.name);
        }
        Ok(g)
    }

    fn check(&self) {
        let source = self.source();
        let g = self.build(&source).unwrap();
        let mut session = CpuExecutor::new(1).unwrap().compile(&g).unwrap().session().unwrap();
        for (i, (_, value)) in g.inputs().iter().enumerate() {
            let values = fill("input", &g.shape(*value), i as u64);
            session.input(i).unwrap().copy_from_slice(&values);
        }
        session.run().unwrap();
        let outputs: HashMap<&str, usize> =
            g.outputs().iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
        let columns: BTreeMap<String, (String, Vec<usize>)> = fact(&self.golden, "columns");
        for stage in self.golden.stages() {
            let (output, columns) = &columns[&stage];
            let i = outputs[output.as_str()];
            let width = g.shape(g.outputs()[i].1).last_dim();
            let rows = session.output(i).unwrap().chunks(width);
            let found: Vec<f32> = rows.flat_map(|row| columns.iter().map(|&c| row[c])).collect();
            let shape = self.golden.shape(&stage);
            assert_eq!(found.len(), shape.iter().product::<usize>(), "{}: {stage}", self.name);
            let distance = self.golden.distance(&stage, &found);
            eprintln!("  {stage}: {distance:.1e}");
            assert!(distance <= limit(false), "{}: {stage} is off by {distance:e}", self.name);
        }
        let stages = columns.values().map(|(_, columns)| columns.len()).sum::<usize>();
        let all = g.outputs().iter().map(|(_, value)| g.shape(*value).last_dim()).sum::<usize>();
        assert_eq!(stages, all, "{}: columns", self.name);
    }

    fn source(&self) -> Arc<Listed> {
        let salt = self.golden.number("salt") as u64;
        Arc::new(Listed { tensors: self.tensors.clone(), salt, identity: SourceId::unique() })
    }

    /// The same tensors without some, under other names.
    fn renamed(mut self, rename: fn(&str) -> Option<String>) -> Case {
        let tensors = std::mem::take(&mut self.tensors).into_iter();
        self.tensors =
            tensors.filter_map(|(name, tensor)| Some((rename(&name)?, tensor))).collect();
        self
    }
}

fn fact<T: serde::de::DeserializeOwned>(golden: &Golden, key: &str) -> T {
    serde_json::from_value(golden.fact(key).clone()).unwrap()
}

fn arg(value: &serde_json::Value) -> Arg {
    match value {
        serde_json::Value::Bool(value) => Arg::Bool(*value),
        serde_json::Value::Array(values) => Arg::List(values.iter().map(arg).collect()),
        value => Arg::Number(value.as_f64().unwrap()),
    }
}

/// A checkpoint of named tensors with values from the formula.
struct Listed {
    tensors: BTreeMap<String, (Vec<usize>, String)>,
    salt: u64,
    identity: SourceId,
}

impl WeightSource for Listed {
    fn find(&self, name: &str, _: Shape) -> Result<Option<Tensor>> {
        Ok(self.tensors.get(name).map(|(shape, formula)| {
            let salted = formula.contains("score_head")
                || formula.split_once("cv3.").is_some_and(|(_, end)| end[1..].starts_with(".2."));
            let salt = if salted { self.salt } else { 0 };
            let values = Filled { name: formula.clone(), shape: shape.clone(), salt };
            Tensor::new(Shape::new(shape).unwrap(), self.identity, name, Arc::new(values))
        }))
    }

    fn file(&self) -> &'static str {
        "formula"
    }
}

struct Filled {
    name: String,
    shape: Vec<usize>,
    salt: u64,
}

impl Values for Filled {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        Ok(Cow::Owned(fill(&self.name, &self.shape, self.salt)))
    }
}

/// As some write a checkpoint for inference: the branch that answers under the other's names, the other gone.
#[test]
fn one_to_one_branch_under_the_names_of_the_other() {
    let keep_one_to_one = |name: &str| match name.strip_prefix("model.23.one2one_") {
        Some(rest) => Some(format!("model.23.{rest}")),
        None => (!name.starts_with("model.23.cv")).then(|| name.to_owned()),
    };
    for case in ["detect-end-to-end", "segment26", "pose26"] {
        Case::open(case).renamed(keep_one_to_one).check();
    }
}

#[test]
fn a_checkpoint_without_the_other_branch_is_end_to_end_whatever_was_said() {
    let mut case = Case::open("detect-fused");
    case.end_to_end = false;
    case.check();
}

#[test]
fn names_that_inference_does_without() {
    for name in [
        "dfl.conv.weight",
        "cv3.0.0.0.bn.num_batches_tracked",
        "cv2.0.0.conv.weight",
        "one2one_cv4_sigma.0.weight",
        "flow_model.s.0.0.weight",
        "proto.semseg.0.conv.weight",
        "aux_head.0.conv.weight",
        "anchor_grid",
    ] {
        assert!(needless(name), "{name}");
    }
    for name in ["proto.cv1.conv.weight", "m.0.weight", "anchors", "linear.bias", "cal_a"] {
        assert!(!needless(name), "{name}");
    }
}

#[test]
fn heads_are_known_by_name() {
    for module in ["Detect", "v10Detect", "RTDETRDecoder", "WorldDetect", "AnchorSegment"] {
        assert!(is_head(module), "{module}");
    }
    for module in ["Conv", "C2f", "detect", "Concat"] {
        assert!(!is_head(module), "{module}");
    }
}

fn error(module: &str, tensors: &[(&str, &[usize])]) -> String {
    let tensors = tensors
        .iter()
        .map(|(name, shape)| (format!("{AT}.{name}"), (shape.to_vec(), (*name).to_owned())));
    let source = Listed { tensors: tensors.collect(), salt: 0, identity: SourceId::unique() };
    let mut g = Graph::new();
    let x = g.input("map", &[1, 8, 8, 16]).unwrap();
    let spec = Head {
        module,
        args: &[Arg::Number(3.0)],
        classes: 3,
        reg_max: 16,
        end_to_end: false,
        activation: Activation::Silu,
        texts: None,
        input: [64, 64],
    };
    let w = Weights::new(Arc::new(source)).at(AT);
    head(&mut g, &w, &[x], &spec).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_run_is_named_with_its_reason() {
    for module in ["WorldDetect", "YOLOEDetect"] {
        let error = error(module, &[("cv4.0.logit_scale", &[])]);
        assert!(
            error.contains("open vocabulary without") && error.contains("set_classes"),
            "{error}"
        );
    }
    let prompt_free = error("YOLOESegment", &[("lrpc.0.vocab.weight", &[4585, 64])]);
    assert!(prompt_free.contains("prompt-free"), "{prompt_free}");
    let unknown = error("Regress6", &[]);
    assert!(unknown.contains("`Regress6`: no head of this name"), "{unknown}");
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let missing = error("Detect", &[]);
    assert!(missing.contains("tensor `model.23.cv2.0.0.conv.weight` is missing"), "{missing}");
    let points = error("Pose", &[]);
    assert!(points.contains("Pose needs kpt_shape"), "{points}");
    let levels = error("AnchorDetect", &[("anchors", &[2, 3, 2])]);
    assert!(levels.contains("`model.23.anchors` has shape [2, 3, 2]"), "{levels}");
    let narrow =
        error("AnchorSegment", &[("anchors", &[1, 3, 2]), ("m.0.weight", &[15, 16, 1, 1])]);
    assert!(narrow.contains("5 numbers of an anchor, more than 8 are needed"), "{narrow}");
}
