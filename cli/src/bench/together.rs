//! The same work on several threads at the same time.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// When each run ended, and all of them.
pub(super) struct Timed {
    /// Of each run on any thread, ascending.
    pub(super) times: Vec<Duration>,
    /// From the first start to the last end.
    wall: Duration,
}

impl Timed {
    /// Runs a second, on all threads together.
    pub(super) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.wall.as_secs_f64().max(1e-9)
    }
}

/// Runs on `threads` threads what `make` makes for each of them, `warmup` times and then, all from the same moment on,
/// `runs` times.
pub(super) fn together<Run: FnMut() -> Result<()>>(
    threads: usize,
    warmup: u32,
    runs: u32,
    make: impl Fn() -> Result<Run> + Sync,
) -> Result<Timed> {
    let barrier = Barrier::new(threads);
    let work = || {
        let ready = make().and_then(|mut run| {
            (0..warmup).try_for_each(|_| run())?;
            Ok(run)
        });
        // Also where making failed, or the others would wait for ever.
        barrier.wait();
        let (mut run, start) = (ready?, Instant::now());
        let mut times = Vec::with_capacity(runs as usize);
        for _ in 0..runs {
            let before = Instant::now();
            run()?;
            times.push(before.elapsed());
        }
        Ok((times, start, Instant::now()))
    };
    let done: Result<Vec<_>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker.join().map_err(|_| anyhow!("a session panicked"))?
        };
        workers.into_iter().map(join).collect()
    });
    let done = done?;
    let start = done.iter().map(|(_, start, _)| *start).min();
    let end = done.iter().map(|(.., end)| *end).max();
    let wall = end.zip(start).map_or(Duration::ZERO, |(end, start)| end - start);
    let mut times: Vec<_> = done.into_iter().flat_map(|(times, ..)| times).collect();
    times.sort();
    Ok(Timed { times, wall })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_by_itself() {
        let timed = together(3, 1, 4, || Ok(|| Ok(()))).unwrap();
        assert_eq!(timed.times.len(), 12);
        assert!(timed.per_second() > 0.0);
        assert!(together(3, 0, 1, || Ok(|| Err(anyhow!("no")))).is_err());
        assert!(together::<fn() -> Result<()>>(3, 0, 1, || Err(anyhow!("no"))).is_err());
    }
}
