//! The names that weights had in PyTorch, from the nodes that use them.

use std::collections::{BTreeSet, HashMap};

use super::initializers::Initializers;
use super::node::{Attribute, Node};
use super::path::{is_anonymous, is_later_call, module_of};
use super::scalings::{Scaling, Scalings};
use super::witnesses::Witnesses;

/// Layers met in a graph and the initializers they use.
#[derive(Default)]
pub(crate) struct Layers<'a> {
    met: Vec<Layer<'a>>,
    /// Outputs of matrix products, which a bias may be added to, and the layer each is of.
    products: HashMap<&'a str, usize>,
    scalings: Scalings<'a>,
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
    axes: Axes,
}

/// How PyTorch has the axes of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axes {
    Same,
    /// The two the other way round.
    Reversed,
    /// As one; the others are of one element.
    Joined,
}

/// A name that an initializer has in PyTorch.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) initializer: usize,
    pub(crate) name: String,
    pub(crate) axes: Axes,
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
            "Mul" => self.scalings.see(node, known),
            "Add" => {
                self.bias(node, known);
                self.scalings.see(node, known);
            }
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
            let rank = known.shape(initializer).len();
            let fits = match role {
                "weight" if linear => rank == 2,
                "weight" => true,
                _ => rank == 1,
            };
            if fits {
                let reversed = transposed && role == "weight";
                let axes = if reversed { Axes::Reversed } else { Axes::Same };
                slots.push(Slot { initializer, name, role, axes });
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
            let is_vector = known.shape(initializer).len() == 1;
            if is_vector && same_module && layer.slots.len() == 1 {
                let axes = Axes::Same;
                layer.slots.push(Slot { initializer, name, role: "bias", axes });
            }
        }
    }

    /// The names found, those of one initializer in the order of its uses. A name that two
    /// initializers claim, or that one has already, goes to neither.
    pub(crate) fn names(mut self, known: &Initializers<'a>) -> Vec<Recovered> {
        self.add_scalings(known);
        let mut claims = Claims::default();
        for &(initializer, name) in &self.copies {
            claims.add(Recovered { initializer, name: name.into(), axes: Axes::Same });
        }
        let modules = self.modules(known);
        let witnesses = self.witnesses(known);
        for layer in &self.met {
            let named = self.named_prefix(layer, known).map(str::to_owned);
            let Some(prefix) =
                named.or_else(|| prefix(layer.module.as_ref()?, &modules, &witnesses))
            else {
                continue;
            };
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

    /// Modules that scale and are no other layer become layers.
    fn add_scalings(&mut self, known: &Initializers<'a>) {
        let pairs = std::mem::take(&mut self.scalings).pairs(known);
        let of_layers = self.met.iter().filter_map(|layer| layer.module.as_deref());
        let taken: BTreeSet<String> = of_layers.map(str::to_owned).collect();
        for Scaling { module, weight, bias } in pairs {
            if taken.contains(&module) {
                continue;
            }
            let slot =
                |(initializer, name), role| Slot { initializer, name, role, axes: Axes::Joined };
            let slots = vec![slot(weight, "weight"), slot(bias, "bias")];
            self.met.push(Layer { module: Some(module), slots });
        }
    }

    /// What layers that have a name show of the modules around them.
    fn witnesses<'m>(&'m self, known: &Initializers<'a>) -> Witnesses<'m> {
        let mut witnesses = Witnesses::default();
        for layer in &self.met {
            let name = self.named_prefix(layer, known).and_then(|prefix| prefix.strip_suffix('.'));
            if let (Some(path), Some(name)) = (&layer.module, name) {
                witnesses.add(path, name);
            }
        }
        witnesses
    }

    /// What the names of a layer's parameters start with, if one has its name still: the best witness, unless equal
    /// ones elsewhere were merged with it.
    fn named_prefix(&self, layer: &Layer<'a>, known: &Initializers<'a>) -> Option<&'a str> {
        let is_own = |slot: &&Slot| {
            let alone = self.uses.get(&slot.initializer) == Some(&1);
            let is_copy = slot.name != known.name(slot.initializer);
            !is_anonymous(slot.name) && (alone || is_copy)
        };
        layer.slots.iter().filter(is_own).find_map(|slot| {
            let prefix = slot.name.strip_suffix(slot.role)?;
            (prefix.is_empty() || prefix.ends_with(['.', '_'])).then_some(prefix)
        })
    }

    fn claim(&self, slot: &Slot, prefix: &str, known: &Initializers) -> Option<Recovered> {
        let own = known.name(slot.initializer);
        let name = format!("{prefix}{}", slot.role);
        let wanted = if slot.axes == Axes::Joined {
            true
        } else if is_anonymous(own) {
            slot.name == own || is_anonymous(slot.name)
        } else {
            let alone = self.uses.get(&slot.initializer) == Some(&1) && slot.name == own;
            let elsewhere = owner(own) != owner(&name) && !is_later_call(&name, own);
            !alone && slot.axes != Axes::Reversed && elsewhere
        };
        let Slot { initializer, axes, .. } = *slot;
        wanted.then_some(Recovered { initializer, name, axes })
    }
}

/// What the names of the parameters of the module at `path` start with, unless it holds other modules and so is no
/// layer itself.
fn prefix(path: &str, modules: &BTreeSet<&str>, witnesses: &Witnesses) -> Option<String> {
    let is_layer = |prefix: &str| {
        let inner = modules.range(prefix..).next();
        !inner.is_some_and(|module| module.starts_with(prefix))
    };
    let own = format!("{path}.");
    let prefix = witnesses.name(path).map_or_else(|| own.clone(), |name| format!("{name}."));
    (is_layer(&own) && is_layer(&prefix)).then_some(prefix)
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
        if (other.initializer, other.axes) != (claim.initializer, claim.axes) {
            self.contested.insert(place);
        }
    }

    fn sound(self, known: &Initializers) -> Vec<Recovered> {
        let claims = self.made.into_iter().enumerate();
        let sound = claims.filter(|(place, _)| !self.contested.contains(place));
        sound.map(|(_, claim)| claim).filter(|claim| !known.is_name(&claim.name)).collect()
    }
}
