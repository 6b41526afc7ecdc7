//! A cheep: its text, and the event everybody sees.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    limits::{CHEEP_LINE_FEEDS, ID_BYTES},
    name::Name,
    refusal::{Code, Refusal},
    seq::Seq,
    state::CheepState,
    text,
    time::serialize_at,
};

/// The text of a cheep: cleaned, not empty unless it was deleted, within the length it was parsed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CheepText(String);

impl CheepText {
    /// Reads a cheep as somebody typed it: at most `max_chars` grapheme clusters and
    /// [`CHEEP_LINE_FEEDS`] line feeds once it is cleaned.
    ///
    /// ```
    /// # use cheeper_protocol::CheepText;
    /// let text = CheepText::parse("  two\r\nlines\u{202E} ", 280)?;
    /// assert_eq!(text.as_str(), "two\nlines");
    /// # Ok::<(), cheeper_protocol::Refusal>(())
    /// ```
    pub fn parse(raw: &str, max_chars: usize) -> Result<Self, Refusal> {
        let text = Self::cleaned(raw);
        if text.0.is_empty() {
            return Err(Refusal::from(Code::EmptyCheep).in_field("cheep"));
        }
        let chars = text.chars();
        if chars > max_chars {
            let why = format!("This cheep has {chars} characters; at most {max_chars} are allowed.");
            return Err(Refusal::new(Code::CheepTooLong, why).in_field("cheep"));
        }
        let breaks = text.0.matches('\n').count();
        if breaks > CHEEP_LINE_FEEDS {
            let why = format!("This cheep has {breaks} line breaks; at most {CHEEP_LINE_FEEDS} are allowed.");
            return Err(Refusal::new(Code::CheepTooLong, why).in_field("cheep"));
        }
        Ok(text)
    }

    /// A text that a server or a store already accepted. It is cleaned again, so that it is safe to
    /// draw even when the sender was not Cheeper, but it may be of any length.
    pub fn cleaned(raw: &str) -> Self {
        Self(text::clean(raw))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length as people count, in grapheme clusters.
    pub fn chars(&self) -> usize {
        self.0.graphemes(true).count()
    }
}

impl fmt::Display for CheepText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for CheepText {
    fn from(raw: String) -> Self {
        Self::cleaned(&raw)
    }
}

impl From<CheepText> for String {
    fn from(text: CheepText) -> Self {
        text.0
    }
}

/// What a client calls one of its requests, 1 to 64 bytes. On a post it is the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

impl RequestId {
    /// Reads an id; refuses other lengths.
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        if ID_BYTES.contains(&raw.len()) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Refusal::new(Code::BadField, "An id is a string of 1 to 64 bytes.").in_field("id"))
        }
    }

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RequestId {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::parse(&raw)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

/// A cheep as it is now: how it was posted, and what later events have made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cheep {
    /// Its place in the log.
    pub seq: Seq,
    /// When the server took it, UTC, to the millisecond. For people: nothing is ordered by it.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Who wrote it.
    pub name: Name,
    /// What they wrote, as it reads now; empty once it is deleted.
    pub cheep: CheepText,
    /// True: the name is claimed and its holder wrote this.
    #[serde(default)]
    pub verified: bool,
    /// The cheep this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// How many answers the cheep in `reply_to` had when this one had come; it is a change of that cheep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_replies: Option<u64>,
    /// The id its author gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What later events have made of it.
    #[serde(flatten)]
    pub state: CheepState,
}

impl Cheep {
    /// The last event that changed it; its own seq if none did. A later one is applied, an earlier one is in it already.
    pub fn rev(&self) -> Seq {
        self.state.rev.unwrap_or(self.seq)
    }

    /// Whether its text is gone.
    pub fn is_deleted(&self) -> bool {
        self.state.deleted.is_some()
    }
}
