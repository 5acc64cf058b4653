#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let header = data.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let length = (header.len() as u64).to_le_bytes();
    ocelli_fuzz::exercise([&length[..], data].concat());
});
