#![no_main]

use ocelli_vision::{DecodeOptions, Image};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions { max_pixels: 1 << 20, max_bytes: 1 << 24, exif_orientation: true };
    if let Ok(image) = Image::decode(data, &options) {
        assert!(image.width() * image.height() <= 1 << 20);
    }
});
