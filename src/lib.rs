//! Native computer-vision inference: training checkpoints in, predictions out.
