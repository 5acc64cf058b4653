//! The arena of a session and the views that steps get of it. All `unsafe` of the engine is here.
//!
//! A step names its operands when it is made. [`check`] refuses a step whose results overlap anything else it names, so
//! the views handed out while it runs never alias.

use std::sync::Arc;

use bytemuck::Zeroable;
use ocelli_kernels::{Factors, Rows, RowsMut, filled};

use super::plan::LINE;

/// Where a buffer lies.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// In the arena, at this float.
    Arena(usize),
    /// A constant, shared by all sessions.
    Constant(Arc<Block>),
}

/// Rows in a buffer: `rows` of `columns` floats, `ld` apart, from `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) slot: usize,
    pub(super) offset: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) ld: usize,
    /// What the floats are: numbers, or pairs of them.
    pub(super) factors: Factors,
}

impl Operand {
    /// Whether the rows are adjacent, of numbers.
    pub(super) fn is_dense(&self) -> bool {
        (self.ld == self.columns || self.rows <= 1) && self.factors == Factors::F32
    }

    /// Floats from the first to the last, those between rows included.
    pub(super) fn span(&self) -> usize {
        match self.rows * self.columns {
            0 => 0,
            _ => (self.rows - 1) * self.ld + self.columns,
        }
    }

    /// One past the last float in its buffer.
    pub(super) fn end(&self) -> usize {
        self.offset + self.span()
    }

    fn overlaps(&self, other: &Operand) -> bool {
        let apart = self.end() <= other.offset || other.end() <= self.offset;
        if self.slot != other.slot || apart || self.span() == 0 || other.span() == 0 {
            return false;
        }
        let same_grid = self.ld == other.ld && self.ld > 0;
        !(same_grid && columns_apart(self, other))
    }
}

/// Whether rows on the same grid lie side by side.
fn columns_apart(a: &Operand, b: &Operand) -> bool {
    let (first, second) = (a.offset % a.ld, b.offset % b.ld);
    let within = first + a.columns <= a.ld && second + b.columns <= b.ld;
    within && (first + a.columns <= second || second + b.columns <= first)
}

/// Whether the results of a step overlap neither its operands nor each other.
pub(super) fn check(reads: &[Operand], writes: &[Operand]) -> bool {
    writes.iter().enumerate().all(|(i, write)| {
        let others = reads.iter().chain(&writes[i + 1..]);
        write.ld >= write.columns && others.into_iter().all(|other| !write.overlaps(other))
    })
}

/// One cache line of floats.
#[derive(Clone, Copy, Debug, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Memory of whole cache lines, zero at first.
pub(super) struct Block {
    lines: *mut Line,
    count: usize,
}

// SAFETY: a block owns its memory; who may touch which part of it is said by `Memory`.
unsafe impl Send for Block {}
// SAFETY: through a shared block memory is only read, or written by the one session that owns it.
unsafe impl Sync for Block {}

impl Block {
    /// Memory for `floats` floats.
    pub(super) fn new(floats: usize) -> Block {
        let lines = filled(Line::zeroed(), floats.div_ceil(LINE)).into_boxed_slice();
        let count = lines.len();
        Block { lines: Box::into_raw(lines).cast(), count }
    }

    /// A copy of `values`.
    pub(super) fn holding(values: &[f32]) -> Block {
        let mut block = Block::new(values.len());
        block.floats_mut()[..values.len()].copy_from_slice(values);
        block
    }

    pub(super) fn len(&self) -> usize {
        self.count * LINE
    }

    pub(super) fn floats(&self) -> &[f32] {
        // SAFETY: the block owns `len` initialised floats there, and nobody writes while it is borrowed.
        unsafe { std::slice::from_raw_parts(self.pointer(), self.len()) }
    }

    pub(super) fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: the block owns `len` initialised floats there, and is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(), self.len()) }
    }

    fn pointer(&self) -> *mut f32 {
        self.lines.cast()
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({} floats)", self.len())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let lines = std::ptr::slice_from_raw_parts_mut(self.lines, self.count);
        // SAFETY: it came from a box of that many lines.
        drop(unsafe { Box::from_raw(lines) });
    }
}

/// What a step sees while it runs: its operands, by position.
pub(super) struct Args<'a> {
    arena: &'a Block,
    slots: &'a [Slot],
    reads: &'a [Operand],
    writes: &'a [Operand],
    taken: u64,
}

impl<'a> Args<'a> {
    /// The operands of one step that [`check`] has passed. The arena is borrowed exclusively for as long as the step runs.
    pub(super) fn new(
        arena: &'a mut Block,
        slots: &'a [Slot],
        (reads, writes): (&'a [Operand], &'a [Operand]),
    ) -> Args<'a> {
        Args { arena, slots, reads, writes, taken: 0 }
    }

    /// How many operands there are.
    pub(super) fn reads(&self) -> usize {
        self.reads.len()
    }

    /// Operand `index`, whose rows are adjacent.
    pub(super) fn read(&self, index: usize) -> &'a [f32] {
        let (operand, pointer) = (self.reads[index], self.pointer(self.reads[index]));
        assert!(operand.is_dense(), "operand {index} is not dense");
        // SAFETY: `pointer` has checked that the floats are there; the step's results do not overlap them.
        unsafe { std::slice::from_raw_parts(pointer, operand.span()) }
    }

    /// Operand `index`, which holds indices.
    pub(super) fn read_i32(&self, index: usize) -> &'a [i32] {
        bytemuck::cast_slice(self.read(index))
    }

    /// Operand `index` as rows.
    pub(super) fn rows(&self, index: usize) -> Rows<'a> {
        let (operand, pointer) = (self.reads[index], self.pointer(self.reads[index]));
        let extents = [operand.rows, operand.columns];
        // SAFETY: `pointer` has checked that the floats are there; the step's results do not overlap the rows.
        let rows = unsafe { Rows::from_ptr(pointer, operand.span(), extents, operand.ld) };
        rows.holding(operand.factors)
    }

    /// Result `index`, whose rows are adjacent. Each result is taken once.
    pub(super) fn write(&mut self, index: usize) -> &'a mut [f32] {
        let (operand, pointer) = (self.writes[index], self.take(index));
        assert!(operand.is_dense(), "result {index} is not dense");
        // SAFETY: `pointer` has checked that the floats are there; nothing else of the step overlaps them.
        unsafe { std::slice::from_raw_parts_mut(pointer, operand.span()) }
    }

    /// Result `index`, which holds indices. Each result is taken once.
    pub(super) fn write_i32(&mut self, index: usize) -> &'a mut [i32] {
        bytemuck::cast_slice_mut(self.write(index))
    }

    /// Result `index` as rows. Each result is taken once.
    pub(super) fn rows_mut(&mut self, index: usize) -> RowsMut<'a> {
        let (operand, pointer) = (self.writes[index], self.take(index));
        let extents = [operand.rows, operand.columns];
        // SAFETY: `pointer` has checked that the floats are there; nothing else of the step overlaps the rows.
        let rows = unsafe { RowsMut::from_ptr(pointer, operand.span(), extents, operand.ld) };
        rows.holding(operand.factors)
    }

    fn take(&mut self, index: usize) -> *mut f32 {
        let bit = 1 << index;
        assert!(self.taken & bit == 0, "result {index} is taken twice");
        self.taken |= bit;
        let operand = self.writes[index];
        assert!(matches!(self.slots[operand.slot], Slot::Arena(_)), "a constant is written");
        self.pointer(operand)
    }

    fn pointer(&self, operand: Operand) -> *mut f32 {
        let (block, start) = match &self.slots[operand.slot] {
            Slot::Arena(start) => (self.arena, *start),
            Slot::Constant(block) => (&**block, 0),
        };
        assert!(start + operand.end() <= block.len(), "{operand:?} reaches beyond its memory");
        block.pointer().wrapping_add(start + operand.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operand(slot: usize, offset: usize, rows: usize, columns: usize, ld: usize) -> Operand {
        Operand { slot, offset, rows, columns, ld, factors: Factors::F32 }
    }

    #[test]
    fn overlaps_are_found() {
        let left = operand(0, 0, 4, 3, 8);
        let right = operand(0, 3, 4, 5, 8);
        assert!(check(&[left], &[right]));
        assert!(!check(&[left], &[operand(0, 2, 4, 5, 8)]));
        assert!(!check(&[left], &[operand(0, 3, 4, 5, 9)]));
        assert!(check(&[left], &[operand(1, 0, 4, 3, 8)]));
        assert!(!check(&[], &[left, left]));
        assert!(check(&[operand(0, 0, 1, 8, 8)], &[operand(0, 8, 1, 8, 8)]));
    }

    #[test]
    fn operands_see_their_part() {
        let mut arena = Block::new(64);
        for (i, float) in arena.floats_mut().iter_mut().enumerate() {
            *float = i as f32;
        }
        let slots = [Slot::Arena(16), Slot::Constant(Arc::new(Block::holding(&[7.0])))];
        let reads = [operand(0, 1, 2, 2, 2), operand(1, 0, 1, 1, 1)];
        let writes = [operand(0, 8, 1, 4, 4)];
        let mut args = Args::new(&mut arena, &slots, (&reads, &writes));
        assert_eq!(args.read(0), [17.0, 18.0, 19.0, 20.0]);
        assert_eq!(args.read(1), [7.0]);
        args.write(0).fill(-1.0);
        assert_eq!(arena.floats()[23..29], [23.0, -1.0, -1.0, -1.0, -1.0, 28.0]);
    }

    #[test]
    #[should_panic(expected = "beyond its memory")]
    fn nothing_outside_is_seen() {
        let mut arena = Block::new(16);
        let slots = [Slot::Arena(8)];
        let reads = [operand(0, 0, 3, 3, 3)];
        Args::new(&mut arena, &slots, (&reads, &[])).read(0);
    }
}
