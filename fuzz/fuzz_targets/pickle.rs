#![no_main]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(archive) = archive(data) {
        ocelli_fuzz::exercise(archive);
    }
});

fn archive(pickle: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[1; 64]), ("a/data/1", &[2; 24])] {
        writer.start_file(name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
