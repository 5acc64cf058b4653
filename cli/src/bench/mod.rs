//! `ocelli bench`: the network alone, or whole predictions.

mod memory;
mod pictures;
mod place;
mod profile;
mod together;

use std::time::Duration;

use anyhow::{Context, Result};
use ocelli::AutoModel;
use ocelli::engine::Program;
use ocelli::engine::cpu::Roofline;
use serde::Serialize;

use crate::Outcome;
use crate::args::BenchArgs;
use crate::console::Console;
use crate::load::load;
use place::Place;
use together::{Timed, together};

/// What was measured.
#[derive(Serialize)]
struct Measured {
    model: String,
    variant: String,
    height: usize,
    width: usize,
    batch: usize,
    /// Networks that ran at the same time.
    sessions: usize,
    #[serde(flatten)]
    place: Place,
    runs: usize,
    /// Of one run with the whole batch.
    median_ms: f64,
    min_ms: f64,
    /// Of each run, ascending.
    times_ms: Vec<f64>,
    /// Of all sessions together.
    pictures_per_second: f64,
    /// Billions of floating-point operations a second, at the median.
    gflops: f64,
    #[serde(flatten)]
    limits: Option<Limits>,
    /// The most memory this process ever had.
    peak_memory_mb: Option<f64>,
    /// Packed weights, shared by all sessions.
    weights_mb: f64,
    /// Memory of one session.
    session_mb: f64,
    /// With `--profile`, every step of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<profile::Layer>>,
}

/// What a processor could do.
#[derive(Serialize)]
struct Limits {
    /// What its threads do at most when they only multiply and add in this precision.
    peak_gflops: f64,
    /// What they read from memory at most.
    peak_gbytes: f64,
    roofline_share: f64,
}

pub(crate) fn run(args: &BenchArgs, console: &Console) -> Result<Outcome> {
    let sessions = usize::from(args.sessions.unwrap_or(1));
    let mut model_args = args.model.clone();
    if args.sessions.is_some() {
        model_args.threads = 1;
    }
    let model = load(&model_args, console)?;
    if let Some(picture) = &args.picture {
        return pictures::run(args, picture, &model, console);
    }
    let size = model.info().resolution;
    let shape = [usize::from(args.batch), size.height, size.width, 3];
    let program = model.program(shape)?;
    let steps = args.profile.then(|| {
        let mut session = program.clone().session()?;
        fill(session.input(0)?);
        profile::steps(&mut *session, args.runs.min(20))
    });
    let timed = together(sessions, args.warmup, args.runs, || {
        let mut session = program.clone().session()?;
        fill(session.input(0)?);
        Ok(move || Ok(session.run()?))
    })?;
    let mut measured = measured(args, &model, &*program, shape, &timed)?;
    if let Some(steps) = steps.transpose()? {
        let limits = measured.limits.as_ref();
        let roofline =
            limits.map(|most| Roofline { gflops: most.peak_gflops, gbytes: most.peak_gbytes });
        let table = profile::Table { steps, roofline };
        if !args.json {
            table.print(console)?;
        }
        measured.layers = Some(table.layers());
    }
    if args.json {
        console.line(&serde_json::to_string(&measured)?)?;
    } else {
        print(&measured, console)?;
    }
    Ok(Outcome::Done)
}

/// Numbers such as those of a normalised picture, the same each time.
fn fill(input: &mut [f32]) {
    let mut state = 1_u32;
    for value in input {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (state >> 8) as f32 / (1 << 22) as f32 - 2.0;
    }
}

fn measured(
    args: &BenchArgs,
    model: &AutoModel,
    program: &dyn Program,
    [batch, height, width, _]: [usize; 4],
    timed: &Timed,
) -> Result<Measured> {
    let sessions = usize::from(args.sessions.unwrap_or(1));
    let peak_memory_mb = memory::peak_mb();
    let place = Place::of(args)?;
    let times = &timed.times;
    let median = median(times).context("--runs must be at least 1")?;
    let gflops = sessions as f64 * program.flops() as f64 / median.as_secs_f64() / 1e9;
    let limits = place.roofline().map(|roofline| Limits {
        peak_gflops: roofline.gflops,
        peak_gbytes: roofline.gbytes,
        roofline_share: gflops / roofline.gflops,
    });
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    Ok(Measured {
        model: model.info().name.clone(),
        variant: model.info().variant.clone(),
        height,
        width,
        batch,
        sessions,
        place,
        runs: times.len(),
        median_ms: ms(median),
        min_ms: times.first().copied().map_or(0.0, ms),
        times_ms: times.iter().copied().map(ms).collect(),
        pictures_per_second: timed.per_second() * batch as f64,
        gflops,
        limits,
        peak_memory_mb,
        weights_mb: megabytes(program.shared_bytes()),
        session_mb: megabytes(program.session_bytes()),
        layers: None,
    })
}

/// The middle of ascending times; of an even number, the mean of the two in the middle.
fn median(times: &[Duration]) -> Option<Duration> {
    let upper = *times.get(times.len() / 2)?;
    let lower = times[(times.len() - 1) / 2];
    Some((lower + upper) / 2)
}

fn print(m: &Measured, console: &Console) -> Result<()> {
    console.line(&format!(
        "{} ({}), batch {}, {}x{}, {}",
        m.model, m.variant, m.batch, m.height, m.width, m.place
    ))?;
    console.line(&format!(
        "median {:.2} ms, fastest {:.2} ms of {} runs",
        m.median_ms, m.min_ms, m.runs
    ))?;
    if m.sessions > 1 {
        let (sessions, rate) = (m.sessions, m.pictures_per_second);
        console.line(&format!("{rate:.1} pictures a second in {sessions} sessions together"))?;
    }
    let of_peak = m.limits.as_ref().map_or(String::new(), |limits| {
        let (share, most) = (limits.roofline_share * 100.0, limits.peak_gflops);
        let precision = m.place.precision();
        format!(", {share:.0} % of the {most:.1} GFLOP/s these threads do at most in {precision}")
    });
    console.line(&format!("{:.1} GFLOP/s{of_peak}", m.gflops))?;
    let peak = m.peak_memory_mb.map_or(String::new(), |mb| format!(", process at most {mb:.0} MB"));
    let (weights, session) = (m.weights_mb, m.session_mb);
    console.line(&format!("weights {weights:.1} MB, session {session:.1} MB{peak}"))?;
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        let times: Vec<_> = [1, 2, 4, 8].map(Duration::from_millis).to_vec();
        assert_eq!(median(&times), Some(Duration::from_millis(3)));
        assert_eq!(median(&times[..3]), Some(Duration::from_millis(2)));
        assert_eq!(median(&[]), None);
    }
}
