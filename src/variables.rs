//! Environment variables, read when they matter.

use crate::EnvironmentError;

/// `true` or `false`, in any case; unset or empty is `false`.
pub(crate) fn flag(name: &'static str) -> Result<bool, EnvironmentError> {
    parse_flag(name, std::env::var(name).ok().as_deref())
}

/// Whether the network is off: `OFFLINE_MODE`.
pub(crate) fn offline() -> Result<bool, EnvironmentError> {
    flag("OFFLINE_MODE")
}

fn parse_flag(name: &'static str, value: Option<&str>) -> Result<bool, EnvironmentError> {
    match value.unwrap_or_default() {
        "" => Ok(false),
        value if value.eq_ignore_ascii_case("true") => Ok(true),
        value if value.eq_ignore_ascii_case("false") => Ok(false),
        value => Err(EnvironmentError::InvalidVariable {
            name,
            value: value.to_owned(),
            expected: "`true` or `false`",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_true_or_false_and_nothing_else() {
        let table =
            [(None, false), (Some(""), false), (Some("True"), true), (Some("false"), false)];
        for (value, flag) in table {
            assert_eq!(parse_flag("OFFLINE_MODE", value).unwrap(), flag, "{value:?}");
        }
        let error = parse_flag("OFFLINE_MODE", Some("1")).unwrap_err().to_string();
        assert!(error.contains("OFFLINE_MODE=1") && error.contains("`true`"), "{error}");
    }
}
