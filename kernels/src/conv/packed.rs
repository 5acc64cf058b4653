//! Weights of a convolution, packed once.

use super::dense::Dense;
use super::depthwise::Depthwise;
use super::winograd::Winograd;
use super::{Algorithm, Conv2d};
use crate::{Isa, Products};

/// The weights of a convolution, packed for an instruction set.
pub struct PackedConv {
    isa: Isa,
    spec: Conv2d,
    shape: [usize; 4],
    form: Form,
}

/// The algorithm that the weights are packed for.
pub(super) enum Form {
    Dense(Dense),
    Depthwise(Depthwise),
    Winograd(Winograd),
}

impl PackedConv {
    /// Packs PyTorch weights `[out, in / groups, kh, kw]` for the products of the definition.
    ///
    /// # Panics
    /// When `w` has another length, the channels do not divide into `spec.groups`, or an extent or stride is zero.
    pub fn new(isa: Isa, spec: Conv2d, shape: [usize; 4], w: &[f32]) -> PackedConv {
        PackedConv::with(isa, Algorithm::Direct, Products::F32, spec, shape, w)
    }

    /// Packs PyTorch weights `[out, in / groups, kh, kw]` for an algorithm and products, or for [`Products::F32`] where there are
    /// too few channels for rounding or cutting to pay, and of Winograd's too many; [`Algorithm::Winograd4`] rounds none.
    ///
    /// # Panics
    /// As [`PackedConv::new`], and when the algorithm cannot do such a convolution.
    pub fn with(
        isa: Isa,
        algorithm: Algorithm,
        products: Products,
        spec: Conv2d,
        shape: [usize; 4],
        w: &[f32],
    ) -> PackedConv {
        assert_eq!(w.len(), shape.iter().product::<usize>(), "weight {shape:?}");
        assert!(spec.groups > 0 && shape[0].is_multiple_of(spec.groups), "{spec:?} of {shape:?}");
        assert!(spec.stride[0] > 0 && spec.stride[1] > 0, "{spec:?}");
        assert!(spec.dilation[0] > 0 && spec.dilation[1] > 0, "{spec:?}");
        assert!(shape[2] > 0 && shape[3] > 0, "kernel of {shape:?}");
        let isa = isa.or_scalar();
        let asked = products.on(isa);
        let products = algorithm.products(asked, &spec, shape);
        assert!(algorithm.fits(&spec, shape), "{algorithm:?} for {spec:?} of {shape:?}");
        let form = match algorithm {
            Algorithm::Direct if shape[1] == 1 && spec.groups > 1 => {
                Form::Depthwise(Depthwise::pack(&spec, shape, w))
            }
            Algorithm::Direct => Form::Dense(Dense::pack(isa, [asked, products], &spec, shape, w)),
            _ => Form::Winograd(Winograd::pack(isa, algorithm, products, shape, w)),
        };
        PackedConv { isa, spec, shape, form }
    }

    /// The instruction set that they are packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Stride, padding, dilation and groups.
    pub fn spec(&self) -> &Conv2d {
        &self.spec
    }

    /// Height and width of the kernel.
    pub fn kernel(&self) -> [usize; 2] {
        [self.shape[2], self.shape[3]]
    }

    /// Channels of the input.
    pub fn inputs(&self) -> usize {
        self.shape[1] * self.spec.groups
    }

    /// Channels of the output.
    pub fn outputs(&self) -> usize {
        self.shape[0]
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Dense(dense) => dense.bytes(),
            Form::Depthwise(depthwise) => depthwise.bytes(),
            Form::Winograd(winograd) => winograd.bytes(),
        }
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }
}

impl std::fmt::Debug for PackedConv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedConv {:?} {:?} for {}", self.shape, self.spec, self.isa)
    }
}
