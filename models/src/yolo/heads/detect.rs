//! Heads that find boxes around the places of feature maps, without anchor boxes.

use ocelli_engine::op::Activation;
use ocelli_engine::{Error, Graph, Result, Tensor, Value, Weights};

use super::Head;
use super::branch::{classes, on_levels, plain};
use super::contrast::contrast;
use super::extra::Extra;
use super::found::has;
use super::names::stores_texts_as;
use super::protos::protos;
use super::select;
use crate::blocks::boxes::{Form, Places, relative, turn};
use crate::yolo::texts::missing;

/// Which of an end-to-end head's branches answers.
struct Branch {
    /// What the names of its layers begin with.
    prefix: &'static str,
    /// Whether it was trained to name each object once.
    end_to_end: bool,
}

impl Branch {
    /// A checkpoint may hold one of both alone, the one-to-one branch then perhaps under the other's names.
    fn choose(w: &Weights, head: &Head<'_>) -> Result<Branch> {
        let first = |prefix: &str| format!("{prefix}cv2.0.0.conv.weight");
        let one_to_one = "one2one_";
        let wanted = head.end_to_end || !has(w, &first(""))?;
        Ok(if wanted && has(w, &first(one_to_one))? {
            Branch { prefix: one_to_one, end_to_end: true }
        } else {
            Branch { prefix: "", end_to_end: head.end_to_end }
        })
    }
}

/// `Detect` and what is derived from it.
pub(super) fn detect(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    head: &Head<'_>,
) -> Result<()> {
    let (extra, branch) = (Extra::of(head)?, Branch::choose(w, head)?);
    let at = |name: &str| w.at(format!("{}{name}", branch.prefix));
    let vocabulary = Vocabulary::of(&at("cv4"), head)?;
    let activation = head.activation;
    let distances =
        on_levels(g, &at("cv2"), features, |g, w, x| plain(g, w, x, 4 * head.reg_max, activation))?;
    let mut level = 0..;
    let scores = on_levels(g, &at("cv3"), features, |g, w, x| {
        let logits = match &vocabulary {
            None => classes(g, w, x, head.classes, activation)?,
            Some(names) => {
                let x = classes(g, w, x, names.width, activation)?;
                contrast(g, &names.w.at(level.next().unwrap_or(0)), x, &names.texts)?
            }
        };
        let probabilities = Activation::Sigmoid;
        Ok(if branch.end_to_end { logits } else { g.activation(logits, probabilities) })
    })?;
    let own = extra.raw(g, w, branch.prefix, features, head)?;

    let oriented = matches!(extra, Extra::Angle { .. });
    let form = if branch.end_to_end && !oriented { Form::Corners } else { Form::Centre };
    let places = Places::all(g, features, head.input, form)?;
    let found = Found { distances, own, places };
    if branch.end_to_end {
        let chosen = select::anchors(g, scores)?;
        let (boxes, own) = found.at(g, chosen.rows)?.decode(g, extra, head.reg_max, form)?;
        let most = g.shape(boxes)[1];
        let detections = select::detections(g, chosen.scores, boxes, own, most)?;
        g.output("detections", detections);
    } else {
        let (boxes, own) = found.decode(g, extra, head.reg_max, form)?;
        let parts: Vec<Value> = [boxes, scores].into_iter().chain(own).collect();
        let predictions = g.concat(&parts, 2)?;
        g.output("predictions", predictions);
    }
    if let Extra::Masks(_) = extra {
        let protos = protos(g, &w.at("proto"), features, activation)?;
        g.output("protos", protos);
    }
    Ok(())
}

/// The names that a head with an open vocabulary compares pixels with.
struct Vocabulary {
    /// Where the comparison's weights are, by level.
    w: Weights,
    texts: Tensor,
    /// Of the embeddings.
    width: usize,
}

impl Vocabulary {
    /// Nothing if the classes are those of plain convolutions, as in heads that were folded for good.
    fn of(w: &Weights, head: &Head<'_>) -> Result<Option<Vocabulary>> {
        if stores_texts_as(head.module).is_none() || !has(w, "0.logit_scale")? {
            return Ok(None);
        }
        let texts = head.texts.clone().ok_or_else(missing)?;
        let width = texts.shape().last_dim();
        if texts.shape() != [head.classes, width] {
            let what = format!("embeddings {} of {} classes", texts.shape(), head.classes);
            return Err(Error::Shape { op: "texts", what });
        }
        Ok(Some(Vocabulary { w: w.clone(), texts, width }))
    }
}

/// What the network says of some anchors.
struct Found {
    /// `[n, k, 4 * bins]`
    distances: Value,
    /// `[n, k, e]`
    own: Option<Value>,
    places: Places,
}

impl Found {
    /// The same of the anchors `rows` `[n, k]` alone.
    fn at(&self, g: &mut Graph, rows: Value) -> Result<Found> {
        let own = self.own.map(|own| g.gather_rows(own, rows)).transpose()?;
        let distances = g.gather_rows(self.distances, rows)?;
        Ok(Found { distances, own, places: self.places.at(g, rows)? })
    }

    /// Boxes `[n, k, 4]` and the task's own numbers.
    fn decode(
        &self,
        g: &mut Graph,
        extra: Extra,
        bins: usize,
        form: Form,
    ) -> Result<(Value, Option<Value>)> {
        let own = self.own.map(|own| extra.decode(g, own, &self.places)).transpose()?;
        let mut boxes = relative(g, self.distances, bins, form)?;
        if let (Extra::Angle { .. }, Some(angle)) = (extra, own) {
            boxes = turn(g, boxes, angle)?;
        }
        Ok((self.places.place(g, boxes)?, own))
    }
}
