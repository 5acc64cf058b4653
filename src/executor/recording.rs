//! An executor that remembers what it compiled, so that a network can be measured on its own.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use ocelli_engine::{Executor, Graph, Program, Result};

/// Another executor, and its programs that are still in use.
pub(crate) struct Recording {
    inner: Arc<dyn Executor>,
    programs: Mutex<Vec<Weak<dyn Program>>>,
}

impl Recording {
    pub(crate) fn new(inner: Arc<dyn Executor>) -> Recording {
        Recording { inner, programs: Mutex::default() }
    }

    /// The latest program whose first input has `shape`.
    pub(crate) fn find(&self, shape: &[usize]) -> Option<Arc<dyn Program>> {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut alive = programs.iter().rev().filter_map(Weak::upgrade);
        alive.find(|program| {
            program.inputs().first().is_some_and(|input| input.shape.to_vec() == shape)
        })
    }
}

impl Executor for Recording {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>> {
        let program = self.inner.compile(graph)?;
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.retain(|program| program.strong_count() > 0);
        programs.push(Arc::downgrade(&program));
        Ok(program)
    }
}
