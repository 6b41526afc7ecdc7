//! What a server is run with.

use cheeper_protocol::{Limits, Role};

/// A valid configuration.
#[derive(Debug)]
pub struct Config {
    /// What clients are told of bounds.
    pub limits: Limits,
    /// What somebody without a token may do; none: they are not let in.
    pub strangers: Option<Role>,
    /// Origins besides our own.
    pub allowed_origins: Vec<String>,
    /// Connections at once.
    pub max_connections: usize,
    /// Threads that serve connections.
    pub shards: usize,
}
