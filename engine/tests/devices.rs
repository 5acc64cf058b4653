//! Devices that are not there, and devices that are shared.

#![cfg(feature = "wgpu")]
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use ocelli_engine::burn::{adapters, wgpu};
use ocelli_engine::{Error, Executor, Graph, Precision};

/// A softmax of the squares of 64 numbers.
fn graph() -> Graph {
    let mut g = Graph::new();
    let x = g.input("x", &[8, 8]).unwrap();
    let square = g.mul(x, x).unwrap();
    let y = g.softmax(square);
    g.output("y", y);
    g
}

fn run(executor: &dyn Executor, start: f32) -> Vec<f32> {
    let mut session = executor.compile(&graph()).unwrap().session().unwrap();
    for (i, x) in session.input(0).unwrap().iter_mut().enumerate() {
        *x = (start + i as f32).sin();
    }
    session.run().unwrap();
    session.output(0).unwrap().to_vec()
}

#[test]
fn a_wrong_index_says_which_there_are() {
    let count = adapters().len();
    let Err(Error::Device { device, what }) = wgpu(count + 7, Precision::F32) else {
        panic!("there is an adapter {}", count + 7);
    };
    assert_eq!(device, format!("wgpu:{}", count + 7));
    assert!(what.contains(&format!("0 to {}", count.saturating_sub(1))), "{what}");
}

#[test]
fn int8_is_refused() {
    let error = wgpu(0, Precision::Int8).err().expect("int8 is taken");
    assert!(matches!(error, Error::Unsupported { executor: "wgpu", .. }), "{error}");
}

#[test]
fn f16_is_close_or_refused() {
    match wgpu(0, Precision::F16) {
        Ok(executor) => {
            let exact = run(&*wgpu(0, Precision::F32).unwrap(), 0.25);
            for (a, b) in run(&*executor, 0.25).into_iter().zip(exact) {
                assert!((a - b).abs() <= 2e-2, "{a} {b}");
            }
        }
        Err(error) => {
            assert!(!adapters()[0].f16, "{error}");
            assert!(error.to_string().contains("f16"), "{error}");
        }
    }
}

#[test]
fn threads_share_a_device() {
    let executor: Arc<dyn Executor> = wgpu(0, Precision::F32).unwrap();
    let alone: Vec<_> = (0..4).map(|i| run(&*executor, i as f32)).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let executor = &executor;
        let threads: Vec<_> =
            (0..4).map(|i| scope.spawn(move || run(&**executor, i as f32))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn executors_share_a_device() {
    let [a, b] = [0, 0].map(|index| run(&*wgpu(index, Precision::F32).unwrap(), 0.5));
    assert_eq!(a, b);
}

#[test]
fn a_value_larger_than_a_buffer_is_an_error() {
    let largest = adapters()[0].largest_buffer as usize;
    let mut g = Graph::new();
    let x = g.input("x", &[1, 4]).unwrap();
    let y = g.expand(x, &[largest / 8, 4]).unwrap();
    g.output("y", y);
    let mut session = wgpu(0, Precision::F32).unwrap().compile(&g).unwrap().session().unwrap();
    let error = session.run().unwrap_err();
    assert!(matches!(error, Error::Device { .. }), "{error}");
}

#[cfg(feature = "cuda")]
#[test]
fn cuda_without_a_driver_is_an_error() {
    use ocelli_engine::burn::{cuda, cuda_devices};
    match cuda_devices() {
        Ok(devices) => {
            let error = cuda(devices.len(), Precision::F32).err().expect("a device too many");
            assert!(matches!(error, Error::Device { .. }), "{error}");
        }
        Err(error) => assert!(matches!(error, Error::Device { .. }), "{error}"),
    }
}
