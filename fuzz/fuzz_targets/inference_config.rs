#![no_main]

use ocelli_vision::config::InferenceConfig;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = InferenceConfig::parse(data);
});
