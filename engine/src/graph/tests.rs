use super::*;
use crate::op::Pool;
use crate::op::PoolKind;

fn graph_with(shapes: &[&[usize]]) -> (Graph, Vec<Value>) {
    let mut g = Graph::new();
    let values = shapes.iter().map(|s| g.input("x", s).unwrap()).collect();
    (g, values)
}

#[test]
fn shapes_follow_the_operations() {
    let (mut g, v) = graph_with(&[&[2, 7, 9, 4], &[4], &[2, 63, 4]]);
    let pooled = g.max_pool(v[0], 3, 2, 1).unwrap();
    assert_eq!(g.shape(pooled), [2, 4, 5, 4]);
    let sum = g.add(v[0], v[1]).unwrap();
    assert_eq!(g.shape(sum), [2, 7, 9, 4]);
    let tokens = g.reshape(sum, &[2, 63, 4]).unwrap();
    let seen = g.attention(tokens, v[2], v[2], 2).unwrap();
    assert_eq!(g.shape(seen), [2, 63, 4]);
    let scores = g.matmul_transposed(seen, tokens).unwrap();
    assert_eq!(g.shape(scores), [2, 63, 63]);
    let (values, rows) = g.top_k(scores, 5).unwrap();
    assert_eq!((g.shape(values), g.info(rows).dtype), (g.shape(rows), DType::I32));
    let all = g.concat(&[tokens, seen], 2).unwrap();
    assert_eq!(g.shape(all), [2, 63, 8]);
    let halves = g.split(all, 2, &[3, 5]).unwrap();
    assert_eq!(g.shape(halves[1]), [2, 63, 5]);
}

#[test]
fn what_does_not_fit_is_an_error_that_says_so() {
    let (mut g, v) = graph_with(&[&[1, 4, 4, 3], &[2], &[1, 3, 6]]);
    assert!(g.add(v[0], v[1]).unwrap_err().to_string().contains("do not broadcast"));
    assert!(g.reshape(v[0], &[7]).is_err());
    assert!(g.attention(v[2], v[2], v[2], 4).is_err());
    assert!(g.top_k(v[1], 3).is_err());
    assert!(g.slice(v[1], 0, 1..3).is_err());
    assert!(g.slice_step(v[1], 0, 0..2, 0).is_err());
    assert!(g.concat(&[v[0], v[2]], 0).is_err());
    assert!(g.resize_bilinear(v[0], [0, 3]).is_err());
    assert!(g.transpose(v[2], &[0, 0, 1]).is_err());
    assert!(g.input("huge", &[usize::MAX, 8]).is_err());
    let pool = Pool { kind: PoolKind::Max, kernel: [9, 9], stride: [1, 1], pad: [0; 4] };
    assert!(g.pool(v[0], pool).is_err());
}

#[test]
fn a_graph_prints_one_line_for_each_operation() {
    let (mut g, v) = graph_with(&[&[1, 2]]);
    let y = g.relu(v[0]);
    g.output("y", y);
    assert_eq!(g.to_string(), "%0 = input x [1, 2]\n%1 = activation(%0) [1, 2] \noutput y = %1\n");
}
