//! Pictures decoded while the network is busy with those before them.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;
use std::time::Duration;

use anyhow::Result;
use ocelli::Image;
use ocelli::vision::DecodeOptions;

use super::stages::timed;
use crate::inputs::Input;

/// Decoded pictures that wait at most; one more may be waiting to join them.
const WAITING: usize = 2;

/// A picture, and how long its decoding took.
pub(super) struct Decoded {
    pub(super) image: Image,
    pub(super) time: Duration,
}

/// Decodes `inputs` in order on a thread of its own, which ends with them or when nobody listens any more.
pub(super) fn decode_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    inputs: &'scope [Input],
    options: &'scope DecodeOptions,
) -> Receiver<Result<Decoded>> {
    let (sender, receiver) = sync_channel(WAITING);
    scope.spawn(move || {
        for input in inputs {
            let decoded = timed(|| input.read(options));
            let decoded = decoded.map(|(image, time)| Decoded { image, time });
            if sender.send(decoded).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_errors_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut inputs = Vec::new();
        for i in 0..9 {
            let path = folder.path().join(format!("{i}.png"));
            if i % 3 == 1 {
                std::fs::write(&path, "no picture").unwrap();
            } else {
                Image::filled(i + 1, 1, [0; 3]).unwrap().save(&path).unwrap();
            }
            inputs.push(Input::File(path));
        }
        let options = DecodeOptions::default();
        let widths: Vec<_> = std::thread::scope(|scope| {
            let decoded = decode_ahead(scope, &inputs, &options).into_iter();
            decoded.map(|decoded| decoded.ok().map(|d| d.image.width())).collect()
        });
        let expected = [1, 0, 3, 4, 0, 6, 7, 0, 9].map(|width| (width > 0).then_some(width));
        assert_eq!(widths, expected);
        std::thread::scope(|scope| {
            let first = decode_ahead(scope, &inputs, &options).recv().unwrap().unwrap();
            assert_eq!(first.image.width(), 1);
        });
    }
}
