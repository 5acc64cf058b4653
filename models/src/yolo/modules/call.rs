//! What a layer's line says to its module.

use ocelli_engine::{Error, Result};

use super::conv::Units;
use crate::yolo::spec::Arg;

/// The largest number of channels, and the largest of any other count, that an argument may ask for.
const MOST: f64 = 65_536.0;

/// How a module is called: what its line says, scaled.
#[derive(Clone, Copy, Debug)]
pub(in crate::yolo) struct Call<'a> {
    /// Channels that come out, of modules whose channels are scaled.
    pub(in crate::yolo) out: usize,
    /// How many blocks a module of blocks has.
    pub(in crate::yolo) repeats: usize,
    /// The other arguments.
    pub(in crate::yolo) args: &'a [Arg],
    /// The network's convolution units.
    pub(in crate::yolo) units: Units,
    /// Side of the first kernel of a lone bottleneck.
    pub(in crate::yolo) first_kernel: usize,
}

impl Call<'_> {
    /// The whole number at `i`, `default` where there is none.
    pub(super) fn size(&self, i: usize, default: usize) -> Result<usize> {
        self.optional_size(i).map(|size| size.unwrap_or(default))
    }

    /// The whole number at `i`, if there is one.
    pub(super) fn optional_size(&self, i: usize) -> Result<Option<usize>> {
        match self.args.get(i) {
            None | Some(Arg::None) => Ok(None),
            Some(arg) => match whole(arg) {
                Some(size) => Ok(Some(size)),
                None => Err(self.unexpected(i, "a whole number")),
            },
        }
    }

    /// The whole numbers at `i`, if there are any.
    pub(super) fn sizes(&self, i: usize) -> Result<Option<Vec<usize>>> {
        match self.args.get(i) {
            None | Some(Arg::None) => Ok(None),
            Some(Arg::List(list)) => match list.iter().map(whole).collect() {
                Some(sizes) => Ok(Some(sizes)),
                None => Err(self.unexpected(i, "whole numbers")),
            },
            Some(_) => Err(self.unexpected(i, "a list")),
        }
    }

    /// The number at `i`, `default` where there is none.
    pub(super) fn number(&self, i: usize, default: f64) -> Result<f64> {
        match self.args.get(i) {
            None => Ok(default),
            Some(&Arg::Number(number)) if number.is_finite() => Ok(number),
            Some(_) => Err(self.unexpected(i, "a number")),
        }
    }

    /// The truth value at `i`, `default` where there is none.
    pub(super) fn flag(&self, i: usize, default: bool) -> Result<bool> {
        match self.args.get(i) {
            None => Ok(default),
            Some(Arg::None) => Ok(false),
            Some(&Arg::Bool(flag)) => Ok(flag),
            Some(&Arg::Number(number)) => Ok(number != 0.0),
            Some(_) => Err(self.unexpected(i, "a truth value")),
        }
    }

    /// The name at `i`, `default` where there is none.
    pub(super) fn name(&self, i: usize, default: &'static str) -> Result<&str> {
        match self.args.get(i) {
            None => Ok(default),
            Some(Arg::Text(name)) => Ok(name),
            Some(_) => Err(self.unexpected(i, "a name")),
        }
    }

    /// The part `expansion` of the channels that come out, as the argument at `i` or `default` says.
    pub(super) fn inner(&self, i: usize, default: f64) -> Result<usize> {
        let expansion = self.number(i, default)?;
        let inner = (self.out as f64 * expansion).trunc();
        if !(1.0..=MOST).contains(&inner) {
            return Err(self.unexpected(i, "a part of the channels"));
        }
        Ok(inner as usize)
    }

    fn unexpected(&self, i: usize, needed: &str) -> Error {
        let found = self.args.get(i).map_or("nothing".to_owned(), |arg| format!("{arg:?}"));
        Error::Shape { op: "argument", what: format!("{needed} expected, found {found}") }
    }
}

/// A number from zero on without a fraction.
fn whole(arg: &Arg) -> Option<usize> {
    match *arg {
        Arg::Number(number) if (0.0..=MOST).contains(&number) && number.fract() == 0.0 => {
            Some(number as usize)
        }
        _ => None,
    }
}
