//! A binary heap in two slices.

/// A value and where it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) value: f32,
    pub(super) index: i32,
}

impl Entry {
    /// Whether it comes before `other` in the result.
    #[inline(always)]
    #[allow(clippy::float_cmp, reason = "equals are ordered by index")]
    pub(super) fn before(self, other: Entry) -> bool {
        if self.value > other.value {
            return true;
        }
        let (undefined, other_undefined) = (self.value.is_nan(), other.value.is_nan());
        let equal = self.value == other.value || undefined && other_undefined;
        undefined && !other_undefined || equal && self.index < other.index
    }
}

/// Entries of which none comes before its children, so that the one on top is the last of all.
pub(super) struct Heap<'a> {
    values: &'a mut [f32],
    indices: &'a mut [i32],
}

impl<'a> Heap<'a> {
    /// Of at least one entry.
    pub(super) fn new(values: &'a mut [f32], indices: &'a mut [i32]) -> Heap<'a> {
        let mut heap = Heap { values, indices };
        for at in (0..heap.values.len() / 2).rev() {
            heap.sink(at, heap.values.len());
        }
        heap
    }

    #[inline(always)]
    pub(super) fn worst(&self) -> Entry {
        self.at(0)
    }

    pub(super) fn replace_worst(&mut self, entry: Entry) {
        self.put(0, entry);
        self.sink(0, self.values.len());
    }

    /// Leaves the entries in the order of the result.
    pub(super) fn sort(mut self) {
        for end in (1..self.values.len()).rev() {
            let (worst, last) = (self.at(0), self.at(end));
            self.put(end, worst);
            self.put(0, last);
            self.sink(0, end);
        }
    }

    /// Moves the entry at `at` down until it is in order, among the first `len`.
    fn sink(&mut self, mut at: usize, len: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= len {
                return;
            }
            let last =
                if right < len && self.at(left).before(self.at(right)) { right } else { left };
            if !self.at(at).before(self.at(last)) {
                return;
            }
            let (upper, lower) = (self.at(at), self.at(last));
            self.put(at, lower);
            self.put(last, upper);
            at = last;
        }
    }

    #[inline(always)]
    fn at(&self, i: usize) -> Entry {
        Entry { value: self.values[i], index: self.indices[i] }
    }

    #[inline(always)]
    fn put(&mut self, i: usize, entry: Entry) {
        (self.values[i], self.indices[i]) = (entry.value, entry.index);
    }
}
