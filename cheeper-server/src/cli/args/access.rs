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
}

impl AccessArgs {
    /// What somebody without a token may do; none: they are not let in.
    pub(super) fn strangers(&self) -> Result<Option<Role>, ArgsError> {
        match self {
            // Of what the environment says and what was typed neither may open what the other closes.
            Self { private: true, read_only: true } => Err(ArgsError::PrivateAndReadOnly),
            Self { private: true, .. } => Ok(None),
            Self { read_only: true, .. } => Ok(Some(Role::Reader)),
            _ => Ok(Some(Role::Member)),
        }
    }
}
