//! `ocelli models`: what there is.

use anyhow::Result;
use ocelli::{Address, Cache, KNOWN_MODELS, KnownModel, Registry, task_name};
use serde_json::json;

use crate::Outcome;
use crate::args::ListArgs;
use crate::console::Console;

pub(crate) fn run(args: &ListArgs, console: &Console) -> Result<Outcome> {
    if args.json {
        return as_json(console);
    }
    console.line("Architectures (architecture, task, backend):")?;
    for i in Registry::process_default().implementations() {
        let task = task_name(i.task);
        console.line(&format!("  {:<12} {:<24} {}", i.architecture, task, i.backend))?;
    }
    console.line("\nReleased models, loaded by name:")?;
    for model in KNOWN_MODELS {
        let cached = if is_cached(model) { "cached" } else { "" };
        let checked = if model.md5.is_some() { "md5 checked" } else { "--allow-unverified" };
        let line = format!("  {:<24} {:<11} {checked:<19} {cached}", model.name, model.license);
        console.line(line.trim_end())?;
    }
    if let Ok(cache) = Cache::from_env() {
        console.line(&format!("\nThe cache is {}.", cache.root().display()))?;
    }
    Ok(Outcome::Done)
}

fn as_json(console: &Console) -> Result<Outcome> {
    let registry = Registry::process_default();
    let implementations = registry.implementations().iter().map(|i| {
        json!({ "architecture": i.architecture, "task": i.task, "backend": i.backend,
            "features": i.features, "required_features": i.required_features })
    });
    let known = KNOWN_MODELS.iter().map(|model| {
        json!({ "name": model.name, "url": model.url, "md5": model.md5, "license": model.license,
            "cached": is_cached(model) })
    });
    let all = json!({
        "implementations": implementations.collect::<Vec<_>>(),
        "models": known.collect::<Vec<_>>(),
    });
    console.line(&all.to_string())?;
    Ok(Outcome::Done)
}

fn is_cached(model: &KnownModel) -> bool {
    let address = Address::parse(model.url).ok();
    let cache = Cache::from_env().ok();
    address.zip(cache).is_some_and(|(address, cache)| cache.find(&address).is_some())
}
