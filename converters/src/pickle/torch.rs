//! The callables by which PyTorch rebuilds tensors, and the persistent ids of their storages.

use std::sync::Arc;

use super::StorageDecl;
use super::call;
use super::machine::Machine;
use super::node::{Arena, Data, Id, Node, TensorNode};
use crate::DType;
use crate::error::Fault;
use crate::tensor::Layout;

/// The value of a call into `torch`, if it is one that makes tensors or plain containers.
pub(super) fn call(machine: &mut Machine, name: &str, args: &[Id]) -> Result<Option<Id>, Fault> {
    match name {
        "torch._utils._rebuild_tensor" | "torch._utils._rebuild_qtensor" => {
            rebuild(machine, args, None)
        }
        "torch._utils._rebuild_tensor_v2" => {
            if has_lazy_bits(&machine.arena, args.get(6)) {
                return Ok(None);
            }
            rebuild(machine, args, None)
        }
        "torch._utils._rebuild_tensor_v3" => {
            let dtype = args.get(6).and_then(|&id| machine.arena.class(id)).cloned();
            let dtype = dtype.and_then(|name| DType::from_torch(name.strip_prefix("torch.")?));
            if dtype.is_none() || has_lazy_bits(&machine.arena, args.get(7)) {
                return Ok(None);
            }
            rebuild(machine, args, dtype)
        }
        "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
            match args.first() {
                Some(&data) => Ok(Some(data)),
                None => Err(machine.input.corrupt("a parameter has no data")),
            }
        }
        "torch._tensor._rebuild_from_type_v2" => rebuild_from_type(machine, args),
        "torch.jit._pickle.build_intlist"
        | "torch.jit._pickle.build_doublelist"
        | "torch.jit._pickle.build_boollist"
        | "torch.jit._pickle.build_tensorlist"
        | "torch.jit._pickle.restore_type_tag" => Ok(args.first().copied()),
        _ => Ok(None),
    }
}

/// Conjugated and negated views store something else than their values.
fn has_lazy_bits(arena: &Arena, metadata: Option<&Id>) -> bool {
    match metadata.map(|&id| arena.get(id)) {
        None | Some(Node::None) => false,
        Some(Node::Dict(dict)) => dict.pairs.iter().any(|&(key, value)| {
            matches!(arena.str(key).map(|key| &**key), Some("conj" | "neg"))
                && !matches!(arena.get(value), Node::Bool(false))
        }),
        Some(_) => true,
    }
}

/// `_rebuild_from_type_v2(function, type, args, state)`: the tensor that `function` makes.
fn rebuild_from_type(machine: &mut Machine, args: &[Id]) -> Result<Option<Id>, Fault> {
    let &[function, _, inner, _] = args else {
        return Err(machine.input.corrupt("a tensor is rebuilt from other than 4 arguments"));
    };
    let (Some(_), Node::Tuple(inner)) = (machine.arena.class(function), machine.arena.get(inner))
    else {
        return Err(machine.input.corrupt("a tensor is rebuilt by no function"));
    };
    let inner = inner.clone();
    machine.arena.charge(inner.len())?;
    if machine.arena.class(function).is_some_and(|name| name.ends_with("_rebuild_from_type_v2")) {
        return Ok(None);
    }
    call::call(machine, function, inner).map(Some)
}

/// A tensor from `(storage, offset, size, stride, ..)`.
fn rebuild(machine: &mut Machine, args: &[Id], dtype: Option<DType>) -> Result<Option<Id>, Fault> {
    let &[storage, offset, size, stride, ..] = args else {
        return Err(machine.input.corrupt("a tensor is rebuilt from fewer than 4 arguments"));
    };
    let arena = &machine.arena;
    let index = match arena.get(storage) {
        Node::Storage(index) => *index,
        Node::Object(_) => return Ok(None),
        _ => return Err(machine.input.corrupt("a tensor has no storage")),
    };
    let offset = arena.int(offset).and_then(|offset| usize::try_from(offset).ok());
    let (Some(offset), Some(shape), Some(strides)) =
        (offset, extents(arena, size), extents(arena, stride))
    else {
        return Err(machine.input.corrupt("a tensor's offset, size or stride is no extent"));
    };
    machine.arena.charge(shape.len() + strides.len())?;
    let dtype = dtype.unwrap_or(machine.storages[index].dtype);
    let layout = Layout { dtype, shape, strides, offset };
    let node = Node::Tensor(Box::new(TensorNode { layout, data: Data::Storage(index) }));
    machine.arena.add(node).map(Some)
}

/// A list or tuple of integers from zero, of any sane number of axes.
pub(super) fn extents(arena: &Arena, id: Id) -> Option<Vec<usize>> {
    const MAX_AXES: usize = 64;
    let items = arena.items(id).filter(|items| items.len() <= MAX_AXES)?;
    items.iter().map(|&id| usize::try_from(arena.int(id)?).ok()).collect()
}

/// What a persistent id stands for: a storage, or the class of a module whose source was kept.
pub(super) fn persistent(machine: &mut Machine, pid: Id) -> Result<Id, Fault> {
    let arena = &machine.arena;
    let kind = arena.items(pid).and_then(|items| arena.str(*items.first()?)).cloned();
    match (kind.as_deref(), arena.items(pid)) {
        (Some("storage"), Some(items)) => {
            let Some(decl) = storage(arena, items) else {
                return Err(machine.input.corrupt("a storage is declared wrongly"));
            };
            let next = machine.storages.len();
            let index = *machine.storage_index.entry(decl.clone()).or_insert(next);
            if index == next {
                machine.storages.push(decl);
            }
            machine.arena.add(Node::Storage(index))
        }
        (Some("module"), Some(&[_, class, ..])) => Ok(class),
        _ => Err(machine.input.corrupt("a persistent id names no storage")),
    }
}

/// `("storage", class, key, device, elements[, view])`.
fn storage(arena: &Arena, items: &[Id]) -> Option<StorageDecl> {
    let &[_, class, key, _device, elements, ref rest @ ..] = items else { return None };
    let class = arena.class(class)?;
    let class = class.rsplit('.').next()?;
    let dtype = match class {
        "UntypedStorage" | "_UntypedStorage" => DType::U8,
        class => DType::from_storage_class(class)?,
    };
    let view = match rest.first().map(|&id| arena.get(id)) {
        None | Some(Node::None) => None,
        Some(Node::Tuple(view)) => {
            let &[_key, offset, size] = view.as_slice() else { return None };
            Some((
                usize::try_from(arena.int(offset)?).ok()?,
                usize::try_from(arena.int(size)?).ok()?,
            ))
        }
        Some(_) => return None,
    };
    let elements = usize::try_from(arena.int(elements)?).ok()?;
    Some(StorageDecl { key: storage_key(arena, key)?, dtype, elements, view })
}

/// A storage's name, which old files spell as an integer.
pub(super) fn storage_key(arena: &Arena, id: Id) -> Option<Arc<str>> {
    match arena.get(id) {
        Node::Str(key) => Some(key.clone()),
        Node::Int(key) => Some(key.to_string().into()),
        _ => None,
    }
}
