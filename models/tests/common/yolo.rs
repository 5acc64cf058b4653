//! Golden files of YOLO networks, and checkpoints as they describe them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use ocelli_converters::{DType, StateDict};
use ocelli_engine::{Result, Shape, SourceId, Tensor, Values, WeightSource};
use serde::Deserialize;

use super::formula::{fill, sample_indices};
use super::golden::of_crate;

/// Samples kept of each stage.
const SAMPLES: usize = 16;

/// One network of a golden file; `tests/reference/yolo_stages.py` says what is in it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Pictures, height and width.
    pub image: [usize; 3],
    layers: (usize, String),
    norms: String,
    head: String,
    #[serde(default)]
    texts: BTreeMap<String, Vec<usize>>,
    stages: Vec<(String, Vec<usize>, f32)>,
    #[serde(skip)]
    samples: Vec<f32>,
}

/// What a stage should be.
#[derive(Debug)]
pub struct Stage<'a> {
    pub name: &'a str,
    pub shape: &'a [usize],
    absmax: f32,
    samples: &'a [f32],
}

/// The cases of `tests/goldens/yolo/FILE.safetensors`, in its order.
pub fn cases(file: &str) -> Vec<(String, Case)> {
    let folder = of_crate("tests/goldens/yolo");
    let tensors = StateDict::open(folder.join(format!("{file}.safetensors"))).unwrap();
    let metadata = tensors.root().get("__metadata__").unwrap_or(tensors.root());
    let text = metadata.get("cases").and_then(|v| v.as_str()).unwrap();
    let cases: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    let open = |(name, case): (String, serde_json::Value)| {
        let mut case: Case = serde_json::from_value(case).unwrap();
        case.samples = tensors.tensor(&name).unwrap().to_f32().unwrap().into_owned();
        (name, case)
    };
    cases.into_iter().map(open).collect()
}

impl Case {
    /// The hash of names and shapes of the weights that layers before the head need.
    pub fn needed_weights(&self) -> u64 {
        u64::from_str_radix(&self.layers.1, 16).unwrap()
    }

    /// All stages in the order in which they are computed.
    pub fn stages(&self) -> impl Iterator<Item = Stage<'_>> {
        let mut at = 0;
        self.stages.iter().map(move |(name, shape, absmax)| {
            let count = shape.iter().product::<usize>().min(SAMPLES);
            at += count;
            Stage { name, shape, absmax: *absmax, samples: &self.samples[at - count..at] }
        })
    }
}

impl Stage<'_> {
    /// The largest difference of `found`, of the stage's shape, from the samples, over the stage's largest magnitude.
    pub fn distance(&self, found: &[f32]) -> f32 {
        let places = sample_indices(found.len(), SAMPLES);
        assert_eq!(places.len(), self.samples.len(), "{}: number of samples", self.name);
        let differences = places.iter().zip(self.samples).map(|(&i, needed)| {
            let difference = (found[i] - needed).abs();
            if difference.is_nan() { f32::INFINITY } else { difference }
        });
        differences.fold(0.0, f32::max) / self.absmax.max(f32::MIN_POSITIVE)
    }
}

/// A checkpoint with formula weights: of layers it has whatever is asked for, of the head what the golden file lists.
pub struct Checkpoint {
    head: String,
    texts: BTreeMap<String, Vec<usize>>,
    listed: HashMap<String, (Vec<usize>, f32)>,
    identity: SourceId,
    asked: Mutex<BTreeMap<String, Vec<usize>>>,
    norms: Arc<OnceLock<HashMap<String, f32>>>,
}

impl Checkpoint {
    /// The checkpoint of a case whose head is the layer `head`.
    pub fn new(case: &Case, head: usize) -> Checkpoint {
        Checkpoint {
            head: format!("model.{head}."),
            texts: case.texts.clone(),
            listed: case.head.split(';').flat_map(tensors).collect(),
            identity: SourceId::unique(),
            asked: Mutex::default(),
            norms: Arc::default(),
        }
    }

    /// Names and shapes that layers asked for so far.
    pub fn asked(&self) -> BTreeMap<String, Vec<usize>> {
        self.asked.lock().unwrap().clone()
    }

    /// A file of all that was asked for, of the head's tensors and of the embeddings of the classes' names.
    pub fn state_dict(&self) -> StateDict {
        let head = self.listed.iter();
        let head = head.map(|(part, (shape, _))| (format!("{}{part}", self.head), shape.clone()));
        let all: BTreeMap<String, Vec<usize>> =
            self.asked().into_iter().chain(head).chain(self.texts.clone()).collect();
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let needed = Shape::new(&shape).unwrap();
            let values = self.find(&name, needed).unwrap().unwrap();
            let bytes = values.load().unwrap().iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, DType::F32, shape, bytes)
        };
        StateDict::from_tensors(all.into_iter().map(tensor)).unwrap()
    }

    /// Gives the batch norms that were asked for their factors, after the network is described and before it is compiled.
    pub fn set_norms(&self, case: &Case) {
        let asked = self.asked();
        let norms = asked.keys().filter(|name| name.ends_with(".running_var"));
        let factors = case.norms.bytes().map(factor);
        self.norms.set(norms.cloned().zip(factors).collect()).unwrap();
    }
}

/// The tensors of a line of the head's listing, with the factor of each.
fn tensors(line: &str) -> Vec<(String, (Vec<usize>, f32))> {
    let words: Vec<&str> = line.split(' ').collect();
    let extents = |text: &str| -> Vec<usize> {
        text.split('x').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect()
    };
    match words[..] {
        ["unit", name, shape, letter] => {
            let shape = extents(shape);
            let norm = |part: &str, factor| (format!("{name}.bn.{part}"), (vec![shape[0]], factor));
            let variance = factor(letter.as_bytes()[0]);
            let norms = ["weight", "bias", "running_mean"].map(|part| norm(part, 1.0));
            let weight = (format!("{name}.conv.weight"), (shape.clone(), 1.0));
            norms.into_iter().chain([weight, norm("running_var", variance)]).collect()
        }
        [name, shape] => vec![(name.to_owned(), (extents(shape), 1.0))],
        _ => Vec::new(),
    }
}

/// Powers of two by letter.
fn factor(letter: u8) -> f32 {
    (f32::from(letter) - f32::from(b'm')).exp2()
}

impl WeightSource for Checkpoint {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        let (shape, factor) = if let Some(part) = name.strip_prefix(&self.head) {
            let Some((shape, factor)) = self.listed.get(part) else { return Ok(None) };
            (shape.clone(), Some(*factor))
        } else if let Some(shape) = self.texts.get(name) {
            (shape.clone(), None)
        } else {
            self.asked.lock().unwrap().insert(name.to_owned(), needed.to_vec());
            (needed.to_vec(), None)
        };
        let norms = Arc::clone(&self.norms);
        let values = Filled { name: name.to_owned(), shape: shape.clone(), factor, norms };
        let shape = Shape::new(&shape).unwrap();
        Ok(Some(Tensor::new(shape, self.identity, name, Arc::new(values))))
    }

    fn file(&self) -> &'static str {
        "formula"
    }
}

struct Filled {
    name: String,
    shape: Vec<usize>,
    factor: Option<f32>,
    norms: Arc<OnceLock<HashMap<String, f32>>>,
}

impl Values for Filled {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        let mut values = if self.name.ends_with(".anchors") {
            anchors(&self.shape, self.name.starts_with("model.105."))
        } else {
            fill(&self.name, &self.shape, 0)
        };
        let norm = || self.norms.get().and_then(|norms| norms.get(&self.name)).copied();
        let factor = self.factor.or_else(norm).unwrap_or(1.0);
        for value in &mut values {
            *value *= factor;
        }
        Ok(Cow::Owned(values))
    }
}

/// The anchors of the `yolov5` repository in parts of the stride, for three or four levels, or those of `yolov7`.
fn anchors(shape: &[usize], seven: bool) -> Vec<f32> {
    const SEVEN: [f32; 18] = [
        12.0, 16.0, 19.0, 36.0, 40.0, 28.0, 36.0, 75.0, 76.0, 55.0, 72.0, 146.0, 142.0, 110.0,
        192.0, 243.0, 459.0, 401.0,
    ];
    const THREE: [f32; 18] = [
        10.0, 13.0, 16.0, 30.0, 33.0, 23.0, 30.0, 61.0, 62.0, 45.0, 59.0, 119.0, 116.0, 90.0,
        156.0, 198.0, 373.0, 326.0,
    ];
    const FOUR: [f32; 24] = [
        19.0, 27.0, 44.0, 40.0, 38.0, 94.0, 96.0, 68.0, 86.0, 152.0, 180.0, 137.0, 140.0, 301.0,
        303.0, 264.0, 238.0, 542.0, 436.0, 615.0, 739.0, 380.0, 925.0, 792.0,
    ];
    let all: &[f32] = match shape[0] {
        3 if seven => &SEVEN,
        3 => &THREE,
        _ => &FOUR,
    };
    all.iter().enumerate().map(|(i, anchor)| anchor / (8 << (i / 6)) as f32).collect()
}
