#![no_main]

// The version and the graph's tag are given, so that what the fuzzer makes gets past the sniffing.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"\x08") {
        return ocelli_fuzz::exercise(data.to_vec());
    }
    let mut model = b"\x08\x08\x3a".to_vec();
    let mut length = data.len();
    while length >= 0x80 {
        model.push(length as u8 | 0x80);
        length >>= 7;
    }
    model.push(length as u8);
    ocelli_fuzz::exercise([&model, data].concat());
});
