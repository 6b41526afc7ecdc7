//! What a server is run with.

use cheeper_protocol::{Limits, Role};

use crate::control::Bound;

/// A valid configuration.
#[derive(Debug)]
pub struct Config {
    /// What clients are told of bounds.
    pub limits: Limits,
    /// What somebody without a token may do; none: they are not let in.
    pub strangers: Option<Role>,
    /// Origins besides our own.
    pub allowed_origins: Vec<String>,
    /// Pages for one connection in a second; 0 is no limit.
    pub pages_per_second: u32,
    /// Frames, and KiB, a second from one connection; 0 is no limit.
    pub frames_per_second: u16,
    /// Connections at once.
    pub max_connections: usize,
    /// Those from one address; without it there is a default, from which this machine itself is exempt.
    pub connections_per_address: Option<usize>,
    /// Threads that serve connections.
    pub shards: usize,
    /// Where the operator of the machine is heard, if at all.
    pub control: Option<Bound>,
}
