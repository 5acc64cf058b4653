//! Normalisations.

use ocelli_engine::{Result, Value};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "layer norm", make: layer_norm },
    Case { name: "layer norm of a sum", make: layer_norm_of_sum },
    Case { name: "rms norm", make: rms_norm },
    Case { name: "group norm", make: group_norm },
    Case { name: "length one", make: l2_normalize },
    Case { name: "batch norm", make: batch_norm },
    Case { name: "layer scale", make: layer_scale },
];

const EPSILONS: [f32; 3] = [1e-5, 1e-6, 1e-3];

/// `[.., c]`, away from zero; few numbers are nearly alike, as a variance of nothing but rounding has no right value.
fn tokens(m: &mut Maker) -> Result<Value> {
    let rank = m.random.count(0, 3);
    let mut dims = m.random.extents(rank);
    dims.push(m.random.of(&[2, 3, 7, 8, 17, 64, 100, 193]));
    let offset = m.random.of(&[0.0, 0.0, 3.0, -10.0]);
    m.input_with(&dims, |random| offset + random.float(-2.0, 2.0))
}

fn layer_norm(m: &mut Maker) -> Result<()> {
    let (x, w, eps) = (tokens(m)?, m.weights(), m.random.of(&EPSILONS));
    let y = if m.random.once_in(4) {
        m.graph.layer_norm_plain(x, eps)
    } else {
        m.graph.layer_norm(x, &w, eps)?
    };
    m.output(y);
    Ok(())
}

fn layer_norm_of_sum(m: &mut Maker) -> Result<()> {
    let (x, w, eps) = (tokens(m)?, m.weights(), m.random.of(&EPSILONS));
    let dims = m.graph.shape(x);
    let more = m.input(&dims)?;
    let sum = m.graph.add(x, more)?;
    let y = m.graph.layer_norm(sum, &w, eps)?;
    m.output(y);
    if m.random.once_in(2) {
        m.output(sum);
    }
    Ok(())
}

fn rms_norm(m: &mut Maker) -> Result<()> {
    let (x, w, eps) = (tokens(m)?, m.weights(), m.random.of(&EPSILONS));
    let y = m.graph.rms_norm(x, &w, eps)?;
    m.output(y);
    Ok(())
}

fn group_norm(m: &mut Maker) -> Result<()> {
    let rank = m.random.of(&[1, 2, 3]);
    let mut dims = m.random.extents(rank);
    let groups = m.random.of(&[1, 2, 3, 8]);
    dims.push(groups * m.random.of(&[2, 3, 4, 16, 17]));
    let (x, w, eps) = (m.input(&dims)?, m.weights(), m.random.of(&EPSILONS));
    let y = m.graph.group_norm(x, &w, groups, eps)?;
    m.output(y);
    Ok(())
}

fn l2_normalize(m: &mut Maker) -> Result<()> {
    let (x, eps) = (tokens(m)?, m.random.of(&[1e-12, 1e-6, 3.0]));
    let y = m.graph.l2_normalize(x, eps);
    m.output(y);
    Ok(())
}

fn batch_norm(m: &mut Maker) -> Result<()> {
    let (x, w, eps) = (tokens(m)?, m.weights(), m.random.of(&EPSILONS));
    let y = m.graph.batch_norm(x, &w, eps)?;
    m.output(y);
    Ok(())
}

fn layer_scale(m: &mut Maker) -> Result<()> {
    let (x, w) = (tokens(m)?, m.weights());
    let y = m.graph.layer_scale(x, &w, "gamma")?;
    m.output(y);
    Ok(())
}
