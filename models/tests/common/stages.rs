//! Networks against golden files of `tests/reference/named_stages.py`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use ocelli_converters::{DType, StateDict};
use ocelli_engine::{Graph, Result, Shape, SourceId, Tensor, Value, Values, WeightSource, Weights};

use super::executor;
use super::formula::{fill, names_hash};
use super::golden::{Golden, limit};

/// Compares a network, whose `describe` gives its stages in the golden file's order and then its results, with the
/// original.
pub fn compare(
    family: &str,
    case: &str,
    results: &[&str],
    describe: impl FnOnce(&mut Graph, &Weights, Value) -> Result<Vec<(String, Value)>>,
) {
    let golden = Golden::open(family, case);
    let [n, h, w]: [usize; 3] = serde_json::from_value(golden.fact("image").clone()).unwrap();
    let source = Arc::new(Normed::default());
    let mut g = Graph::new();
    let image = g.input("image", &[n, h, w, 3]).unwrap();
    let stages = describe(&mut g, &Weights::new(Arc::clone(&source) as _), image).unwrap();
    assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "{case}: names of weights");
    source.set_norms(golden.fact("norms").as_str().unwrap());
    for (name, value) in &stages {
        g.output(name, *value);
    }
    let mut session = executor().compile(&g).unwrap().session().unwrap();
    session.input(0).unwrap().copy_from_slice(&fill("input", &[n, h, w, 3], 0));
    session.run().unwrap();
    for (i, (name, value)) in stages.iter().enumerate() {
        assert_eq!(g.shape(*value), *golden.shape(name), "{case}: shape of {name}");
        let limit = limit(results.contains(&&**name));
        let distance = golden.distance(name, session.output(i).unwrap());
        eprintln!("  {case} {name}: {distance:.1e}");
        assert!(distance <= limit, "{case}: stage {name} is off by {distance:e} of its largest");
    }
    assert_eq!(golden.stages().len(), stages.len(), "{case}: number of stages");
}

/// A checkpoint with everything that `describe` asks for, values from the formula.
pub fn checkpoint(
    describe: impl FnOnce(&mut Graph, &Weights, Value) -> Result<Vec<(String, Value)>>,
) -> StateDict {
    let source = Arc::new(Normed::default());
    let mut g = Graph::new();
    let image = g.input("image", &[1, 64, 64, 3]).unwrap();
    describe(&mut g, &Weights::new(Arc::clone(&source) as _), image).unwrap();
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let bytes = fill(&name, &shape, 0).iter().flat_map(|v| v.to_le_bytes()).collect();
        (name, DType::F32, shape, bytes)
    };
    StateDict::from_tensors(source.asked().into_iter().map(tensor)).unwrap()
}

/// A source that has every tensor a layer asks for, and factors for the variances of batch norms.
#[derive(Default)]
struct Normed {
    identity: OnceLock<SourceId>,
    asked: Mutex<BTreeMap<String, Vec<usize>>>,
    factors: Arc<OnceLock<HashMap<String, f32>>>,
}

impl Normed {
    fn asked(&self) -> BTreeMap<String, Vec<usize>> {
        self.asked.lock().unwrap().clone()
    }

    /// Takes the factors, letters in the order of the names; after the network is described, before it is compiled.
    fn set_norms(&self, letters: &str) {
        let asked = self.asked();
        let norms = asked.keys().filter(|name| name.ends_with(".running_var")).cloned();
        let factors = letters.bytes().map(|b| (f32::from(b) - f32::from(b'm')).exp2());
        self.factors.set(norms.zip(factors).collect()).unwrap();
    }
}

impl WeightSource for Normed {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        self.asked.lock().unwrap().insert(name.to_owned(), needed.to_vec());
        let identity = *self.identity.get_or_init(SourceId::unique);
        let factors = Arc::clone(&self.factors);
        let values = Filled { name: name.to_owned(), shape: needed.to_vec(), factors };
        Ok(Some(Tensor::new(needed, identity, name, Arc::new(values))))
    }

    fn file(&self) -> &'static str {
        "formula"
    }
}

struct Filled {
    name: String,
    shape: Vec<usize>,
    factors: Arc<OnceLock<HashMap<String, f32>>>,
}

impl Values for Filled {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        let mut values = fill(&self.name, &self.shape, 0);
        let factor = self.factors.get().and_then(|factors| factors.get(&self.name)).copied();
        if let Some(factor) = factor {
            for value in &mut values {
                *value *= factor;
            }
        }
        Ok(Cow::Owned(values))
    }
}
