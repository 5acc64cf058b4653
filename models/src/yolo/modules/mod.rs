//! The modules that layer lists name.

mod area;
mod attention;
pub(super) mod call;
pub(super) mod conv;
mod csp;
mod hg;
pub(super) mod layout;
mod plain;
mod rep;
mod resnet;
mod spp;
mod text;
mod transformer;

#[cfg(test)]
mod tests;

use ocelli_engine::{Graph, Result, Value, Weights};

use call::Call;

/// A module: what becomes of its line, and how it is built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Module {
    /// The name of its class.
    pub(super) name: &'static str,
    /// Which of its arguments are channels, and what repeats mean.
    pub(super) rule: Rule,
    /// How it is built.
    pub(super) build: Build,
}

/// What becomes of a module's line before it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The first argument is the channels that come out, which are scaled; repeats are modules one after the other.
    Scaled,
    /// The same, but repeats are blocks within the module.
    Blocks,
    /// Arguments are taken as they are; repeats are modules one after the other.
    Plain,
    /// The same, but repeats are blocks within the module.
    PlainBlocks,
}

/// The function that builds a module.
#[derive(Clone, Copy, Debug)]
pub(super) enum Build {
    /// From one map to one.
    Map(Map),
    /// From the maps of each input layer to one map or several.
    Maps(Maps),
    /// From one map to one, by the embeddings of the classes' names `[n or 1, classes, width]`.
    Guided(Guided),
    /// From the maps of each input layer and such embeddings to others `[n, classes, width]`.
    Guide(Guide),
}

type Map = fn(&mut Graph, Value, &Weights, &Call<'_>) -> Result<Value>;
type Maps = fn(&mut Graph, &[&[Value]], &Weights, &Call<'_>) -> Result<Vec<Value>>;
type Guided = fn(&mut Graph, Value, Value, &Weights, &Call<'_>) -> Result<Value>;
type Guide = fn(&mut Graph, &[&[Value]], Value, &Weights, &Call<'_>) -> Result<Value>;

/// The module of this name.
pub(super) fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

const fn scaled(name: &'static str, build: Map) -> Module {
    Module { name, rule: Rule::Scaled, build: Build::Map(build) }
}

const fn blocks(name: &'static str, build: Map) -> Module {
    Module { name, rule: Rule::Blocks, build: Build::Map(build) }
}

const fn plain(name: &'static str, build: Map) -> Module {
    Module { name, rule: Rule::Plain, build: Build::Map(build) }
}

const fn maps(name: &'static str, build: Maps) -> Module {
    Module { name, rule: Rule::Plain, build: Build::Maps(build) }
}

/// All modules but heads.
pub(super) const MODULES: &[Module] = &[
    scaled("Conv", plain::conv),
    scaled("DWConv", plain::depthwise),
    scaled("Focus", plain::focus),
    scaled("GhostConv", plain::ghost_conv),
    scaled("ConvTranspose2d", plain::transposed),
    scaled("AConv", plain::average_down),
    scaled("ADown", plain::split_down),
    scaled("SCDown", plain::channels_down),
    scaled("Bottleneck", csp::bottleneck),
    scaled("GhostBottleneck", csp::ghost_bottleneck),
    blocks("BottleneckCSP", csp::bottleneck_csp),
    blocks("C1", csp::c1),
    blocks("C2", csp::c2),
    blocks("C2f", csp::c2f),
    blocks("C3", csp::c3),
    blocks("C3Ghost", csp::c3_ghost),
    blocks("C3k2", csp::c3k2),
    blocks("RepC3", rep::rep_c3),
    blocks("C2fCIB", rep::c2f_cib),
    scaled("RepNCSPELAN4", rep::rep_elan),
    scaled("ELAN1", rep::elan1),
    scaled("SPP", spp::spp),
    scaled("SPPF", spp::sppf),
    scaled("SPPELAN", spp::spp_elan),
    scaled("SPPCSPC", spp::spp_csp),
    scaled("PSA", attention::psa),
    blocks("C2PSA", attention::c2psa),
    blocks("C2fPSA", attention::c2f_psa),
    blocks("A2C2f", area::a2c2f),
    Module { name: "C2fAttn", rule: Rule::Blocks, build: Build::Guided(text::c2f_attention) },
    Module { name: "ImagePoolingAttn", rule: Rule::Plain, build: Build::Guide(text::look) },
    blocks("C3TR", transformer::c3_transformer),
    plain("AIFI", transformer::aifi),
    plain("HGStem", hg::stem),
    Module { name: "HGBlock", rule: Rule::PlainBlocks, build: Build::Map(hg::block) },
    plain("Upsample", layout::upsample),
    plain("MaxPool2d", layout::max_pool),
    plain("MP", layout::max_down),
    plain("ZeroPad2d", layout::zero_pad),
    plain("Identity", layout::identity),
    maps("Concat", layout::concat),
    maps("CBLinear", layout::branches),
    maps("CBFuse", layout::fuse),
    plain("ResNetLayer", resnet::layer),
    plain("TorchVision", resnet::torchvision),
];
