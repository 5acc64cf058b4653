//! Networks compiled for the input shapes they meet, run by any number of callers at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ocelli_engine::{Executor, Graph, Program, Result, Session};
use ocelli_vision::{RawOutputs, Tensor, VisionError};

/// How many input shapes stay compiled; the one longest unused goes first.
const KEPT_SHAPES: usize = 8;
/// Idle sessions that a shape keeps.
const KEPT_SESSIONS: usize = 4;

/// Describes the network for inputs of `[n, h, w, c]`, with its inputs and outputs.
type Describe = dyn Fn([usize; 4]) -> Result<Graph> + Send + Sync;

/// A network: its description, and its programs for the shapes met so far.
///
/// Calls run side by side, each in a session of its own; a lock is held to look programs up, not while they run.
pub struct Runtime {
    executor: Arc<dyn Executor>,
    describe: Box<Describe>,
    compiled: Mutex<Compiled>,
}

#[derive(Default)]
struct Compiled {
    shapes: HashMap<[usize; 4], Arc<Shaped>>,
    clock: u64,
}

/// The program for one shape, and sessions of it that wait.
struct Shaped {
    program: Arc<dyn Program>,
    idle: Mutex<Vec<Box<dyn Session>>>,
    last_use: Mutex<u64>,
}

impl Runtime {
    /// A network that `describe` describes, on `executor`. Nothing is compiled yet.
    pub fn new(
        executor: Arc<dyn Executor>,
        describe: impl Fn([usize; 4]) -> Result<Graph> + Send + Sync + 'static,
    ) -> Runtime {
        Runtime { executor, describe: Box::new(describe), compiled: Mutex::default() }
    }

    /// The program for inputs `[n, h, w, c]`, compiled now if it was not before.
    ///
    /// # Errors
    /// The network cannot be described for this shape, or not be compiled.
    pub fn program(&self, shape: [usize; 4]) -> Result<Arc<dyn Program>> {
        Ok(Arc::clone(&self.shaped(shape)?.program))
    }

    /// Runs the network on `[n, h, w, c]`.
    ///
    /// # Errors
    /// The input has another rank, or the network cannot be compiled or run for its shape.
    pub fn forward(&self, input: &Tensor) -> Result<RawOutputs, VisionError> {
        let shape = input.extents("input", ["n", "h", "w", "c"])?;
        let shaped = self.shaped(shape).map_err(VisionError::model)?;
        let mut session = shaped.session().map_err(VisionError::model)?;
        session.input(0).map_err(VisionError::model)?.copy_from_slice(input.data());
        session.run().map_err(VisionError::model)?;
        let mut outputs = RawOutputs::new();
        for (i, spec) in shaped.program.outputs().iter().enumerate() {
            let values = session.output(i).map_err(VisionError::model)?.to_vec();
            outputs.push(&*spec.name, Tensor::new(spec.shape.to_vec(), values)?);
        }
        shaped.put_back(session);
        Ok(outputs)
    }

    fn shaped(&self, shape: [usize; 4]) -> Result<Arc<Shaped>> {
        if let Some(shaped) = lock(&self.compiled).get(shape) {
            return Ok(shaped);
        }
        let program = self.executor.compile(&(self.describe)(shape)?)?;
        Ok(lock(&self.compiled).insert(shape, program))
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let compiled = lock(&self.compiled);
        write!(f, "Runtime({}, {:?})", self.executor.name(), compiled.shapes.keys())
    }
}

impl Compiled {
    fn get(&mut self, shape: [usize; 4]) -> Option<Arc<Shaped>> {
        self.clock += 1;
        let shaped = self.shapes.get(&shape)?;
        *lock(&shaped.last_use) = self.clock;
        Some(Arc::clone(shaped))
    }

    /// Keeps a program; of two that were compiled at the same time, the first.
    fn insert(&mut self, shape: [usize; 4], program: Arc<dyn Program>) -> Arc<Shaped> {
        if let Some(shaped) = self.get(shape) {
            return shaped;
        }
        while self.shapes.len() >= KEPT_SHAPES {
            let oldest = self.shapes.iter().min_by_key(|(_, shaped)| *lock(&shaped.last_use));
            let Some((&oldest, _)) = oldest else { break };
            self.shapes.remove(&oldest);
        }
        let last_use = Mutex::new(self.clock);
        let shaped = Arc::new(Shaped { program, idle: Mutex::default(), last_use });
        self.shapes.insert(shape, Arc::clone(&shaped));
        shaped
    }
}

impl Shaped {
    fn session(&self) -> Result<Box<dyn Session>> {
        if let Some(session) = lock(&self.idle).pop() {
            return Ok(session);
        }
        Arc::clone(&self.program).session()
    }

    fn put_back(&self, session: Box<dyn Session>) {
        let mut idle = lock(&self.idle);
        if idle.len() < KEPT_SESSIONS {
            idle.push(session);
        }
    }
}

/// A panic elsewhere leaves these maps whole: every change is a single insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ocelli_engine::cpu::CpuExecutor;

    use super::*;

    fn doubling() -> Runtime {
        let executor = Arc::new(CpuExecutor::new(1).unwrap());
        Runtime::new(executor, |shape| {
            let mut g = Graph::new();
            let x = g.input("x", &shape)?;
            let y = g.scale(x, 2.0)?;
            g.output("y", y);
            Ok(g)
        })
    }

    #[test]
    fn each_shape_is_compiled_once_and_the_oldest_goes() {
        let runtime = doubling();
        let first = runtime.program([1, 1, 1, 3]).unwrap();
        assert!(Arc::ptr_eq(&first, &runtime.program([1, 1, 1, 3]).unwrap()));
        for n in 2..=KEPT_SHAPES + 1 {
            runtime.program([n, 1, 1, 3]).unwrap();
        }
        assert_eq!(lock(&runtime.compiled).shapes.len(), KEPT_SHAPES);
        assert!(!Arc::ptr_eq(&first, &runtime.program([1, 1, 1, 3]).unwrap()));
    }

    #[test]
    fn callers_run_side_by_side() {
        let runtime = doubling();
        std::thread::scope(|scope| {
            for caller in 0..8_u8 {
                let runtime = &runtime;
                scope.spawn(move || {
                    let n = 1 + usize::from(caller) % 2;
                    let input = Tensor::new(vec![n, 2, 2, 3], vec![f32::from(caller); n * 12]);
                    let outputs = runtime.forward(&input.unwrap()).unwrap();
                    let found = outputs.get("y").unwrap();
                    assert_eq!(found.shape(), [n, 2, 2, 3]);
                    assert_eq!(found.data(), vec![2.0 * f32::from(caller); n * 12]);
                });
            }
        });
    }

    #[test]
    fn other_ranks_are_errors() {
        assert!(doubling().forward(&Tensor::new(vec![3], vec![0.0; 3]).unwrap()).is_err());
    }
}
