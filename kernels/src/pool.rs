//! A few threads that run the pieces of one operation, with a fork and join of a few microseconds.

use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};

use crate::split::part;

/// How often a worker without work looks again before it sleeps: some tens of microseconds.
const SPINS: u32 = 4000;

/// A fixed set of threads. The caller of [`Pool::run`] is one of them.
///
/// Each thread begins with a run of pieces of its own, the same of every job: what it wrote in one operation, it is likely
/// to read in the next, from its own cache. Then it helps the others.
///
/// The pool serves one caller at a time. A second caller is not made to wait: it runs its pieces by itself.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Generation of the job, whether it is open, and how many workers are in it: see the constants below.
    state: AtomicU64,
    /// Written by the caller while the job is closed and nobody is in it.
    job: UnsafeCell<Job>,
    /// By thread, the caller's first: which of its pieces is next.
    next: Vec<Next>,
    in_use: AtomicBool,
    panicked: AtomicBool,
    stop: AtomicBool,
    sleeping: Vec<AtomicBool>,
}

/// In a cache line of its own, and the one that is fetched with it.
#[repr(align(128))]
struct Next(AtomicUsize);

const ONE_WORKER: u64 = 1;
const WORKERS: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const GENERATION: u64 = 1 << 17;

#[derive(Clone, Copy)]
struct Job {
    run: *const (dyn Fn(usize) + Sync),
    pieces: usize,
}

// SAFETY: `job` is only written while the state is closed with no worker inside, and only read by workers that entered
// while it was open; entering and leaving are acquire and release operations on `state`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Pool {
    /// A pool in which `threads` threads take part, the caller included; at least one.
    pub fn new(threads: usize) -> Pool {
        let others = threads.clamp(1, 1024) - 1;
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            job: UnsafeCell::new(Job { run: &|_| {}, pieces: 0 }),
            next: (0..=others).map(|_| Next(AtomicUsize::new(0))).collect(),
            in_use: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleeping: (0..others).map(|_| AtomicBool::new(false)).collect(),
        });
        let workers = (0..others).filter_map(|index| spawn(&shared, index)).collect();
        Pool { shared, workers }
    }

    /// Threads that take part, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `piece(0)` to `piece(pieces - 1)`, each once, in any order and on any thread; returns when all are done.
    ///
    /// # Panics
    /// When a piece does.
    pub fn run(&self, pieces: usize, piece: &(dyn Fn(usize) + Sync)) {
        let alone = pieces <= 1 || self.workers.is_empty();
        if alone || self.shared.in_use.swap(true, Ordering::Acquire) {
            (0..pieces).for_each(piece);
            return;
        }
        let finish = Finish(&self.shared);
        self.open(pieces, piece);
        self.shared.take_pieces(Job { run: erase(piece), pieces }, 0);
        drop(finish);
        assert!(!self.shared.panicked.swap(false, Ordering::AcqRel), "a piece of work panicked");
    }

    fn open(&self, pieces: usize, piece: &(dyn Fn(usize) + Sync)) {
        let shared = &*self.shared;
        for (thread, next) in shared.next.iter().enumerate() {
            next.0.store(shared.part(pieces, thread).start, Ordering::Relaxed);
        }
        // SAFETY: `in_use` is ours and the last job was closed and left by all workers.
        unsafe { *shared.job.get() = Job { run: erase(piece), pieces } };
        let generation = (shared.state.load(Ordering::Relaxed) & !(OPEN | WORKERS)) + GENERATION;
        shared.state.store(generation | OPEN, Ordering::SeqCst);
        for (flag, worker) in shared.sleeping.iter().zip(&self.workers) {
            if flag.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            let thread: Thread = worker.thread().clone();
            thread.unpark();
            let _ = worker.join();
        }
    }
}

/// The borrow of a piece without its lifetime; [`Finish`] makes sure that no worker uses it afterwards.
fn erase(piece: &(dyn Fn(usize) + Sync)) -> *const (dyn Fn(usize) + Sync) {
    // SAFETY: only the lifetime changes.
    unsafe {
        std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(piece)
    }
}

fn spawn(shared: &Arc<Shared>, index: usize) -> Option<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    thread::Builder::new().name(format!("ocelli-{index}")).spawn(move || shared.work(index)).ok()
}

/// Closes the job and waits for the workers in it, also when the caller's own piece panicked.
struct Finish<'a>(&'a Shared);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        for next in &self.0.next {
            next.0.store(usize::MAX / 2, Ordering::Relaxed);
        }
        self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        while self.0.state.load(Ordering::Acquire) & WORKERS != 0 {
            std::hint::spin_loop();
        }
        self.0.in_use.store(false, Ordering::Release);
    }
}

impl Shared {
    fn work(&self, index: usize) {
        let mut last = 0;
        while let Some(generation) = self.wait(index, last) {
            last = generation;
            if let Some(job) = self.enter(generation) {
                if catch_unwind(AssertUnwindSafe(|| self.take_pieces(job, index + 1))).is_err() {
                    self.panicked.store(true, Ordering::Release);
                }
                self.state.fetch_sub(ONE_WORKER, Ordering::AcqRel);
            }
        }
    }

    /// The generation of the next open job, or nothing when the pool ends.
    fn wait(&self, index: usize, last: u64) -> Option<u64> {
        let mut spins = 0;
        loop {
            if self.stop.load(Ordering::Acquire) {
                return None;
            }
            if let Some(generation) = self.news(last) {
                return Some(generation);
            }
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            self.sleeping[index].store(true, Ordering::SeqCst);
            if self.news(last).is_none() && !self.stop.load(Ordering::SeqCst) {
                thread::park();
            }
            self.sleeping[index].store(false, Ordering::SeqCst);
            spins = 0;
        }
    }

    fn news(&self, last: u64) -> Option<u64> {
        let state = self.state.load(Ordering::SeqCst);
        let generation = state & !(OPEN | WORKERS);
        (state & OPEN != 0 && generation != last).then_some(generation)
    }

    fn enter(&self, generation: u64) -> Option<Job> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state & !WORKERS != generation | OPEN {
                return None;
            }
            let entered = state + ONE_WORKER;
            match self.state.compare_exchange_weak(
                state,
                entered,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                // SAFETY: the job is open and we are counted in, so the caller does not write it.
                Ok(_) => return Some(unsafe { *self.job.get() }),
                Err(now) => state = now,
            }
        }
    }

    /// Runs the pieces of `thread`, then what others have left of theirs.
    fn take_pieces(&self, job: Job, thread: usize) {
        // SAFETY: whoever takes pieces is counted in or is the caller, who outlives both.
        let run = unsafe { &*job.run };
        let threads = self.next.len();
        for owner in (thread..threads).chain(0..thread) {
            let end = self.part(job.pieces, owner).end;
            loop {
                let piece = self.next[owner].0.fetch_add(1, Ordering::Relaxed);
                if piece >= end {
                    break;
                }
                run(piece);
            }
        }
    }

    /// The pieces that a thread begins with.
    fn part(&self, pieces: usize, thread: usize) -> Range<usize> {
        part(pieces, self.next.len(), thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_runs_once() {
        for threads in 1..5 {
            let pool = Pool::new(threads);
            for pieces in [0, 1, 2, 7, 100] {
                let counts: Vec<_> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..200 {
                    pool.run(pieces, &|i| {
                        counts[i].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 200));
            }
        }
    }

    #[test]
    fn two_callers_share_a_pool() {
        let pool = Pool::new(2);
        let total = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        pool.run(10, &|i| {
                            total.fetch_add(i, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 3 * 100 * 45);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(2);
        let result = catch_unwind(AssertUnwindSafe(|| {
            pool.run(8, &|i| assert!(i != 5, "five"));
        }));
        assert!(result.is_err());
        pool.run(8, &|_| {});
    }
}
