//! The memory plan: buffers that are not needed at the same time share memory.

/// Floats that a buffer's place is rounded to: one cache line.
pub(super) const LINE: usize = 16;

/// A stretch of memory that steps `first..=last` need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    pub(super) floats: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// Where each buffer begins, and how much memory all of them take, in floats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) offsets: Vec<usize>,
    pub(super) floats: usize,
}

/// Places the largest buffers first, each at the lowest place that is free while it lives.
pub(super) fn plan(buffers: &[Lifetime]) -> Plan {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(buffers[i].floats), buffers[i].first));
    let mut plan = Plan { offsets: vec![0; buffers.len()], floats: 0 };
    let mut placed: Vec<usize> = Vec::with_capacity(buffers.len());
    for index in order {
        let buffer = buffers[index];
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|&&other| {
                buffers[other].first <= buffer.last && buffer.first <= buffers[other].last
            })
            .map(|&other| (plan.offsets[other], plan.offsets[other] + room(buffers[other])))
            .collect();
        taken.sort_unstable();
        let offset = lowest_gap(&taken, room(buffer));
        plan.offsets[index] = offset;
        plan.floats = plan.floats.max(offset + room(buffer));
        placed.push(index);
    }
    plan
}

fn room(buffer: Lifetime) -> usize {
    buffer.floats.next_multiple_of(LINE)
}

/// The lowest place where `room` fits between the `taken` stretches, which are sorted.
fn lowest_gap(taken: &[(usize, usize)], room: usize) -> usize {
    let mut at = 0;
    for &(start, end) in taken {
        if start >= at + room {
            break;
        }
        at = at.max(end);
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lifetime(floats: usize, first: usize, last: usize) -> Lifetime {
        Lifetime { floats, first, last }
    }

    #[test]
    fn a_chain_needs_two_buffers() {
        let chain: Vec<_> = (0..10).map(|i| lifetime(64, i, i + 1)).collect();
        assert_eq!(plan(&chain).floats, 128);
    }

    proptest! {
        #[test]
        fn what_lives_together_lies_apart(
            buffers in proptest::collection::vec((0usize..200, 0usize..20, 0usize..6), 0..30)
        ) {
            let buffers: Vec<_> = buffers.into_iter().map(|(n, f, l)| lifetime(n, f, f + l)).collect();
            let plan = plan(&buffers);
            for (i, a) in buffers.iter().enumerate() {
                prop_assert!(plan.offsets[i].is_multiple_of(LINE) && plan.offsets[i] + a.floats <= plan.floats);
                for (j, b) in buffers.iter().enumerate().take(i) {
                    let together = a.first <= b.last && b.first <= a.last;
                    let apart = plan.offsets[i] + a.floats <= plan.offsets[j]
                        || plan.offsets[j] + b.floats <= plan.offsets[i];
                    prop_assert!(!together || apart || a.floats == 0 || b.floats == 0);
                }
            }
        }
    }
}
