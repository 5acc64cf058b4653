//! A run in a steady state allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{Activation, Deformable, Filter, Reduce, Resize};
use ocelli_engine::{
    Conv, Executor, Graph, Program, Result, Session, Shape, Tensor, Value, WeightSource, Weights,
};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are the ones that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Every tensor that anybody asks for, filled with small numbers, positive ones where they are variances.
struct Small;

impl WeightSource for Small {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        let least = if name.ends_with("running_var") { 0.5 } else { -0.05 };
        let values = (0..needed.elements()).map(|i| (i * 7 % 13) as f32 / 100.0 + least);
        Ok(Tensor::from_vec(needed, values.collect()))
    }

    fn file(&self) -> &'static str {
        "small"
    }
}

/// To where a map is larger than caches.
const LARGE: Resize = Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };

/// A network with a step of every kind that detectors have.
fn network(g: &mut Graph, w: &Weights) -> Result<Vec<Value>> {
    let image = g.input("image", &[2, 32, 32, 3])?;
    let x =
        g.conv_bn(image, w, ("stem", "bn"), 16, Conv::k(3).stride(2).pad(1), Activation::Silu)?;
    let large = g.resize(x, [260, 260], LARGE)?;
    let chained = g.conv(large, &w.at("large"), 1, Conv::same(3))?;
    let y = g.conv(x, &w.at("depthwise"), 16, Conv::same(3).groups(16))?;
    let x = g.add(x, y)?;
    let x = g.max_pool(x, 3, 2, 1)?;
    let small = Resize { filter: Filter::Bicubic, align_corners: false, antialias: true };
    let x = g.resize(x, [6, 6], small)?;
    let tokens = g.reshape(x, &[2, 36, 16])?;
    let normed = g.layer_norm(tokens, &w.at("norm"), 1e-6)?;
    let [q, k, v] = ["q", "k", "v"].map(|name| g.linear(normed, &w.at(name), 16));
    let seen = g.attention(q?, k?, v?, 2)?;
    let memory = g.add(tokens, seen)?;

    let scores = g.reduce(memory, Reduce::Max, 2..3)?;
    let scores = g.reshape(scores, &[2, 36])?;
    let (_, rows) = g.top_k(scores, 5)?;
    let queries = g.gather_rows(memory, rows)?;
    let boxes = g.linear(queries, &w.at("boxes"), 4)?;
    let boxes = g.activation(boxes, Activation::Sigmoid);
    let offsets = g.linear(queries, &w.at("offsets"), 2 * 3 * 2)?;
    let weights = g.linear(queries, &w.at("weights"), 2 * 3)?;
    let spec = Deformable { heads: 2, points: 3, levels: vec![[6, 6]] };
    let found = g.deformable_attention(memory, boxes, offsets, weights, spec)?;
    let turned = g.transpose(found, &[0, 2, 1])?;
    let product = g.matmul(found, turned)?;
    let product = g.softmax(product);
    let parts = g.split(product, 2, &[2, 3])?;
    let all = g.concat(&[parts[1], boxes, parts[0]], 2)?;
    Ok(vec![all, boxes, chained])
}

#[test]
fn a_steady_state_run_allocates_nothing() {
    for threads in [1, 2] {
        let mut g = Graph::new();
        let outputs = network(&mut g, &Weights::new(Arc::new(Small))).unwrap();
        for (i, value) in outputs.into_iter().enumerate() {
            g.output(&format!("output {i}"), value);
        }
        let program: Arc<dyn Program> = CpuExecutor::new(threads).unwrap().compile(&g).unwrap();
        let mut session: Box<dyn Session> = program.session().unwrap();
        session.input(0).unwrap().fill(0.5);
        // A thread of the pool may still be starting during the first run, and starting allocates.
        for _ in 0..3 {
            session.run().unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }

        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for _ in 0..10 {
            session.run().unwrap();
        }
        let after = ALLOCATIONS.load(Ordering::Relaxed);
        assert_eq!(after - before, 0, "with {threads} threads");
        assert!(session.output(0).unwrap().iter().all(|x| x.is_finite()));
    }
}
