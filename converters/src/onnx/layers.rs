//! The names that weights had in PyTorch, from the nodes that use them.

use std::collections::{BTreeSet, HashMap};

use super::initializers::Initializers;
use super::node::{Attribute, Node};
use super::path::{is_anonymous, is_later_call, module_of};

/// Layers met in a graph and the initializers they use.
#[derive(Default)]
pub(crate) struct Layers<'a> {
    met: Vec<Layer<'a>>,
    /// Outputs of matrix products, which a bias may be added to, and the layer each is of.
    products: HashMap<&'a str, usize>,
    /// Parameters under further names: initializer and name.
    copies: Vec<(usize, &'a str)>,
    /// How often an initializer is used, by whatever node.
    uses: HashMap<usize, usize>,
}

struct Layer<'a> {
    module: Option<String>,
    slots: Vec<Slot<'a>>,
}

/// An initializer in its role.
struct Slot<'a> {
    initializer: usize,
    /// Its name at the place of use.
    name: &'a str,
    role: &'static str,
    transposed: bool,
}

/// A name that an initializer has in PyTorch.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) initializer: usize,
    pub(crate) name: String,
    /// Whether PyTorch has the two axes the other way round.
    pub(crate) transposed: bool,
}

const AFFINE: &[&str] = &["weight", "bias"];
const BATCH_NORM: &[&str] = &["weight", "bias", "running_mean", "running_var"];

impl<'a> Layers<'a> {
    /// Takes note of a node. Nodes come in the order of the graph, producers first.
    pub(crate) fn see(&mut self, node: &Node<'a>, known: &mut Initializers<'a>) {
        if node.op_type == "Identity" {
            return self.copy(node, known);
        }
        for place in node.inputs.iter().filter_map(|name| known.place(name)) {
            *self.uses.entry(place).or_default() += 1;
        }
        match node.op_type {
            "Conv" | "ConvTranspose" | "LayerNormalization" => self.layer(node, known, AFFINE),
            "BatchNormalization" => self.layer(node, known, BATCH_NORM),
            "Gemm" if is_linear(node) => self.layer(node, known, AFFINE),
            "MatMul" => {
                let layers = self.met.len();
                self.layer(node, known, &AFFINE[..1]);
                if let (true, Some(&output)) = (self.met.len() > layers, node.outputs.first()) {
                    self.products.insert(output, layers);
                }
            }
            "Add" => self.bias(node, known),
            _ => {}
        }
    }

    /// Exporters store equal parameters once and copy them to the other names.
    fn copy(&mut self, node: &Node<'a>, known: &mut Initializers<'a>) {
        let (&[input], &[output]) = (&node.inputs[..], &node.outputs[..]) else { return };
        if let Some(place) = known.copy(input, output).filter(|_| !is_anonymous(output)) {
            self.copies.push((place, output));
        }
    }

    fn layer(&mut self, node: &Node<'a>, known: &Initializers<'a>, roles: &[&'static str]) {
        let linear = matches!(node.op_type, "Gemm" | "MatMul");
        let transposed = linear && node.int("transB", 0) == 0;
        let mut slots = Vec::new();
        for (&name, &role) in node.inputs.iter().skip(1).zip(roles) {
            let Some(initializer) = known.place(name) else { continue };
            let axes = known.axes(initializer);
            let fits = match role {
                "weight" if linear => axes == 2,
                "weight" => true,
                _ => axes == 1,
            };
            if fits {
                let transposed = transposed && role == "weight";
                slots.push(Slot { initializer, name, role, transposed });
            }
        }
        if !slots.is_empty() {
            self.met.push(Layer { module: module_of(node), slots });
        }
    }

    /// The vector added to a matrix product is its layer's bias.
    fn bias(&mut self, node: &Node<'a>, known: &Initializers<'a>) {
        let &[a, b] = &node.inputs[..] else { return };
        for (product, name) in [(a, b), (b, a)] {
            let Some(&layer) = self.products.get(product) else { continue };
            let Some(initializer) = known.place(name) else { continue };
            let layer = &mut self.met[layer];
            let same_module = match (&layer.module, module_of(node)) {
                (Some(ours), Some(theirs)) => *ours == theirs,
                _ => true,
            };
            if known.axes(initializer) == 1 && same_module && layer.slots.len() == 1 {
                layer.slots.push(Slot { initializer, name, role: "bias", transposed: false });
            }
        }
    }

    /// The names found, those of one initializer in the order of its uses. A name that two
    /// initializers claim, or that one has already, goes to neither.
    pub(crate) fn names(&self, known: &Initializers<'a>) -> Vec<Recovered> {
        let mut claims = Claims::default();
        for &(initializer, name) in &self.copies {
            claims.add(Recovered { initializer, name: name.into(), transposed: false });
        }
        let modules = self.modules(known);
        for layer in &self.met {
            let Some(prefix) = self.prefix(layer, known, &modules) else { continue };
            for slot in &layer.slots {
                if let Some(claim) = self.claim(slot, &prefix, known) {
                    claims.add(claim);
                }
            }
        }
        claims.sound(known)
    }

    /// Paths of all modules that are known to own a parameter.
    fn modules<'m>(&'m self, known: &'m Initializers<'a>) -> BTreeSet<&'m str> {
        let of_layers = self.met.iter().filter_map(|layer| layer.module.as_deref());
        let of_parameters = known.names().filter(|name| !is_anonymous(name)).map(owner);
        of_layers.chain(of_parameters).collect()
    }

    /// What the names of a layer's parameters start with. A parameter that has its name still is
    /// the best witness, unless equal ones elsewhere were merged with it; then comes the module,
    /// unless it holds other modules and so is no layer itself.
    fn prefix(
        &self,
        layer: &Layer<'a>,
        known: &Initializers<'a>,
        modules: &BTreeSet<&str>,
    ) -> Option<String> {
        let is_own = |slot: &&Slot| {
            let alone = self.uses.get(&slot.initializer) == Some(&1);
            let is_copy = slot.name != known.name(slot.initializer);
            !is_anonymous(slot.name) && (alone || is_copy)
        };
        let named = layer.slots.iter().filter(is_own).find_map(|slot| {
            let prefix = slot.name.strip_suffix(slot.role)?;
            (prefix.is_empty() || prefix.ends_with(['.', '_'])).then(|| prefix.to_owned())
        });
        named.or_else(|| {
            let prefix = format!("{}.", layer.module.as_ref()?);
            let inner = modules.range(prefix.as_str()..).next();
            (!inner.is_some_and(|module| module.starts_with(&prefix))).then_some(prefix)
        })
    }

    fn claim(&self, slot: &Slot, prefix: &str, known: &Initializers) -> Option<Recovered> {
        let own = known.name(slot.initializer);
        let name = format!("{prefix}{}", slot.role);
        let wanted = if is_anonymous(own) {
            slot.name == own || is_anonymous(slot.name)
        } else {
            let alone = self.uses.get(&slot.initializer) == Some(&1) && slot.name == own;
            let elsewhere = owner(own) != owner(&name) && !is_later_call(&name, own);
            !alone && !slot.transposed && elsewhere
        };
        let Slot { initializer, transposed, .. } = *slot;
        wanted.then_some(Recovered { initializer, name, transposed })
    }
}

/// Path of the module that a parameter belongs to.
fn owner(parameter: &str) -> &str {
    parameter.rsplit_once('.').map_or("", |(module, _)| module)
}

/// Whether a general matrix product is what a linear layer computes.
fn is_linear(node: &Node) -> bool {
    let is_one = |name| match node.attribute(name) {
        None => true,
        Some(Attribute::Float(factor)) => factor.to_bits() == 1f32.to_bits(),
        Some(_) => false,
    };
    is_one("alpha") && is_one("beta") && node.int("transA", 0) == 0
}

#[derive(Default)]
struct Claims {
    made: Vec<Recovered>,
    by_name: HashMap<String, usize>,
    /// The first claim of each initializer.
    firsts: HashMap<usize, usize>,
    contested: BTreeSet<usize>,
}

impl Claims {
    fn add(&mut self, claim: Recovered) {
        let first = self.firsts.get(&claim.initializer).map(|&place| &self.made[place]);
        if first.is_some_and(|f| f.name != claim.name && is_later_call(&claim.name, &f.name)) {
            return;
        }
        let Some(&place) = self.by_name.get(&claim.name) else {
            let place = self.made.len();
            self.by_name.insert(claim.name.clone(), place);
            self.firsts.entry(claim.initializer).or_insert(place);
            self.made.push(claim);
            return;
        };
        let other = &self.made[place];
        if (other.initializer, other.transposed) != (claim.initializer, claim.transposed) {
            self.contested.insert(place);
        }
    }

    fn sound(self, known: &Initializers) -> Vec<Recovered> {
        let claims = self.made.into_iter().enumerate();
        let sound = claims.filter(|(place, _)| !self.contested.contains(place));
        sound.map(|(_, claim)| claim).filter(|claim| !known.is_name(&claim.name)).collect()
    }
}
