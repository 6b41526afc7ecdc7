//! What a server says first to its operator. Pure.

use serde::{Deserialize, Serialize};

/// What a server says first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// Where people find its page, the nearest first. Each ends with a slash.
    pub(crate) addresses: Vec<String>,
}

impl Greeting {
    pub(super) fn to_line(&self) -> String {
        format!("{}\n", serde_json::to_string(self).unwrap_or_default())
    }
}
