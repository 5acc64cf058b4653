//! From the arguments to a loaded model.

use std::sync::Arc;

use anyhow::Result;
use ocelli::{AutoModel, Cache, Device, Downloader, ModelSource, labels, parse_task};

use crate::args::ModelArgs;
use crate::console::Console;
use crate::progress::Downloads;

/// Loads the model, and warns about tensors nobody asked for.
pub(crate) fn load(args: &ModelArgs, console: &Console) -> Result<AutoModel> {
    let mut options = AutoModel::options()
        .weights(args.weights.into())
        .preparation(args.preparation.into())
        .threads(args.threads)
        .precision(args.precision.into())
        .allow_unverified(args.allow_unverified);
    if let Some(model_type) = &args.model_type {
        options = options.model_type(model_type);
    }
    if let Some(task) = &args.task {
        options = options.task(parse_task(task)?);
    }
    if let Some(given) = &args.labels {
        options = options.labels(labels(given)?);
    }
    if let Some(size) = args.size {
        options = options.resolution(size);
    }
    if let Some(path) = &args.vocabulary {
        options = options.vocabulary(path);
    }
    if args.end_to_end {
        options = options.end_to_end(true);
    }
    let device = device(args)?;
    options = options.device(device);
    if device == Device::Auto && cfg!(any(feature = "wgpu", feature = "cuda")) {
        console.remark(&match device.resolve()? {
            Device::Cpu => "no graphics card was found: running on the processor".to_owned(),
            found => format!("running on {found}"),
        });
    }
    if !matches!(ModelSource::parse(&args.model)?, ModelSource::Local(_)) {
        options = options.downloader(downloader(args, console)?);
    }
    let model = options.from_pretrained(&args.model)?;
    if let [first, ..] = &*model.info().unused_tensors {
        let count = model.info().unused_tensors.len();
        console
            .warning(&format!("{count} tensors of the checkpoint are not used, such as `{first}`"));
    }
    Ok(model)
}

/// The device that was asked for, which may be [`Device::Auto`].
pub(crate) fn device(args: &ModelArgs) -> Result<Device> {
    Ok(args.device.map_or_else(Device::from_env, Ok)?)
}

fn downloader(args: &ModelArgs, console: &Console) -> Result<Downloader> {
    let mut downloader = Downloader::new(Cache::from_env()?)?
        .progress(Arc::new(Downloads::new(console)))
        .allow_http(args.allow_http);
    if args.offline {
        downloader = downloader.offline(true);
    }
    Ok(downloader)
}
