//! Networks whose weights are computed from their names.

use std::sync::Arc;

use ocelli_engine::op::Activation;
use ocelli_engine::{Executor, Graph, Result, Session, Value, Weights};
use ocelli_models::depth_anything::v2;
use ocelli_models::{clip, resnet, rfdetr, vit, yolo};

use crate::common::formula::{Formula, fill};
use crate::common::rfdetr::salt_of_selection;
use crate::common::yolo::{Checkpoint, cases};

/// A name, the side of the picture, and what describes the network and its outputs.
pub(crate) type Model = (&'static str, usize, fn(&mut Graph, Value));

/// The network of `model` on an executor, with a batch of pictures.
pub(crate) fn session(
    &(_, side, describe): &Model,
    batch: usize,
    executor: &dyn Executor,
) -> Result<Box<dyn Session>> {
    let shape = [batch, side, side, 3];
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    describe(&mut g, image);
    let mut session = executor.compile(&g)?.session()?;
    session.input(0)?.copy_from_slice(&fill("input", &shape, 0));
    Ok(session)
}

pub(crate) fn rfdetr(variant: &str, g: &mut Graph, image: Value) {
    let source = Arc::new(Formula::new(0, salt_of_selection));
    let config = rfdetr::Config::new(rfdetr::Variant::find(variant).unwrap(), 91);
    let net = rfdetr::network(g, &Weights::new(source), image, &config).unwrap();
    for (name, value) in net.outputs {
        g.output(name, value);
    }
}

pub(crate) fn yolo(yaml: &str, name: &str, g: &mut Graph, image: Value) {
    let (_, case) = cases(yaml).into_iter().find(|(case, _)| case == name).unwrap();
    let spec = yolo::find(name).unwrap();
    let source = Arc::new(Checkpoint::new(&case, spec.layers.len() - 1));
    yolo::network(g, &Weights::new(Arc::clone(&source) as _), image, &spec).unwrap();
    source.set_norms(&case);
}

pub(crate) fn resnet50(g: &mut Graph, image: Value) {
    let source = Formula::new(0, |_, salt| salt).without(|name| {
        let conv = !name.starts_with("fc");
        conv && (name.contains("conv") || name.contains("downsample.0")) && name.ends_with("bias")
    });
    let config = resnet::Variant::find("resnet50").unwrap().config(1000);
    let net = resnet::network(g, &Weights::new(Arc::new(source)), image, &config).unwrap();
    g.output("logits", net.logits);
}

pub(crate) fn vit_tiny(g: &mut Graph, image: Value) {
    let size = vit::SIZES.iter().find(|size| size.name == "tiny").unwrap();
    let config = vit::Config::vit(size, 16, 128, Some(1000));
    let net = vit::network(g, &formula(), image, &config).unwrap();
    g.output("logits", net.logits.unwrap());
}

pub(crate) fn clip_vit_b_32(g: &mut Graph, image: Value) {
    let config = clip::Row::find("ViT-B-32").unwrap().config(Activation::QuickGelu);
    let tower = clip::image_tower(g, &formula(), image, &config.image, config.dimensions).unwrap();
    g.output("embedding", tower.embedding);
}

pub(crate) fn depth_anything_small(g: &mut Graph, image: Value) {
    let size = v2::SIZES.iter().find(|size| size.name == "small").unwrap();
    let config = v2::Config::new(size, v2::Depth::Relative(1.0));
    let net = v2::network(g, &formula(), image, &config).unwrap();
    g.output("depth", net.depth);
}

fn formula() -> Weights {
    Weights::new(Arc::new(Formula::new(0, |_, salt| salt)))
}
