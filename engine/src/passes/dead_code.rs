//! Drops operations whose results nobody reads.

use crate::Graph;

pub(super) fn run(graph: &mut Graph) {
    let mut live = vec![false; graph.values.len()];
    for (_, output) in &graph.outputs {
        live[output.0 as usize] = true;
    }
    let mut keep = vec![false; graph.nodes.len()];
    for (node, keep) in graph.nodes.iter().zip(&mut keep).rev() {
        if node.outputs.iter().any(|v| live[v.0 as usize]) {
            *keep = true;
            node.inputs.iter().for_each(|v| live[v.0 as usize] = true);
        }
    }
    let mut keep = keep.into_iter();
    graph.nodes.retain(|_| keep.next().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use crate::Graph;

    #[test]
    fn only_what_outputs_need_stays() {
        let mut g = Graph::new();
        let x = g.input("x", &[4]).unwrap();
        let used = g.relu(x);
        let unused = g.exp(x);
        g.add(unused, used).unwrap();
        g.output("y", used);
        super::run(&mut g);
        assert_eq!(g.nodes.len(), 1);
    }
}
