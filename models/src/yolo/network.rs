//! From a list of layers to a graph.
