//! The credentials of the Hugging Face hub, from where its own tools keep them.

use std::path::PathBuf;

use crate::Address;
use crate::source::endpoint;

/// The token to send with a request for `address`: only to the hub itself, and never over an open network.
pub(super) fn token(address: &Address) -> Option<String> {
    let host = address.host().split(':').next().unwrap_or_default();
    let private = address.is_encrypted() || matches!(host, "127.0.0.1" | "localhost");
    let hub = Address::parse(&format!("{}/x", endpoint())).ok()?;
    let ours = hub.host() == address.host() && private;
    ours.then(|| from_variables(|name| std::env::var(name).ok())).flatten()
}

/// `HF_TOKEN`, else the file that `HF_TOKEN_PATH` names, else `token` in `HF_HOME` or in `huggingface` of the user's cache.
fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    if let Some(token) = set("HF_TOKEN") {
        return Some(token.trim().to_owned());
    }
    let cache = || {
        set("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))
    };
    let home = || set("HF_HOME").map(PathBuf::from).or_else(|| Some(cache()?.join("huggingface")));
    let file = set("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| Some(home()?.join("token")))?;
    let token = std::fs::read_to_string(file).ok()?.trim().to_owned();
    let usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        std::fs::write(folder.path().join("token"), "from-file\n").unwrap();
        let find = |variables: &[(&str, &str)]| {
            let pairs: Vec<_> =
                variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            from_variables(|name| Some(pairs.iter().find(|(n, _)| n == name)?.1.clone()))
        };
        assert_eq!(find(&[("HF_TOKEN", " a "), ("HF_HOME", &home)]).as_deref(), Some("a"));
        assert_eq!(find(&[("HF_TOKEN", ""), ("HF_HOME", &home)]).as_deref(), Some("from-file"));
        let path = format!("{home}/token");
        assert_eq!(find(&[("HF_TOKEN_PATH", &path)]).as_deref(), Some("from-file"));
        assert_eq!(find(&[("HOME", &home)]), None);
        assert_eq!(find(&[]), None);
    }

    #[test]
    fn only_the_hub_gets_it() {
        for other in ["https://example.org/a", "http://huggingface.co/a"] {
            assert_eq!(token(&Address::parse(other).unwrap()), None);
        }
    }
}
