//! Addresses of files on servers.

use std::fmt::{self, Write};
use std::path::PathBuf;

use crate::RetrievalError;

/// The longest part of a path that common file systems take.
const MAX_NAME: usize = 240;

/// The address of one file: `https://host/path`, `http://host/path`, or `hf://owner/repository[@revision]/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    scheme: &'static str,
    host: String,
    path: String,
    query: Option<String>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// It has another scheme, carries a user name, or names no file.
    pub fn parse(given: &str) -> Result<Address, RetrievalError> {
        let bad = |reason: &str| RetrievalError::BadAddress {
            url: redacted(given).to_owned(),
            reason: reason.to_owned(),
        };
        if given.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("an address has no blanks; write %20 for a space"));
        }
        let (scheme, rest) = given.split_once("://").ok_or_else(|| bad("no scheme"))?;
        let scheme =
            match scheme.to_ascii_lowercase().as_str() {
                "https" => "https",
                "http" => "http",
                "hf" => return hugging_face(rest).ok_or_else(|| {
                    bad("write hf://owner/repository/file, or hf://owner/repository@revision/file")
                }),
                _ => return Err(bad("only https, http and hf addresses are understood")),
            };
        let rest = rest.split('#').next().unwrap_or(rest);
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (host, path) = rest.split_once('/').ok_or_else(|| bad("it names no file"))?;
        if host.is_empty() || host.contains('@') {
            return Err(bad("it needs a host, and user names in addresses are not supported"));
        }
        if path.is_empty() || path.ends_with('/') {
            return Err(bad("it names a folder; give the address of a file"));
        }
        let address =
            Address { scheme, host: host.to_ascii_lowercase(), path: path.to_owned(), query };
        if address.parts().any(|part| part.len() > MAX_NAME) {
            return Err(bad("a part of it is too long to be a file's name in the cache"));
        }
        Ok(address)
    }

    /// What is asked of the server.
    pub fn url(&self) -> String {
        match &self.query {
            Some(query) => format!("{self}?{query}"),
            None => self.to_string(),
        }
    }

    /// The server's name, with its port if it has one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }

    /// A relative path for this address alone: host, folders, query, file.
    pub fn cache_path(&self) -> PathBuf {
        self.parts().collect()
    }

    fn parts(&self) -> impl Iterator<Item = String> {
        let (folders, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let folders = folders.split('/').filter(|part| !part.is_empty());
        std::iter::once(&*self.host)
            .chain(folders)
            .map(escape)
            .chain(self.query.as_deref().map(|query| escape(&format!("?{query}"))))
            .chain(std::iter::once(escape(file)))
    }
}

/// The address without its query, which may hold a signature that is nobody's business.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}", self.scheme, self.host, self.path)
    }
}

/// `owner/repository[@revision]/file` on the Hugging Face hub, or on the server that `HF_ENDPOINT` names.
fn hugging_face(rest: &str) -> Option<Address> {
    let (owner, rest) = rest.split_once('/')?;
    let (repository, file) = rest.split_once('/')?;
    let (repository, revision) = repository.split_once('@').unwrap_or((repository, "main"));
    if [owner, repository, revision, file].iter().any(|part| part.is_empty()) {
        return None;
    }
    let endpoint = endpoint();
    let url = format!("{endpoint}/{owner}/{repository}/resolve/{revision}/{file}");
    Address::parse(&url).ok()
}

/// The Hugging Face hub, or the server that `HF_ENDPOINT` names in its place.
pub(crate) fn endpoint() -> String {
    let endpoint = std::env::var("HF_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
    endpoint.as_deref().unwrap_or("https://huggingface.co").trim_end_matches('/').to_owned()
}

/// A part of an address as a file name: everything but letters, digits and `.-_` is written as `%` and its code, and so
/// are dots alone and a leading dot.
fn escape(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let mut name = String::new();
    for (index, byte) in part.bytes().enumerate() {
        if plain(byte) && !(index == 0 && byte == b'.') {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

fn redacted(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_its_own_place() {
        let address =
            Address::parse("HTTPS://Example.org:8080/a//b c.pth".replace(' ', "+").as_str());
        let address = address.unwrap();
        assert_eq!(address.cache_path(), PathBuf::from("example.org%3A8080/a/b%2Bc.pth"));
        let signed = Address::parse("https://example.org/a/b.pth?key=1/2#top").unwrap();
        assert_eq!(signed.cache_path(), PathBuf::from("example.org/a/%3Fkey%3D1%2F2/b.pth"));
        assert_eq!(signed.url(), "https://example.org/a/b.pth?key=1/2");
        assert_eq!(signed.to_string(), "https://example.org/a/b.pth");
    }

    #[test]
    fn a_hub_id_is_an_address() {
        let address = Address::parse("hf://owner/name@v1/sub/model.safetensors").unwrap();
        assert!(address.url().ends_with("/owner/name/resolve/v1/sub/model.safetensors"));
        assert!(Address::parse("hf://owner/name").is_err());
    }

    #[test]
    fn malformed_addresses_are_refused() {
        let table = [
            "ftp://example.org/a",
            "https://example.org",
            "https://example.org/a/",
            "https://me:secret@example.org/a",
            "https:///a",
            "https://example.org/a b",
        ];
        for url in table {
            assert!(Address::parse(url).is_err(), "{url}");
        }
        let error = Address::parse("https://example.org?token=secret").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    proptest! {
        #[test]
        fn the_cache_path_stays_inside(path in "[ -~]{0,40}", query in "[ -~]{0,20}") {
            if let Ok(address) = Address::parse(&format!("https://h/{path}?{query}")) {
                let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
                prop_assert!(address.cache_path().components().all(inside));
            }
        }
    }
}
