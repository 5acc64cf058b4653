//! `ocelli convert`: a checkpoint to a package.

use anyhow::Result;
use ocelli::{LoadOptions, Registry, labels, write_package};

use crate::Outcome;
use crate::args::ConvertArgs;
use crate::console::{Console, megabytes};

pub(crate) fn run(args: &ConvertArgs, console: &Console) -> Result<Outcome> {
    let options = LoadOptions {
        model_type: args.model_type.clone(),
        class_names: args.labels.as_deref().map(labels).transpose()?,
        ..LoadOptions::default()
    };
    let registry = Registry::process_default();
    let written = write_package(&args.file, &args.folder, &registry, options)?;
    console.line(&format!(
        "{}: {}, {} classes, {} tensors, {} in weights.safetensors, every byte as in {}",
        written.folder.display(),
        written.variant,
        written.classes,
        written.tensors,
        megabytes(written.bytes),
        args.file.display(),
    ))?;
    if written.left_out > 0 {
        let count = written.left_out;
        console.remark(&format!(
            "{count} other tensors (optimizer state, averages, copies) were left out"
        ));
    }
    Ok(Outcome::Done)
}
