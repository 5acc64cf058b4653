//! Cutting an output into pieces that the threads of a pool write, each its own.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Pool, RowsMut};

/// Part `index` of `0..total` in `parts` nearly equal ones.
pub(crate) fn part(total: usize, parts: usize, index: usize) -> Range<usize> {
    total * index / parts..total * (index + 1) / parts
}

/// Elements of cheap elementwise work that are worth a piece of their own: some ten microseconds, and no work is cut that
/// is not worth two pieces.
///
/// Tests cut small outputs too.
pub(crate) const GRAIN: usize = if cfg!(test) { 50 } else { 1 << 16 };

/// Calls `piece(row, rows)` for consecutive runs of rows of `data`, on the threads of `pool`.
///
/// A row is `ld` elements, `row` the index of the first one; the last row may be shorter. A piece has enough rows to be
/// worth a thread, where one row is `cost` elements of work.
pub(crate) fn rows_mut<T: Send>(
    pool: &Pool,
    data: &mut [T],
    ld: usize,
    cost: usize,
    piece: impl Fn(usize, &mut [T]) + Sync,
) {
    if data.is_empty() {
        return;
    }
    let rows = data.len().div_ceil(ld.max(1));
    let per_piece = rows_per_piece(pool, rows, cost);
    if per_piece >= rows {
        return piece(0, data);
    }
    let (length, stride) = (data.len(), per_piece * ld);
    let data = Base(data.as_mut_ptr());
    pool.run(rows.div_ceil(per_piece), &|i| {
        let from = i * stride;
        let count = stride.min(length - from);
        // SAFETY: runs of different `i` do not overlap and end within `data`, which is borrowed until `run` returns.
        piece(i * per_piece, unsafe { data.slice(from, count) });
    });
}

/// Calls `piece(row, rows)` for consecutive runs of the rows of `out`, on the threads of `pool`.
///
/// `row` is the index of the first one. A piece has enough rows to be worth a thread, where one row is `cost` elements of
/// work.
pub(crate) fn each_part(
    pool: &Pool,
    out: RowsMut,
    cost: usize,
    piece: impl Fn(usize, RowsMut) + Sync,
) {
    let [rows, width] = out.extents();
    if rows * width == 0 {
        return;
    }
    let per_piece = rows_per_piece(pool, rows, cost);
    pool.run(rows.div_ceil(per_piece), &|i| {
        let first = i * per_piece;
        // SAFETY: parts of different `i` have different rows, and `out` is not used otherwise until `run` returns.
        piece(first, unsafe { out.part(first, per_piece.min(rows - first)) });
    });
}

/// As [`rows_mut`] for two outputs with the same rows; both have whole rows.
pub(crate) fn rows2_mut<T: Send, U: Send>(
    pool: &Pool,
    (a, lda): (&mut [T], usize),
    (b, ldb): (&mut [U], usize),
    cost: usize,
    piece: impl Fn(usize, &mut [T], &mut [U]) + Sync,
) {
    let rows = a.len().checked_div(lda).unwrap_or(0);
    if rows == 0 {
        return;
    }
    assert_eq!(b.len(), rows * ldb);
    let per_piece = rows_per_piece(pool, rows, cost);
    let (a, b) = (Base(a.as_mut_ptr()), Base(b.as_mut_ptr()));
    pool.run(rows.div_ceil(per_piece), &|i| {
        let first = i * per_piece;
        let count = per_piece.min(rows - first);
        // SAFETY: runs of different `i` do not overlap and end within the outputs, which are borrowed until `run` returns.
        let (a, b) =
            unsafe { (a.slice(first * lda, count * lda), b.slice(first * ldb, count * ldb)) };
        piece(first, a, b);
    });
}

/// Calls `work(worker, pieces)` on the threads of `pool`: each is another worker, and takes the pieces that are left, in order.
pub(crate) fn by_workers(
    pool: &Pool,
    pieces: usize,
    work: impl Fn(usize, &mut dyn Iterator<Item = usize>) + Sync,
) {
    let next = AtomicUsize::new(0);
    pool.run(pool.threads().min(pieces), &|worker| {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&piece| piece < pieces);
        work(worker, &mut std::iter::from_fn(take));
    });
}

/// Rows that are worth a thread, and few enough that all threads get some.
fn rows_per_piece(pool: &Pool, rows: usize, cost: usize) -> usize {
    let worthwhile = GRAIN.div_ceil(cost.max(1));
    let fair = rows.div_ceil(2 * pool.threads());
    worthwhile.max(fair).max(1)
}

/// The beginning of a slice that threads share.
pub(crate) struct Base<T>(pub(crate) *mut T);

// SAFETY: a pointer; whoever makes a slice of it answers for it.
unsafe impl<T: Send> Sync for Base<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Base<T> {}

impl<T> Base<T> {
    /// The element `from`.
    ///
    /// # Safety
    /// It is within the slice, or right behind it.
    pub(crate) unsafe fn at(&self, from: usize) -> *mut T {
        // SAFETY: the caller's contract.
        unsafe { self.0.add(from) }
    }

    /// `count` elements from `from` on.
    ///
    /// # Safety
    /// They are valid, and nobody else uses them meanwhile.
    #[allow(clippy::mut_from_ref, reason = "the caller answers for the aliasing")]
    pub(crate) unsafe fn slice(&self, from: usize, count: usize) -> &mut [T] {
        // SAFETY: the caller's contract.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(from), count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_visited_once() {
        for threads in 1..4 {
            let pool = Pool::new(threads);
            for (rows, ld, short) in [(1, 1, 0), (7, 5, 3), (100, 1000, 999), (3, 70_000, 0)] {
                let mut data = vec![0; rows * ld - short];
                rows_mut(&pool, &mut data, ld, ld, |first, rows| {
                    for (i, row) in rows.chunks_mut(ld).enumerate() {
                        for x in row.iter_mut() {
                            *x += first + i + 1;
                        }
                    }
                });
                assert!(data.iter().enumerate().all(|(i, &x)| x == i / ld + 1));
            }
        }
    }

    #[test]
    fn parts_leave_the_gaps_alone() {
        for threads in 1..4 {
            let pool = Pool::new(threads);
            for (rows, width, ld) in [(1, 1, 1), (7, 5, 6), (100, 1000, 1003), (0, 3, 3), (4, 0, 2)]
            {
                let mut data = vec![0.0; rows * ld];
                each_part(
                    &pool,
                    RowsMut::new(&mut data, [rows, width], ld),
                    width,
                    |first, mut part| {
                        for i in 0..part.rows() {
                            part.row_mut(i).iter_mut().for_each(|x| *x += (first + i + 1) as f32);
                        }
                    },
                );
                for (i, &x) in data.iter().enumerate() {
                    let expected = if i % ld < width { i / ld + 1 } else { 0 };
                    assert_eq!(x, expected as f32);
                }
            }
        }
    }

    #[test]
    fn two_outputs_keep_step() {
        let pool = Pool::new(3);
        let (mut a, mut b) = (vec![0; 500 * 300], vec![0; 500]);
        rows2_mut(&pool, (&mut a, 300), (&mut b, 1), 300, |first, a, b| {
            for (i, (a, b)) in a.chunks_mut(300).zip(b).enumerate() {
                a.fill(first + i);
                *b += first + i;
            }
        });
        assert!(a.iter().enumerate().all(|(i, &x)| x == i / 300));
        assert!(b.iter().enumerate().all(|(i, &x)| x == i));
    }
}
