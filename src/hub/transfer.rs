//! From a response's body to the end of a file.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use ureq::Body;
use ureq::http::{Response, StatusCode, header};

use super::Downloader;
use super::request::{Client, Failure};
use crate::cache::Record;
use crate::{Address, EnvironmentError, Error, RetrievalError};

/// The bytes that are in a file; none if there is no file.
pub(super) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// One request for what `part` still lacks. `Ok` means that `part` is complete.
pub(super) fn attempt(
    settings: &Downloader,
    client: &Client,
    address: &Address,
    path: &Path,
    part: &Path,
) -> Result<(), Failure> {
    let record = Record::read(path).filter(|record| record.url == address.to_string());
    let etag = record.and_then(|record| record.etag);
    let offset = if etag.is_some() { length(part) } else { 0 };
    let response = client.get(address, offset, etag.as_deref())?;

    let offset = match response.status() {
        StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(offset) => offset,
        StatusCode::OK => 0,
        _ => return start_over(part),
    };
    if offset == 0 {
        remember(address, path, &response)?;
    }
    let total = content_length(&response).map(|rest| offset.saturating_add(rest));
    if let Some(found) = total.filter(|total| *total > settings.max_bytes) {
        return Err(too_large(settings, address, found).into());
    }
    settings.progress.start(&address.to_string(), offset, total);
    append(settings, address, response, part, offset, total)
}

/// Throws away what is there, because the server's file is another one by now.
fn start_over(part: &Path) -> Result<(), Failure> {
    if part.exists() {
        std::fs::remove_file(part).map_err(|e| Error::from(EnvironmentError::io(part)(e)))?;
    }
    Err(Failure::transient("the server cannot go on where the download stopped"))
}

/// Notes which version of the file this is, so that only that one is ever resumed.
fn remember(address: &Address, path: &Path, response: &Response<Body>) -> Result<(), Error> {
    let etag = response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok());
    let etag = etag.filter(|etag| !etag.starts_with("W/")).map(str::to_owned);
    let record = Record { url: address.to_string(), etag, md5: None };
    record.write(path).map_err(|error| EnvironmentError::io(path)(error).into())
}

/// Writes the body to `part` from `offset` on.
fn append(
    settings: &Downloader,
    address: &Address,
    response: Response<Body>,
    part: &Path,
    offset: u64,
    total: Option<u64>,
) -> Result<(), Failure> {
    let disk = |error| Failure::from(Error::from(EnvironmentError::io(part)(error)));
    let mut file = File::options()
        .append(offset > 0)
        .write(true)
        .truncate(offset == 0)
        .create(true)
        .open(part)
        .map_err(disk)?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut done = offset;
    loop {
        let count =
            body.read(&mut buffer).map_err(|error| Failure::transient(error.to_string()))?;
        if count == 0 {
            break;
        }
        done += count as u64;
        if done > settings.max_bytes {
            return Err(too_large(settings, address, done).into());
        }
        file.write_all(&buffer[..count]).map_err(disk)?;
        settings.progress.advance(count as u64);
    }
    if total.is_some_and(|total| done != total) {
        return Err(Failure::transient(format!("the connection ended after {done} bytes")));
    }
    file.sync_all().map_err(disk)
}

fn too_large(settings: &Downloader, address: &Address, found: u64) -> Error {
    let (url, limit) = (address.to_string(), settings.max_bytes);
    RetrievalError::TooLarge { url, found, limit }.into()
}

fn content_length(response: &Response<Body>) -> Option<u64> {
    response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// The first byte's place in the whole file: `bytes 100-199/200`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}
