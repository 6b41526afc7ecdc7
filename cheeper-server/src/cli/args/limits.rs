//! Flags that bound what people may do.

use cheeper_protocol::limits::CHEEP_CHARS_RANGE;
use clap::Args;

use super::error::ArgsError;

/// Files kept back for the store, HTTP and refusals.
const RESERVED_FILES: u64 = 200;

/// What people may do at most.
#[derive(Debug, Args)]
pub struct LimitArgs {
    /// Posts a minute for one person, a quarter of it (at least 5) at once; 0 is no limit.
    #[arg(long, env = "CHEEPER_POST_RATE", value_name = "N", default_value_t = 60, value_parser = post_rate)]
    pub post_rate: u32,

    /// Longest cheep, in characters as people count them (1 to 4000).
    #[arg(long, env = "CHEEPER_CHEEP_CHARS", value_name = "N", default_value_t = 280, value_parser = cheep_chars)]
    pub cheep_chars: usize,

    /// Pages (history, threads, searches) a second for one connection, ten times that at once; 0 is no limit.
    #[arg(long, env = "CHEEPER_PAGE_RATE", value_name = "N", default_value_t = 20, value_parser = page_rate)]
    pub page_rate: u32,

    /// Frames a second from one connection, and as many KiB; who sends more is read more slowly. 0 is no limit.
    #[arg(long, env = "CHEEPER_FRAME_RATE", value_name = "N", default_value_t = 1000, value_parser = frame_rate)]
    pub frame_rate: u16,

    /// Connections at once from one address (IPv6: a /64); 0 is no limit [default: 512, and no limit for this machine itself].
    #[arg(long, env = "CHEEPER_CONNECTIONS_PER_ADDRESS", value_name = "N", value_parser = connections_per_address)]
    pub connections_per_address: Option<usize>,

    /// Connections at once [default: what the limit of open files allows, less a reserve].
    #[arg(long, env = "CHEEPER_MAX_CONNECTIONS", value_name = "N", value_parser = max_connections)]
    pub max_connections: Option<usize>,
}

impl LimitArgs {
    /// How many connections a system that allows `files` open files is to have at once.
    pub(super) fn max_connections(&self, files: u64) -> Result<usize, ArgsError> {
        let possible = files - RESERVED_FILES.min(files / 4);
        let possible = usize::try_from(possible).unwrap_or(usize::MAX).max(1);
        match self.max_connections {
            Some(0) => Err(ArgsError::NoConnections),
            Some(asked) if asked > possible => Err(ArgsError::TooManyConnections { asked, files, possible }),
            asked => Ok(asked.unwrap_or(possible)),
        }
    }
}

fn post_rate(typed: &str) -> Result<u32, String> {
    typed.parse().map_err(|_| "it must be a number; 0 is no limit".to_owned())
}

fn page_rate(typed: &str) -> Result<u32, String> {
    typed.parse().map_err(|_| "it must be a number; 0 is no limit".to_owned())
}

fn frame_rate(typed: &str) -> Result<u16, String> {
    typed.parse().map_err(|_| format!("it must be a number up to {}; 0 is no limit", u16::MAX))
}

fn connections_per_address(typed: &str) -> Result<usize, String> {
    typed.parse().map_err(|_| "it must be a number; 0 is no limit".to_owned())
}

fn max_connections(typed: &str) -> Result<usize, String> {
    typed.parse().map_err(|_| "it must be a number from 1 up".to_owned())
}

fn cheep_chars(typed: &str) -> Result<usize, String> {
    let (least, most) = (CHEEP_CHARS_RANGE.start(), CHEEP_CHARS_RANGE.end());
    let chars = typed.parse().ok().filter(|chars| CHEEP_CHARS_RANGE.contains(chars));
    chars.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}
