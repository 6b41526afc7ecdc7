//! Flags that say who may come in.

use cheeper_protocol::Role;
use clap::Args;

/// What strangers may do.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Only those who have a link may read and post.
    #[arg(long, env = "CHEEPER_PRIVATE", conflicts_with = "read_only")]
    pub private: bool,

    /// Strangers may read, and only those who have a link post.
    #[arg(long, env = "CHEEPER_READ_ONLY")]
    pub read_only: bool,
}

impl AccessArgs {
    /// What somebody without a token may do; none: they are not let in.
    pub(super) fn strangers(&self) -> Option<Role> {
        match self {
            Self { private: true, .. } => None,
            Self { read_only: true, .. } => Some(Role::Reader),
            _ => Some(Role::Member),
        }
    }
}
