//! Why there is no connection. Pure.

use std::fmt;

use cheeper_protocol::CheepText;

use super::refused::Refused;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Shut {
    /// The server does not want us: a person has to do something.
    Refused(Refused),
    /// Something that may pass, in a few words that are safe to draw.
    Trouble(String),
}

impl Shut {
    pub(super) fn trouble(error: &impl fmt::Display) -> Self {
        Self::Trouble(CheepText::cleaned(&error.to_string()).as_str().replace('\n', " "))
    }
}
