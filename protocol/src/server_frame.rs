//! What a server says: answers to requests, and events.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cheep::RequestId,
    event::{self, Event},
    limits::Limits,
    moderation::Entry,
    name::Name,
    refusal::{Code, Refusal},
    role::Role,
    seq::Seq,
    time::serialize_at,
    token::Token,
};

/// A frame from a server. `id`, on every answer, is the request's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerFrame {
    /// The first frame, always.
    Welcome(Welcome),
    /// A part of the timeline.
    Page(Page),
    /// What was asked for is durable.
    Ack(Ack),
    /// The name is yours on this connection.
    Hello {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// The name, as it will be shown.
        name: Name,
        /// True: the name is claimed, by you.
        claimed: bool,
    },
    /// How many are here: when it changed, at most once a second, and every 30 s.
    Online {
        /// Open connections.
        count: u64,
        /// The newest seq.
        head: Seq,
    },
    /// You read too slowly: the live events up to `head` were skipped; live goes on after it.
    Lagged {
        /// The last seq skipped.
        head: Seq,
    },
    /// Who is here.
    Who {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// People, once each, sorted, at most `limits.who`.
        names: Vec<Name>,
        /// Open connections, named or not.
        online: u64,
    },
    /// What a host did, or what was done.
    Audit {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// The one entry that tells of what was asked for; or those that were asked for, the newest first.
        entries: Vec<Entry>,
        /// There are older ones.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// A link was made.
    Link {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// What lets people in: it is said here and never again.
        token: Token,
        /// The entry that tells of it.
        made: Entry,
    },
    /// The server is there.
    Pong {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<RequestId>,
        /// The newest seq.
        head: Seq,
    },
    /// A request was refused. The connection goes on.
    Error(ErrorFrame),
    /// The server is about to stop; close 1012 follows.
    Goodbye {
        /// Why, for people.
        reason: String,
        /// Come back at a moment of your own choice within this time, in milliseconds.
        reconnect_after_ms: u64,
    },
    /// A type this version does not know, and no event: it has no `seq`.
    #[serde(skip_deserializing)]
    Unknown,
    /// Live: what was appended to the log.
    #[serde(untagged)]
    Event(Event),
}

/// What a server says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Version of the protocol: 1.
    pub protocol: u32,
    /// The server's name and version.
    pub server: String,
    /// The store's own id: a cursor means something only together with it.
    pub timeline: String,
    /// The newest seq; 0 when there is none. Live events start right after it.
    pub head: Seq,
    /// Open connections, this one with them.
    pub online: u64,
    /// What you may do here; absent: what every member may.
    #[serde(default)]
    pub role: Role,
    /// The bounds this server sets.
    pub limits: Limits,
}

/// A part of the timeline, ascending. Whoever has applied it knows all that there is from `from` to `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What was asked for, ascending: every event after a cursor, or cheeps alone, each as it is now.
    #[serde(deserialize_with = "event::of_page")]
    pub events: Vec<Event>,
    /// The first seq that the page speaks for.
    pub from: Seq,
    /// The last seq that the page speaks for; below `from` if it speaks for none.
    pub to: Seq,
    /// The newest seq of the timeline.
    pub head: Seq,
    /// There is more in the direction that was asked for.
    pub more: bool,
    /// True: the cursor was of another timeline or beyond its end; drop what you have, this is the newest part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// The first seq that is still kept; absent: all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Seq>,
    /// True: the cursor lies below the floor, so something after it cannot be had any more; this begins at the floor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// A request that changes the timeline is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// The place in the log of what was asked for: of the cheep, or of the change.
    pub seq: Seq,
    /// When the server took it.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// True: this name had asked for this under the same id before, or it was so already; this is where.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// A refusal on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What went wrong, for programs.
    pub code: Code,
    /// What went wrong and what to do, for people.
    pub message: Cow<'static, str>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Earliest useful retry, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
}

impl ErrorFrame {
    /// The frame that tells of a refusal.
    pub fn new(id: Option<RequestId>, refusal: Refusal) -> Self {
        let Refusal { code, message, retry_after_ms, field } = refusal;
        Self { id, code, message, retryable: code.retryable(), retry_after_ms, field }
    }
}

/// A frame from a server that is none: not JSON, or a known type with wrong fields.
#[derive(Debug, thiserror::Error)]
#[error("the server sent a frame that cannot be read: {0}")]
pub struct BadServerFrame(#[from] serde_json::Error);

impl ServerFrame {
    /// Reads one text frame. Unknown fields are ignored; a `type` that is not known is an [`Event::Unknown`] if it has a
    /// `seq`, so that a cursor moves on past it, else [`ServerFrame::Unknown`].
    pub fn parse(text: &str) -> Result<Self, BadServerFrame> {
        #[derive(Deserialize)]
        struct Outline<'a> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
            seq: Option<Seq>,
        }
        const KNOWN: &[&str] = &[
            "welcome", "page", "ack", "hello", "online", "lagged", "who", "audit", "link", "pong", "error", "goodbye",
        ];
        let Outline { kind, seq } = serde_json::from_str(text)?;
        if event::KINDS.contains(&kind.as_ref()) {
            return Ok(Self::Event(serde_json::from_str(text)?));
        }
        if KNOWN.contains(&kind.as_ref()) {
            return Ok(serde_json::from_str(text)?);
        }
        Ok(seq.map_or(Self::Unknown, |seq| Self::Event(Event::Unknown { seq })))
    }

    /// The answer to what a host has asked for: what was done, with the token if that was to make a link.
    pub fn moderated(id: Option<RequestId>, token: Option<Token>, entry: Entry) -> Self {
        match token {
            Some(token) => Self::Link { id, token, made: entry },
            None => Self::Audit { id, entries: vec![entry], more: false },
        }
    }

    /// The frame as it goes on the wire.
    #[expect(clippy::missing_panics_doc, reason = "strings, numbers and lists of them are always JSON")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a frame is always JSON")
    }
}
