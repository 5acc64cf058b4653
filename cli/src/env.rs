//! `ocelli env`: this machine and this build.

use anyhow::Result;
use ocelli::Environment;

use crate::Outcome;
use crate::args::ListArgs;
use crate::console::Console;

pub(crate) fn run(args: &ListArgs, console: &Console) -> Result<Outcome> {
    let env = Environment::describe()?;
    if args.json {
        console.line(&serde_json::to_string(&env)?)?;
        return Ok(Outcome::Done);
    }
    let unknown = || "unknown".to_owned();
    let rows = [
        ("ocelli", env.version.to_owned()),
        ("system", format!("{} {}", env.os, env.architecture)),
        ("processor", env.processor.unwrap_or_else(unknown)),
        ("instructions", env.instruction_set.to_owned()),
        ("threads", env.threads.to_string()),
        ("memory", env.memory_mb.map_or_else(unknown, |mb| format!("{mb} MiB"))),
        ("features", env.features.join(", ")),
        ("cache", env.cache.map_or_else(unknown, |path| path.display().to_string())),
        ("network", if env.offline { "off (OFFLINE_MODE)" } else { "on" }.to_owned()),
    ];
    for (name, value) in rows {
        console.line(&format!("{name:<14}{value}"))?;
    }
    for device in env.devices {
        console.line(&format!("{:<14}{}", device.device, device.description))?;
    }
    for (name, value) in env.variables {
        console.line(&format!("{name}={value}"))?;
    }
    Ok(Outcome::Done)
}
