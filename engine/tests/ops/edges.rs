//! Graphs at the edges of what a plan expects: inputs that are outputs, values used twice, constants alone.

use ocelli_engine::{Conv, Result};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "an input is the output", make: input_as_output },
    Case { name: "a view of an input is the output", make: view_of_input },
    Case { name: "constants are outputs", make: constants },
    Case { name: "one value is two outputs", make: twice },
    Case { name: "an input nobody uses", make: unused_input },
    Case { name: "work nobody uses", make: unused_work },
    Case { name: "one value concatenated with itself", make: concat_with_itself },
    Case { name: "one value in two concatenations", make: in_two_concats },
    Case { name: "concatenations of concatenations", make: nested_concats },
    Case { name: "rows concatenated, then columns", make: rows_then_columns },
    Case { name: "parts and copies concatenated", make: concat_of_copies },
    Case { name: "inputs and constants concatenated", make: concat_of_inputs },
    Case { name: "outputs concatenated", make: concat_of_outputs },
    Case { name: "an input computed with after an output", make: late_input },
    Case { name: "a single number", make: scalar },
];

fn input_as_output(m: &mut Maker) -> Result<()> {
    let x = m.input(&[2, 3])?;
    let other = m.input(&[2, 3])?;
    m.output(x);
    let y = m.graph.add(x, other)?;
    m.output(y);
    m.output(other);
    Ok(())
}

fn view_of_input(m: &mut Maker) -> Result<()> {
    let x = m.input(&[4, 6])?;
    let flat = m.graph.reshape(x, &[24])?;
    let rows = m.graph.slice(x, 0, 1..3)?;
    let columns = m.graph.slice(x, 1, 2..5)?;
    let turned = m.graph.transpose(x, &[1, 0])?;
    let some = m.graph.slice_step(flat, 0, 1..24, 5)?;
    for y in [flat, rows, columns, turned, some] {
        m.output(y);
    }
    Ok(())
}

fn constants(m: &mut Maker) -> Result<()> {
    let x = m.input(&[3])?;
    let (a, b) = (m.tensor(&[2, 3]), m.tensor(&[3]));
    let (a, b) = (m.graph.constant(a), m.graph.constant(b));
    m.output(a);
    let sum = m.graph.add(a, b)?;
    m.output(sum);
    let part = m.graph.slice(sum, 1, 1..3)?;
    m.output(part);
    let exp = m.graph.exp(part);
    let y = m.graph.slice(x, 0, 0..2)?;
    let y = m.graph.mul(y, exp)?;
    m.output(y);
    Ok(())
}

fn twice(m: &mut Maker) -> Result<()> {
    let x = m.input(&[2, 5, 5, 3])?;
    let w = m.weights();
    let y = m.graph.conv(x, &w, 4, Conv::same(3))?;
    m.output(y);
    m.output(y);
    let a = m.graph.reshape(y, &[2, 25, 4])?;
    let b = m.graph.reshape(y, &[2, 25, 4])?;
    m.output(a);
    m.output(b);
    m.output(x);
    m.output(x);
    Ok(())
}

fn unused_input(m: &mut Maker) -> Result<()> {
    let _ = m.input(&[7])?;
    let x = m.input(&[2, 3])?;
    let _ = m.input(&[1, 4, 4, 1])?;
    let y = m.graph.relu(x);
    m.output(y);
    Ok(())
}

fn unused_work(m: &mut Maker) -> Result<()> {
    let x = m.input(&[2, 6])?;
    let (_, indices) = m.graph.top_k(x, 2)?;
    let _ = m.graph.exp(x);
    m.output_indices(indices);
    let (values, _) = m.graph.top_k(x, 3)?;
    m.output(values);
    Ok(())
}

fn concat_with_itself(m: &mut Maker) -> Result<()> {
    let x = m.input(&[2, 3, 4])?;
    let y = m.graph.relu(x);
    for axis in 0..3 {
        let both = m.graph.concat(&[y, y], axis)?;
        m.output(both);
        let z = m.graph.exp(both);
        let three = m.graph.concat(&[z, both, z], axis)?;
        m.output(three);
    }
    Ok(())
}

fn in_two_concats(m: &mut Maker) -> Result<()> {
    let axis = m.random.count(0, 2);
    let x = m.input(&[2, 3, 4])?;
    let (a, b) = (m.graph.relu(x), m.graph.exp(x));
    let first = m.graph.concat(&[a, b], axis)?;
    let second = m.graph.concat(&[b, a, x], axis)?;
    m.output(first);
    m.output(second);
    let sum = m.graph.add(a, b)?;
    m.output(sum);
    Ok(())
}

fn nested_concats(m: &mut Maker) -> Result<()> {
    let x = m.input(&[2, 3, 4, 5])?;
    let mut y = m.graph.relu(x);
    for _ in 0..m.random.count(2, 5) {
        let other = m.graph.exp(x);
        let [.., c] = m.graph.dims::<4>("image", y)?;
        let w = m.weights();
        let z = m.graph.conv(y, &w, 5, Conv::k(1))?;
        y = match m.random.count(0, 2) {
            0 => m.graph.concat(&[y, other], 3)?,
            1 => m.graph.concat(&[z, y], 3)?,
            _ => {
                let all = m.graph.concat(&[y, z, other], 3)?;
                m.graph.slice(all, 3, 2..c + 7)?
            }
        };
    }
    m.output(y);
    Ok(())
}

fn rows_then_columns(m: &mut Maker) -> Result<()> {
    let x = m.input(&[1, 3, 4, 5])?;
    let (a, b) = (m.graph.relu(x), m.graph.exp(x));
    let rows = m.graph.concat(&[a, b], 1)?;
    let w = m.weights();
    let other = m.graph.conv(rows, &w, 3, Conv::k(1))?;
    let columns = m.graph.concat(&[other, rows], 3)?;
    let y = m.graph.conv(columns, &w.at("last"), 4, Conv::k(1))?;
    m.output(y);
    if m.random.once_in(2) {
        let z = m.graph.exp(a);
        m.output(z);
    }
    Ok(())
}

/// Operands that look like views and have to be copied.
fn concat_of_copies(m: &mut Maker) -> Result<()> {
    let x = m.input(&[6, 8])?;
    let x = m.graph.relu(x);
    let some = m.graph.slice_step(x, 0, 0..6, 2)?;
    let columns = m.graph.slice(x, 1, 2..6)?;
    let flat = m.graph.reshape(columns, &[3, 8])?;
    let y = m.graph.concat(&[some, flat], 0)?;
    m.output(y);
    let y = m.graph.concat(&[flat, some, flat], 1)?;
    m.output(y);
    Ok(())
}

fn concat_of_inputs(m: &mut Maker) -> Result<()> {
    let axis = m.random.count(0, 2);
    let (a, b, c) = (m.input(&[2, 3, 4])?, m.input(&[2, 3, 4])?, m.tensor(&[2, 3, 4]));
    let c = m.graph.constant(c);
    let y = m.graph.concat(&[a, c, b], axis)?;
    m.output(y);
    let z = m.graph.relu(y);
    m.output(z);
    Ok(())
}

fn concat_of_outputs(m: &mut Maker) -> Result<()> {
    let axis = m.random.count(0, 2);
    let x = m.input(&[2, 3, 4])?;
    let (a, b) = (m.graph.relu(x), m.graph.exp(x));
    m.output(a);
    let both = m.graph.concat(&[a, b], axis)?;
    m.output(both);
    m.output(b);
    let part = m.graph.slice(both, axis, 1..4)?;
    let z = m.graph.relu(part);
    m.output(z);
    Ok(())
}

/// The input's memory must last as long as the input is needed.
fn late_input(m: &mut Maker) -> Result<()> {
    let x = m.input(&[3, 40])?;
    let late = m.input(&[3, 40])?;
    let mut y = x;
    for _ in 0..6 {
        let w = m.weights();
        let z = m.graph.linear(y, &w, 40)?;
        y = m.graph.relu(z);
    }
    let y = m.graph.add(y, late)?;
    m.output(y);
    Ok(())
}

fn scalar(m: &mut Maker) -> Result<()> {
    let (x, y) = (m.input(&[])?, m.input(&[1, 1])?);
    let sum = m.graph.add(x, y)?;
    m.output(sum);
    let exp = m.graph.exp(x);
    m.output(exp);
    let image = m.graph.expand(exp, &[2, 3])?;
    m.output(image);
    let one = m.graph.reshape(x, &[1, 1, 1, 1])?;
    m.output(one);
    Ok(())
}
