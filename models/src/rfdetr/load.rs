use ocelli_converters::StateDict;
use ocelli_vision::Task;

use crate::Result;
use crate::registry::{LoadRequest, Loaded};

pub(super) fn recognise(_: &StateDict) -> Option<Task> {
    None
}

pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    Err(crate::Error::Unsupported {
        file: request.weights.file().to_owned(),
        what: "loading".to_owned(),
        hint: String::new(),
    })
}
