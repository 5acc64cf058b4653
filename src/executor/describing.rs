//! An executor that never computes: enough to find out what a checkpoint is.

use std::sync::Arc;

use ocelli_engine::{Error, Executor, Graph, Program, Result, Session, Spec};

/// Takes every graph and compiles none.
pub(crate) struct Describing;

struct Description {
    inputs: Vec<Spec>,
    outputs: Vec<Spec>,
}

impl Executor for Describing {
    fn name(&self) -> &'static str {
        "describing"
    }

    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>> {
        let spec = |(name, value): &(String, ocelli_engine::Value)| {
            let info = graph.info(*value);
            Spec { name: name.clone(), shape: info.shape, dtype: info.dtype }
        };
        let inputs = graph.inputs().iter().map(spec).collect();
        let outputs = graph.outputs().iter().map(spec).collect();
        Ok(Arc::new(Description { inputs, outputs }))
    }
}

impl Program for Description {
    fn inputs(&self) -> &[Spec] {
        &self.inputs
    }

    fn outputs(&self) -> &[Spec] {
        &self.outputs
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>> {
        Err(Error::Unsupported { executor: "describing", what: "networks".to_owned() })
    }

    fn shared_bytes(&self) -> usize {
        0
    }

    fn session_bytes(&self) -> usize {
        0
    }

    fn flops(&self) -> u64 {
        0
    }
}
