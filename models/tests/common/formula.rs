//! Weights and inputs computed from a tensor's name: the same values, bit for bit, as `tests/reference/formula.py`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ocelli_engine::{Result, Shape, SourceId, Tensor, Values, WeightSource};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// FNV-1a, 64 bits, of the text in UTF-8.
pub fn fnv1a64(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |value, byte| {
        (value ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// The finalizer of `SplitMix64`.
pub fn splitmix64(x: u64) -> u64 {
    let x = x.wrapping_add(GOLDEN);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Which elements of a flattened tensor a golden file keeps.
pub fn sample_indices(count: usize, limit: usize) -> Vec<usize> {
    if count <= limit {
        return (0..count).collect();
    }
    (0..limit as u64).map(|i| (splitmix64(i) % count as u64) as usize).collect()
}

/// The hash of the sorted lines `name AxBxC` of names and shapes.
pub fn names_hash(shapes: &BTreeMap<String, Vec<usize>>) -> u64 {
    let line = |(name, shape): (&String, &Vec<usize>)| {
        let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
        format!("{name} {}\n", extents.join("x"))
    };
    let mut lines: Vec<String> = shapes.iter().map(line).collect();
    lines.sort();
    fnv1a64(&lines.concat())
}

/// Centre and half width of the uniform distribution for a tensor of this name and shape.
fn offset_and_gain(name: &str, shape: &[usize]) -> (f64, f64) {
    let last = name.rsplit('.').next().unwrap_or_default();
    let table = ["position_embeddings", "cls_token", "refpoint_embed.weight", "query_feat.weight"];
    match (last, shape) {
        _ if name == "input" => (0.0, 1.5),
        _ if last == "lambda1" || last.starts_with("gamma") => (0.5, 0.25),
        ("running_var", _) => (1.0, 0.5),
        ("running_mean", _) => (0.0, 0.1),
        _ if table.iter().any(|end| name.ends_with(end)) => (0.0, 0.5),
        ("weight", [_]) => (1.0, 0.1),
        (_, [] | [_]) => (0.0, 0.1),
        (_, [first, ..]) => {
            let inner = shape.iter().product::<usize>() / first;
            (0.0, (3.0 / inner as f64).sqrt())
        }
    }
}

/// The tensor of this name.
pub fn fill(name: &str, shape: &[usize], salt: u64) -> Vec<f32> {
    let (offset, gain) = offset_and_gain(name, shape);
    let seed = fnv1a64(name) ^ salt.wrapping_mul(GOLDEN);
    let value = |i: u64| {
        let u = (splitmix64(seed.wrapping_add(i)) >> 40) as f64 / 8_388_608.0 - 1.0;
        (offset + gain * u) as f32
    };
    (0..shape.iter().product::<usize>() as u64).map(value).collect()
}

/// A source that has every tensor a layer asks for, in the shape it asks for, and remembers what was asked.
pub struct Formula {
    salt_of: fn(&str, u64) -> u64,
    salt: u64,
    identity: SourceId,
    asked: Mutex<BTreeMap<String, Vec<usize>>>,
    absent: fn(&str) -> bool,
}

impl Formula {
    /// `salt_of` says what salt a name has in a case of the given salt.
    pub fn new(salt: u64, salt_of: fn(&str, u64) -> u64) -> Formula {
        Formula {
            salt_of,
            salt,
            identity: SourceId::unique(),
            asked: Mutex::default(),
            absent: |_| false,
        }
    }

    /// Without the tensors of which `absent` holds.
    pub fn without(self, absent: fn(&str) -> bool) -> Formula {
        Formula { absent, ..self }
    }

    /// Names and shapes asked for so far.
    pub fn asked(&self) -> BTreeMap<String, Vec<usize>> {
        self.asked.lock().unwrap().clone()
    }
}

impl WeightSource for Formula {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        if (self.absent)(name) {
            return Ok(None);
        }
        self.asked.lock().unwrap().insert(name.to_owned(), needed.to_vec());
        let salt = (self.salt_of)(name, self.salt);
        let values = Filled { name: name.to_owned(), shape: needed.to_vec(), salt };
        Ok(Some(Tensor::new(needed, self.identity, name, Arc::new(values))))
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
