//! What a client may say: one request a frame.

use std::fmt;

use serde::{
    Deserializer as _, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    cheep::{CheepText, RequestId},
    emoji::Emoji,
    fields::{Fields, missing_entry},
    limits::Limits,
    moderation::{AuditQuery, Muted},
    name::{Name, Secret},
    question::{History, Query, Range, Search, Thread, bad_field},
    refusal::{Code, Refusal},
    role::Role,
    seq::Seq,
};

/// A frame from a client: a request and what its answer is to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientFrame {
    /// Comes back on the one answer; on a post it is the idempotency key as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// What a client can ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Request {
    /// Put a cheep on the timeline. Answered by `ack`.
    Post {
        /// The author; without one, the name that `hello` gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// The text.
        cheep: CheepText,
        /// The cheep this answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// Correct the text of a cheep. Answered by `ack`.
    Edit {
        /// Who wrote it; without one, the name that `hello` gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// Which cheep.
        target: Seq,
        /// How it is to read.
        cheep: CheepText,
    },
    /// Take a cheep back. Answered by `ack`.
    Delete {
        /// Who wrote it; without one, the name that `hello` gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// Which cheep.
        target: Seq,
    },
    /// React to a cheep, or take that back. Answered by `ack`.
    React {
        /// Who reacts; without one, the name that `hello` gave.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// Which cheep.
        target: Seq,
        /// With what.
        emoji: Emoji,
        /// React, or take it back.
        on: bool,
    },
    /// Use a name on this connection, and claim it if a secret comes with it. Answered by `hello`.
    Hello {
        /// The name.
        name: Name,
        /// The secret that claims it, or that it was claimed with.
        #[serde(skip_serializing_if = "Option::is_none")]
        secret: Option<Secret>,
    },
    /// A part of the timeline. Answered by `page`.
    History(History),
    /// A cheep with what it answers and what answers it. Answered by `page`.
    Thread(Thread),
    /// Cheeps that have something in them. Answered by `page`.
    Search(Search),
    /// For a host: somebody may not write. Answered by `audit` with the one entry, as all that a host does but `link`.
    Mute {
        /// Who.
        #[serde(flatten)]
        who: Muted,
        /// For how long, in milliseconds from when it is carried out; absent: until it is undone.
        #[serde(skip_serializing_if = "Option::is_none")]
        for_ms: Option<u64>,
    },
    /// For a host: a claimed name is free again.
    Release {
        /// The name.
        name: Name,
    },
    /// For a host: make a link. Answered by `link`.
    Link {
        /// What those may do who come in by it: a member or a host.
        role: Role,
        /// For how long, in milliseconds from when it is carried out; absent: until it is undone.
        #[serde(skip_serializing_if = "Option::is_none")]
        for_ms: Option<u64>,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Name>,
    },
    /// For a host: undo what an entry of the audit tells of.
    Undo {
        /// Its number.
        entry: u64,
    },
    /// For a host: what was done. Answered by `audit`.
    Audit(AuditQuery),
    /// Who is here. Answered by `who`.
    Who,
    /// Is anybody there. Answered by `pong`.
    Ping,
}

/// A frame that could not be read, with the `id` its answer goes back under if it had one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The frame's id, where that much could be read: of text that is no JSON, one that stands whole before the fault.
    pub id: Option<RequestId>,
    /// Why it was refused.
    pub refusal: Refusal,
    /// It was to be a `hello`. A refused one leaves its connection without a name, whatever it was refused for.
    pub is_hello: bool,
}

impl ClientFrame {
    /// Reads one text frame. A frame without `type` is a post: the tutorial's own message.
    ///
    /// ```
    /// # use cheeper_protocol::{ClientFrame, Limits, Request};
    /// let frame = ClientFrame::parse(r#"{"name":"alice","cheep":"hello"}"#, &Limits::default()).unwrap();
    /// assert!(matches!(frame.request, Request::Post { .. }));
    /// ```
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Unreadable> {
        let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else {
            return Err(Unreadable { id: id_before_fault(text), refusal: Code::BadJson.into(), is_hello: false });
        };
        let fields = Fields(object);
        let is_hello = fields.get("type").is_some_and(|kind| kind == "hello");
        let id = fields.id().map_err(|refusal| Unreadable { id: None, refusal, is_hello })?;
        match fields.request(limits) {
            Ok(request) => Ok(Self { id, request }),
            Err(refusal) => Err(Unreadable { id, refusal, is_hello }),
        }
    }

    /// The frame as it goes on the wire.
    #[expect(clippy::missing_panics_doc, reason = "strings, numbers and lists of them are always JSON")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a frame is always JSON")
    }
}

/// The id of a text that is no JSON object: the last one whose field was read whole before the fault. Other fields are
/// only skipped, so a string may lie before it that is none, such as a lone surrogate.
fn id_before_fault(text: &str) -> Option<RequestId> {
    struct Finder<'a>(&'a mut Option<String>);

    impl<'de> Visitor<'de> for Finder<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
            while let Some(field) = fields.next_key::<String>()? {
                if field == "id" {
                    // The fault may lie in this one, and then the one before it does not count either.
                    *self.0 = None;
                    *self.0 = fields.next_value::<Value>()?.as_str().map(str::to_owned);
                } else {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }

    let mut id = None;
    // It fails, sooner or later; what was found until then counts.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Finder(&mut id));
    RequestId::parse(&id?).ok()
}

/// What each type of request needs.
impl Fields {
    fn request(&self, limits: &Limits) -> Result<Request, Refusal> {
        match self.string("type")? {
            None | Some("post") => self.post(limits),
            Some("hello") => self.hello(),
            Some("edit") => self.edit(limits),
            Some("delete") => Ok(Request::Delete { target: self.target()?, name: self.name()? }),
            Some("react") => self.react(),
            Some("history") => self.history().map(Request::History),
            Some("thread") => self.thread().map(Request::Thread),
            Some("search") => self.search().map(Request::Search),
            Some("mute") => Ok(Request::Mute { who: self.muted()?, for_ms: self.for_ms()? }),
            Some("release") => Ok(Request::Release { name: self.named("is missing: it is the name to release")? }),
            Some("link") => self.link(),
            Some("undo") => Ok(Request::Undo { entry: self.entry("entry")?.ok_or_else(|| missing_entry("entry"))? }),
            Some("audit") => Ok(Request::Audit(AuditQuery { before: self.entry("before")?, limit: self.limit()? })),
            Some("who") => Ok(Request::Who),
            Some("ping") => Ok(Request::Ping),
            Some(_) => Err(Refusal::from(Code::UnknownType).in_field("type")),
        }
    }

    fn cheep(&self, limits: &Limits) -> Result<CheepText, Refusal> {
        let cheep = self.string("cheep")?.ok_or_else(|| bad_field("cheep", "is missing: it is the text to post"))?;
        CheepText::parse(cheep, limits.cheep_chars)
    }

    fn edit(&self, limits: &Limits) -> Result<Request, Refusal> {
        Ok(Request::Edit { cheep: self.cheep(limits)?, target: self.target()?, name: self.name()? })
    }

    fn react(&self) -> Result<Request, Refusal> {
        let emoji = self.string("emoji")?.ok_or_else(|| bad_field("emoji", "is missing: it is what to react with"))?;
        let on = self.get("on").map_or(Ok(true), |on| {
            on.as_bool().ok_or_else(|| bad_field("on", "must be true, or false to take a reaction back"))
        })?;
        Ok(Request::React { emoji: Emoji::parse(emoji)?, on, target: self.target()?, name: self.name()? })
    }

    fn post(&self, limits: &Limits) -> Result<Request, Refusal> {
        let cheep = self.cheep(limits)?;
        let reply_to = self.seq("reply_to")?;
        if reply_to == Some(Seq::ZERO) {
            return Err(Refusal::from(Code::BadReply).in_field("reply_to"));
        }
        Ok(Request::Post { name: self.name()?, cheep, reply_to })
    }

    fn hello(&self) -> Result<Request, Refusal> {
        let name = self.name()?.ok_or_else(|| bad_field("name", "is missing: hello says who you are"))?;
        let secret = self.string("secret")?.map(Secret::parse).transpose()?;
        Ok(Request::Hello { name, secret })
    }

    fn muted(&self) -> Result<Muted, Refusal> {
        match (self.name()?, self.seq("target")?) {
            (Some(name), None) => Ok(Muted::Name { name }),
            (None, Some(target)) => Ok(Muted::Author { target }),
            (Some(_), Some(_)) => Err(bad_field("target", "and \"name\" do not go together: mute a name or an author")),
            (None, None) => {
                Err(bad_field("name", "is missing: it is whom to mute; or give the seq of a cheep as \"target\""))
            }
        }
    }

    fn link(&self) -> Result<Request, Refusal> {
        let role = match self.string("role")? {
            None | Some("member") => Role::Member,
            Some("host") => Role::Host,
            Some(_) => return Err(bad_field("role", "must be member or host")),
        };
        let note = self.string("note")?.map(Name::parse).transpose();
        let note = note.map_err(|refusal| Refusal { field: Some("note".into()), ..refusal })?;
        Ok(Request::Link { role, for_ms: self.for_ms()?, note })
    }

    fn history(&self) -> Result<History, Refusal> {
        let limit = self.limit()?;
        Range::from_fields(self.seq("before")?, self.seq("after")?, self.seq("around")?)
            .map(|range| History { range, limit })
    }

    fn thread(&self) -> Result<Thread, Refusal> {
        let seq = self.seq("seq")?.ok_or_else(|| bad_field("seq", "is missing: it is the seq of a cheep"))?;
        Ok(Thread { seq, after: self.seq("after")? })
    }

    fn search(&self) -> Result<Search, Refusal> {
        let q = self.string("q")?.ok_or_else(|| bad_field("q", "is missing: it is what to search for"))?;
        Ok(Search { q: Query::parse(q)?, before: self.seq("before")?, limit: self.limit()? })
    }
}
