//! Flags that say who may come in.

use cheeper_protocol::Role;
use clap::{Args, builder::BoolishValueParser};

use super::error::ArgsError;

/// What strangers may do.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Only those who have a link may read and post.
    #[arg(long, env = "CHEEPER_PRIVATE", value_parser = BoolishValueParser::new())]
    pub private: bool,

    /// Strangers may read, and only those who have a link post.
    #[arg(long, env = "CHEEPER_READ_ONLY", value_parser = BoolishValueParser::new())]
    pub read_only: bool,

    /// Where people find the page, if a proxy brings them here: links are made of it.
    #[arg(long, env = "CHEEPER_PUBLIC_URL", value_name = "URL", value_parser = public_url, global = true)]
    pub public_url: Option<String>,
}

impl AccessArgs {
    /// What somebody without a token may do; none: they are not let in.
    pub(super) fn strangers(&self) -> Result<Option<Role>, ArgsError> {
        match self {
            // Of what the environment says and what was typed neither may open what the other closes.
            Self { private: true, read_only: true, .. } => Err(ArgsError::PrivateAndReadOnly),
            Self { private: true, .. } => Ok(None),
            Self { read_only: true, .. } => Ok(Some(Role::Reader)),
            _ => Ok(Some(Role::Member)),
        }
    }
}

/// With a slash at the end.
fn public_url(typed: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '\\' | '"' | '<' | '>');
    let (scheme, rest) = typed.split_once("://").unwrap_or_default();
    if matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(is_plain) {
        Ok(format!("{}/", typed.trim_end_matches('/')))
    } else {
        Err("it must be an address of the web, such as https://cheeper.example or https://example.org/cheeper"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_ends_with_one_slash_and_has_nothing_behind_it() {
        for (typed, kept) in [
            ("https://cheeper.example", "https://cheeper.example/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
            ("https://example.org/cheeper", "https://example.org/cheeper/"),
        ] {
            assert_eq!(public_url(typed).as_deref(), Ok(kept));
        }
        for typed in
            ["cheeper.example", "ftp://a", "https://", "https:///a", "https://a b", "https://a/?b", "https://a#b"]
        {
            assert!(public_url(typed).is_err(), "{typed}");
        }
    }
}
