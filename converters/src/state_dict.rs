//! The facade: a checkpoint as named tensors and the values beside them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::Fault;
use crate::names::{Group, Named};
use crate::readers::{self, Content};
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};
use crate::tensor::{Layout, row_major};
use crate::{DType, Error, Tensor, Value, sharded};

/// How a checkpoint is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// `torch.save` since PyTorch 1.6.
    TorchZip,
    /// `torch.save` before PyTorch 1.6.
    TorchLegacy,
    /// `torch.jit.save`.
    TorchScript,
    /// A plain pickle of NumPy arrays.
    Pickle,
    /// An ONNX model: its initializers and constants. The graph is described, never run.
    ///
    /// Its [root](StateDict::root) is a dict of `ir_version`, `producer_name`, `producer_version`,
    /// `domain`, `model_version`, `opset_import` (domain to version; ONNX's own is `ai.onnx`),
    /// `metadata_props` (texts as stored), `graph_name`, `inputs` and `outputs` (name to `dtype`,
    /// and `shape`: a list of extents, names of extents, or `None`), and then
    ///
    /// - `renamed`: names that are recovered, to the initializers they are of,
    /// - `transposed`: those among them whose axes are reversed,
    /// - `unsupported`: names of sparse tensors, texts and types of less than a byte, which have
    ///   no tensor, to what they are,
    /// - `nodes`: a list of dicts of `op_type`, `domain`, `name`, `inputs`, `outputs` and
    ///   `attributes`, each only where it is not empty. Attributes that are tensors or graphs are
    ///   left out; a constant's tensor is in the state dict under its output's name.
    ///
    /// **Recovered names.** Exporters rename the weights they fold (`onnx::Conv_1234`, `val_47`).
    /// Such a weight of a convolution, linear layer, batch or layer norm is given the name of its
    /// PyTorch module instead, if another parameter of the layer or the path in the node's name
    /// tells it beyond doubt. A linear layer's weight that is stored as `[in, out]` for a matrix
    /// product is then a view with axes `[out, in]`, as PyTorch has it. Where a module that is none
    /// of these layers multiplies by one unnamed vector and adds another, they are its `weight` and
    /// `bias`, with one axis. A path that leaves a module out, because a method was called and not
    /// the module, is completed as the names nearest to it show. An initializer that stands
    /// for equal parameters of several modules is there under all their names. Names that modules
    /// gave stay as they are, and a weight into which a batch norm was folded has the name of the
    /// convolution's. Parameters that were cut up (`in_proj_weight` of an attention) keep the names
    /// of their pieces.
    Onnx,
    /// No file: tensors given by the program.
    Memory,
}

/// Named tensors of a checkpoint, read when asked for, and whatever is stored beside them.
///
/// Names are paths from the root of what was saved, joined by dots (`model.backbone.0.weight`,
/// `optimizer.state.0.exp_avg`), and under a pickled module the names its `state_dict()` would
/// give. [`groups`](Self::groups) lists the dicts of a training checkpoint and
/// [`subset`](Self::subset) selects one. Should two paths read alike, the later tensor's name ends
/// in `#2`. Clones are cheap.
#[derive(Clone)]
pub struct StateDict(Arc<Inner>);

struct Inner {
    file: Arc<str>,
    format: Format,
    root: Value,
    named: Named,
    extra: HashMap<String, String>,
}

impl StateDict {
    /// Opens a file, whatever it is called, by its content: maps it and reads its directory and
    /// pickle, and no tensor. The file must not be shortened while any tensor of it is alive.
    ///
    /// A file called `*.index.json` stands for the files beside it that it names, as the Hugging
    /// Face hub has models in several.
    pub fn open(path: impl AsRef<Path>) -> Result<StateDict, Error> {
        let path = path.as_ref();
        if sharded::is_index(path) {
            return sharded::open(path);
        }
        Self::read(&Source::map(path)?, &path.display().to_string(), Some(path))
    }

    /// Reads a checkpoint that is in memory; `name` stands for the file in errors.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<StateDict, Error> {
        Self::read(&Source::owned(bytes), name, None)
    }

    fn read(source: &Source, name: &str, path: Option<&Path>) -> Result<StateDict, Error> {
        let file = Arc::from(name);
        let Content { format, root, named, extra } = readers::read(source, &file, path)?;
        Ok(StateDict(Arc::new(Inner { file, format, root, named, extra })))
    }

    /// Tensors made by the program: name, element type, shape, row-major little-endian bytes.
    pub fn from_tensors(
        tensors: impl IntoIterator<Item = (String, DType, Vec<usize>, Vec<u8>)>,
    ) -> Result<StateDict, Error> {
        let file: Arc<str> = Arc::from("<memory>");
        let mut named = Named::default();
        for (name, dtype, shape, bytes) in tensors {
            let wrong = |what: String| Error::BadTensor {
                file: file.to_string(),
                name: name.clone(),
                what,
            };
            if named.index.contains_key(name.as_str()) {
                return Err(wrong("its name occurs twice".into()));
            }
            let storage = Storage::owned(bytes.into(), ByteOrder::Little);
            let overflow = || wrong(format!("its shape {shape:?} overflows"));
            let strides = row_major(&shape).ok_or_else(overflow)?;
            let given = storage.len();
            let layout = Layout { dtype, shape: shape.clone(), strides, offset: 0 };
            let short = |_: Fault| wrong(format!("{given} bytes do not fill {dtype} {shape:?}"));
            let tensor = Tensor::new(&file, layout, Arc::new(storage)).map_err(short)?;
            if tensor.byte_len() != given {
                return Err(wrong(format!("{given} bytes are too many for {dtype} {shape:?}")));
            }
            named.push(&name, &tensor, "");
        }
        let (format, root, extra) = (Format::Memory, Value::None, HashMap::new());
        let inner = Inner { file, format, root, named, extra };
        Ok(StateDict(Arc::new(inner)))
    }

    /// These tensors and those of `other`, whose names get `prefix` before them.
    #[must_use]
    pub fn with(&self, prefix: &str, other: &StateDict) -> StateDict {
        let mut joined = self.renamed(|name| Some(name.to_owned()));
        if let Some(inner) = Arc::get_mut(&mut joined.0) {
            for tensor in other.tensors() {
                inner.named.push(&format!("{prefix}{}", tensor.name()), tensor, "");
            }
        }
        joined
    }

    /// Tensors of several files under one name; all else is that of `first`.
    pub(crate) fn of_tensors<'a>(
        file: &str,
        first: Option<&StateDict>,
        tensors: impl Iterator<Item = Result<&'a Tensor, Error>>,
    ) -> Result<StateDict, Error> {
        let mut named = Named::default();
        for tensor in tensors {
            let tensor = tensor?;
            named.push(tensor.name(), tensor, "");
        }
        let format = first.map_or(Format::Memory, StateDict::format);
        let root = first.map_or(Value::None, |first| first.root().clone());
        let inner = Inner { file: Arc::from(file), format, root, named, extra: HashMap::new() };
        Ok(StateDict(Arc::new(inner)))
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// The file, for messages.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Everything that was saved, with the tensors in their places; of a safetensors file its
    /// metadata. A subset keeps the whole file's root.
    pub fn root(&self) -> &Value {
        &self.0.root
    }

    /// A text that was saved beside a TorchScript module, by its name: `_extra_files` of `torch.jit.save`.
    pub fn extra(&self, name: &str) -> Option<&str> {
        self.0.extra.get(name).map(String::as_str)
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.0.named.tensors.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.0.named.tensors.is_empty()
    }

    /// All names, in the order stored.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors().map(Tensor::name)
    }

    /// All tensors, in the order stored.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.0.named.tensors.iter()
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.named.index.contains_key(name)
    }

    /// A tensor by name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.named.index.get(name).map(|&place| &self.0.named.tensors[place])
    }

    /// A tensor that must be there; the error names the likeliest place it went to.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, Error> {
        self.get(name).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> Error {
        let file = self.file().to_owned();
        if let Some(kind) = self.root().at(&["unsupported", name]).and_then(Value::as_str)
            && self.format() == Format::Onnx
        {
            let hint = "store it as a dense tensor of whole numbers or floats".into();
            return Error::Unsupported { file, what: format!("tensor `{name}`: {kind}"), hint };
        }
        Error::MissingTensor { file, name: name.to_owned(), hint: self.nearest(name) }
    }

    fn nearest(&self, name: &str) -> String {
        let last = |name: &str, parts: usize| {
            name.rsplitn(parts + 1, '.').take(parts).map(str::to_owned).collect::<Vec<_>>()
        };
        let candidates = (1..=3).rev().find_map(|parts| {
            let wanted = last(name, parts);
            self.names().find(|other| wanted.len() == parts && last(other, parts) == wanted)
        });
        match candidates {
            Some(other) => format!(" among its {} tensors (there is `{other}`)", self.len()),
            None => format!(" among its {} tensors", self.len()),
        }
    }

    /// The dicts, lists and objects that hold tensors, in the order stored.
    pub fn groups(&self) -> &[Group] {
        &self.0.named.groups
    }

    /// The tensors below `path` whose remaining name starts with `strip_prefix`, under what is
    /// left of it then: `subset("state_dict", "model.")`. An empty path is the root.
    #[must_use]
    pub fn subset(&self, path: &str, strip_prefix: &str) -> StateDict {
        self.renamed(|name| {
            let rest = match path {
                "" => name,
                path => name.strip_prefix(path)?.strip_prefix('.')?,
            };
            rest.strip_prefix(strip_prefix).map(str::to_owned)
        })
    }

    /// The same tensors under the names that `rename` gives them; `None` leaves one out.
    #[must_use]
    pub fn renamed(&self, rename: impl Fn(&str) -> Option<String>) -> StateDict {
        let mut named = Named::default();
        for tensor in self.tensors() {
            if let Some(name) = rename(tensor.name()) {
                named.push(&name, tensor, "");
            }
        }
        let (file, root, extra) = (self.0.file.clone(), self.0.root.clone(), self.0.extra.clone());
        StateDict(Arc::new(Inner { file, format: self.0.format, root, named, extra }))
    }
}

impl fmt::Debug for StateDict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateDict({:?}, {:?}, {} tensors)", self.file(), self.format(), self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::StateDict;
    use crate::{DType, Error, Tensor};

    #[test]
    fn given_tensors_must_match_their_shapes() {
        let tensor =
            |shape: &[usize], len| ("t".to_owned(), DType::F32, shape.to_vec(), vec![0; len]);
        let cases = [
            (vec![tensor(&[2], 8)], true),
            (vec![tensor(&[], 4)], true),
            (vec![tensor(&[0, usize::MAX], 0)], true),
            (vec![tensor(&[2], 7)], false),
            (vec![tensor(&[2], 9)], false),
            (vec![tensor(&[usize::MAX, 2], 8)], false),
            (vec![tensor(&[1], 4), tensor(&[1], 4)], false),
        ];
        for (tensors, sound) in cases {
            match StateDict::from_tensors(tensors.clone()) {
                Ok(_) => assert!(sound, "{tensors:?}"),
                Err(error) => {
                    assert!(!sound && matches!(error, Error::BadTensor { .. }), "{error}");
                }
            }
        }
    }

    #[test]
    fn tensors_outlive_their_state_dict_on_other_threads() {
        fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
        let bytes = [1.0_f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let weights = StateDict::from_tensors([("t".into(), DType::F32, vec![2], bytes)]).unwrap();
        shareable(&weights);
        let tensor: Tensor = weights.tensor("t").unwrap().clone();
        drop(weights);
        let values = std::thread::spawn(move || tensor.to_f32().unwrap().to_vec());
        assert_eq!(values.join().unwrap(), [1.0, 2.0]);
    }
}
