//! Rewrites of a graph that keep its results. Each pass has one job; [`optimise`] says in which order they run.

mod dead_code;
mod fold_scale;
mod fuse_activation;
mod fuse_residual;
mod join_slices;
mod merge_linears;
mod uses;

#[cfg(test)]
pub(crate) mod testing;

use crate::Graph;

/// Everything that an executor with fused epilogues profits from.
pub(crate) fn optimise(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    dead_code::run(&mut graph);
    fold_scale::run(&mut graph);
    fuse_activation::run(&mut graph);
    fuse_residual::run(&mut graph);
    fuse_activation::run(&mut graph);
    merge_linears::run(&mut graph);
    join_slices::run(&mut graph);
    dead_code::run(&mut graph);
    graph
}

/// `graph` without what nobody reads.
pub(crate) fn without_dead_code(mut graph: Graph) -> Graph {
    dead_code::run(&mut graph);
    graph
}
