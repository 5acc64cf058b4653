//! NumPy arrays and scalars, which Lightning and older trainers leave in checkpoints.

use std::sync::Arc;

use super::machine::Machine;
use super::node::{Arena, Data, Id, Node, TensorNode};
use super::torch::extents;
use crate::DType;
use crate::decode;
use crate::error::Fault;
use crate::storage::ByteOrder;
use crate::tensor::{Layout, column_major, row_major};

const ARRAY: &str = "numpy.ndarray";

/// The value of a call into `numpy`; arrays are complete only after [`built_array`].
pub(super) fn call(machine: &mut Machine, name: &str, args: &[Id]) -> Result<Option<Id>, Fault> {
    match name.strip_prefix("numpy.core.").or_else(|| name.strip_prefix("numpy._core.")) {
        Some("multiarray._reconstruct") => machine.object(Arc::from(ARRAY), Vec::new()).map(Some),
        Some("multiarray.scalar") => scalar(machine, args),
        Some("numeric._frombuffer") => {
            let &[buffer, dtype, shape, order] = args else { return Ok(None) };
            let fortran = machine.arena.str(order).is_some_and(|order| &**order == "F");
            match array(&machine.arena, shape, dtype, fortran, buffer)? {
                Some(node) => machine.arena.add(node).map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// `BUILD` on an array: `(version, shape, dtype, is_fortran, bytes)`. `None` for other targets and
/// for arrays of Python objects or text, which stay opaque.
pub(super) fn built_array(arena: &mut Arena, target: Id, state: Id) -> Result<Option<Node>, Fault> {
    match arena.get(target) {
        Node::Object(object) if &*object.class == ARRAY => {}
        _ => return Ok(None),
    }
    let Some(&[_version, shape, dtype, fortran, data]) = arena.items(state) else {
        return Ok(None);
    };
    let fortran = matches!(arena.get(fortran), Node::Bool(true));
    array(arena, shape, dtype, fortran, data)
}

fn array(
    arena: &Arena,
    shape: Id,
    dtype: Id,
    fortran: bool,
    data: Id,
) -> Result<Option<Node>, Fault> {
    let (Some(shape), Some((dtype, order)), Node::Bytes(bytes)) =
        (extents(arena, shape), element_type(arena, dtype), arena.get(data))
    else {
        return Ok(None);
    };
    let strides = if fortran { column_major(&shape) } else { row_major(&shape) };
    let Some(strides) = strides else {
        return Err(Fault::corrupt("a NumPy array", "its extents overflow"));
    };
    let layout = Layout { dtype, shape, strides, offset: 0 };
    let data = Data::Inline(bytes.clone(), order);
    Ok(Some(Node::Tensor(Box::new(TensorNode { layout, data }))))
}

/// `scalar(dtype, bytes)` as a plain number.
fn scalar(machine: &mut Machine, args: &[Id]) -> Result<Option<Id>, Fault> {
    let arena = &machine.arena;
    let &[dtype, data] = args else { return Ok(None) };
    let (Some((dtype, order)), Node::Bytes(bytes)) = (element_type(arena, dtype), arena.get(data))
    else {
        return Ok(None);
    };
    if bytes.len() != dtype.size() {
        return Err(machine.input.corrupt("a NumPy scalar has a wrong number of bytes"));
    }
    let mut bytes = bytes.to_vec();
    if order == ByteOrder::Big {
        decode::swap_words(&mut bytes, dtype.word());
    }
    let integer = decode::to_i64(dtype, &bytes).map(|values| values[0]);
    let node = match (dtype, integer) {
        (DType::Bool, Some(value)) => Node::Bool(value != 0),
        (_, Some(value)) => Node::Int(value),
        (DType::F64, _) => match bytes.as_chunks().0 {
            [word, ..] => Node::Float(f64::from_le_bytes(*word)),
            [] => return Ok(None),
        },
        _ => match decode::to_f32(dtype, &bytes).as_deref() {
            Some([value]) if dtype != DType::U64 => Node::Float(f64::from(*value)),
            _ => return Ok(None),
        },
    };
    machine.arena.add(node).map(Some)
}

/// `dtype('<f4', False, True)`, its byte order corrected by the state that `BUILD` gave it.
fn element_type(arena: &Arena, id: Id) -> Option<(DType, ByteOrder)> {
    let Node::Object(object) = arena.get(id) else { return None };
    if &*object.class != "numpy.dtype" {
        return None;
    }
    let code = arena.str(*object.args.first()?)?;
    let state = object.state.and_then(|state| arena.items(state));
    let order = state.and_then(|state| arena.str(*state.get(1)?));
    let (code_order, code) = match code.split_at_checked(1) {
        Some((order @ ("<" | ">" | "|" | "="), code)) => (order, code),
        _ => ("|", &**code),
    };
    let order = match (order.map(|order| &**order), code_order) {
        (Some(">"), _) | (None, ">") => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let dtype = match code {
        "f8" => DType::F64,
        "f4" => DType::F32,
        "f2" => DType::F16,
        "i8" => DType::I64,
        "i4" => DType::I32,
        "i2" => DType::I16,
        "i1" => DType::I8,
        "u8" => DType::U64,
        "u4" => DType::U32,
        "u2" => DType::U16,
        "u1" => DType::U8,
        "b1" => DType::Bool,
        "c8" => DType::C64,
        "c16" => DType::C128,
        _ => return None,
    };
    Some((dtype, order))
}
