//! What people react with: one emoji.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    limits::EMOJI_BYTES,
    refusal::{Code, Refusal},
};

/// One emoji, in the one form that stands for all its spellings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Emoji(String);

impl Emoji {
    /// Reads an emoji as somebody typed it.
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        if raw.len() > EMOJI_BYTES || raw.is_ascii() || raw.graphemes(true).count() != 1 {
            return Err(Refusal::new(Code::BadField, "A reaction is one emoji.").in_field("emoji"));
        }
        Ok(Self(raw.to_owned()))
    }

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Emoji {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::parse(&raw)
    }
}

impl From<Emoji> for String {
    fn from(emoji: Emoji) -> Self {
        emoji.0
    }
}
