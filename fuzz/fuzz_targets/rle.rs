#![no_main]

use ocelli_vision::{Rle, Size};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [height, width, counts @ ..] = data else { return };
    let size = Size { width: usize::from(*width), height: usize::from(*height) };
    if let Ok(rle) = Rle::from_compressed(size, counts) {
        assert_eq!(rle.area(), rle.to_bitmap().area());
        assert!(
            Rle::from_compressed(size, rle.to_compressed().as_bytes())
                .is_ok_and(|again| again == rle)
        );
    }
});
