//! Graphs, passes, memory plans and executors of ocelli.
