//! What lets somebody in: the secret part of a link, or of a session.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    limits::TOKEN_BYTES,
    refusal::{Code, Refusal},
};

/// A token: letters, digits, `-` and `_`. It is never printed, not even by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

impl Token {
    /// Reads a token; refuses what none can be with [`Code::TokenRequired`].
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        let is_one = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if TOKEN_BYTES.contains(&raw.len()) && raw.chars().all(is_one) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Refusal::new(Code::TokenRequired, "This is no link of this timeline: ask its host for one."))
        }
    }

    /// The token itself, for the one who hashes or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TryFrom<String> for Token {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::parse(&raw)
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}
