//! Every way a request can be refused: one table of code, sentence and whether trying again can help.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $text:literal $retryable:literal $sentence:literal;)*) => {
        /// Why a request was refused. Programs decide by this, never by the sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
            /// A code this version does not know; it is taken as final.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl Code {
            /// Every code a server may send.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Unknown => "unknown" }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* Self::Unknown => false }
            }

            /// The sentence for a person, where the refusal has no more exact one.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* Self::Unknown => "The server refused this." }
            }
        }
    };
}

codes! {
    /// The frame holds no JSON object.
    BadJson "bad_json" false "A frame must be one JSON object, such as {\"name\":\"alice\",\"cheep\":\"hello\"}.";
    /// The frame is binary.
    BadFrame "bad_frame" false "Send text frames: binary ones are not read here.";
    /// The `type` is none this server knows.
    UnknownType "unknown_type" false "This type of request is not known here; try post, edit, delete, react, hello, history, thread, search, who or ping.";
    /// A field is missing, of the wrong kind or out of bounds.
    BadField "bad_field" false "A field of this request is not right.";
    /// Nothing is left of the cheep once it is trimmed.
    EmptyCheep "empty_cheep" false "This cheep is empty: write something first.";
    /// The cheep has too many characters or lines.
    CheepTooLong "cheep_too_long" false "This cheep is too long.";
    /// `reply_to` names no cheep of this timeline.
    BadReply "bad_reply" false "The cheep this replies to does not exist.";
    /// The name breaks the rules for names.
    BadName "bad_name" false "This name cannot be used.";
    /// A request that needs a name and gives none, on a connection that has said no `hello`.
    NameRequired "name_required" false "Say who you are: give a name, or say hello first.";
    /// The name is claimed by somebody with another secret.
    NameTaken "name_taken" false "This name belongs to somebody else: choose another, or use the secret it was claimed with.";
    /// The secret's length is out of bounds.
    BadSecret "bad_secret" false "A secret must have 16 to 128 bytes.";
    /// This name has used this id for something else.
    IdConflict "id_conflict" false "This id was used for something else: give each cheep and each change an id of its own.";
    /// The seq names no cheep of this timeline.
    NotFound "not_found" false "There is no such cheep.";
    /// The cheep is not the asker's to change.
    Forbidden "forbidden" false "Only who wrote this cheep can change it, and only if they had claimed its name (with hello and a secret) before they wrote it.";
    /// The cheep is deleted.
    Gone "gone" false "This cheep was deleted.";
    /// The cheep has as many kinds of reactions as there can be.
    TooMany "too_many" false "This cheep has 20 kinds of reactions already: use one of those.";
    /// The name may not write for a time, or at all.
    Muted "muted" false "A host has muted this name.";
    /// The timeline is private, or the token that came along is none, or none any more.
    TokenRequired "token_required" false "This timeline is only for those who have its link: ask its host for it.";
    /// The asker may read here and no more.
    ReadOnly "read_only" false "You may read here; to write, ask the host for the link.";
    /// More posts than the host allows.
    RateLimited "rate_limited" true "Too many posts in a short time: wait a moment.";
    /// The store is full or failing; the post was not taken.
    NotStored "not_stored" true "The server could not store this, so it was not posted: try again later.";
    /// A fault of the server.
    Internal "internal" true "Something went wrong on the server: try again later.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that was refused: the body of an `error` frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What went wrong, for programs.
    pub code: Code,
    /// What went wrong and what to do, for people: one sentence.
    pub message: Cow<'static, str>,
    /// Earliest useful retry, in milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// The field at fault, where there is one.
    pub field: Option<Cow<'static, str>>,
}

impl Refusal {
    /// A refusal with a sentence more exact than the code's own.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, field: None }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn in_field(mut self, field: &'static str) -> Self {
        self.field = Some(Cow::Borrowed(field));
        self
    }

    /// Says when a retry can help.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code, code.sentence())
    }
}
