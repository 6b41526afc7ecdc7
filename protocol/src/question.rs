//! What a client can ask to see of the timeline.

use serde::{Serialize, Serializer};

use crate::{
    limits::QUERY_BYTES,
    refusal::{Code, Refusal},
    seq::Seq,
};

/// Which part of the timeline is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct History {
    /// Where the part lies.
    #[serde(flatten)]
    pub range: Range,
    /// Most events wanted. A server gives at most its own `limits.page`.
    pub limit: usize,
}

/// Which thread is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Thread {
    /// Any cheep of it.
    pub seq: Seq,
    /// Only the answers after this seq, to read a long thread on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Search {
    /// What a cheep must have in it.
    pub q: Query,
    /// Only cheeps with a smaller seq, to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Most cheeps wanted. A server gives at most its own `limits.page`.
    pub limit: usize,
}

/// The words of a search as somebody typed them: not empty, at most [`QUERY_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Query(String);

impl Query {
    /// Reads what somebody typed.
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.len() > QUERY_BYTES {
            return Err(bad_field("q", "must be what to search for, at most 512 bytes"));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// What was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a part of the timeline lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// The newest.
    Newest,
    /// The newest of those with a smaller seq.
    Before(Seq),
    /// The oldest of those with a larger seq.
    After(Seq),
    /// Half of them up to and with this seq, half after it.
    Around(Seq),
}

impl Range {
    /// The range that these fields ask for; two of them at once contradict each other.
    pub fn from_fields(before: Option<Seq>, after: Option<Seq>, around: Option<Seq>) -> Result<Self, Refusal> {
        match (before, after, around) {
            (None, None, None) => Ok(Self::Newest),
            (Some(seq), None, None) => Ok(Self::Before(seq)),
            (None, Some(seq), None) => Ok(Self::After(seq)),
            (None, None, Some(seq)) => Ok(Self::Around(seq)),
            (Some(_), Some(_), _) | (None, Some(_), Some(_)) => Err(bad_field("after", "cannot go with another range")),
            (Some(_), None, Some(_)) => Err(bad_field("before", "cannot go with another range")),
        }
    }
}

/// As it stands among the fields of a `history` request.
impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let field = match self {
            Self::Newest => None,
            Self::Before(seq) => Some(("before", seq)),
            Self::After(seq) => Some(("after", seq)),
            Self::Around(seq) => Some(("around", seq)),
        };
        serializer.collect_map(field)
    }
}

/// A field of a request is not as it must be.
pub(crate) fn bad_field(field: &'static str, what: &str) -> Refusal {
    Refusal::new(Code::BadField, format!("The field \"{field}\" {what}.")).in_field(field)
}
