//! What a client wants done to the timeline: things that are sent again, under the same id, until they are answered.

use serde::{Deserialize, Serialize};

use crate::{
    cheep::{CheepText, RequestId},
    client_frame::{ClientFrame, Request},
    emoji::Emoji,
    refusal::{Code, Refusal},
    seq::Seq,
};

/// Something that is to be done to the timeline. Its `id` is its idempotency key: a UUID, say. `gap`, `older`, `hello` and
/// `ping` are names of requests made here.
///
/// As JSON it is the frame that asks for it. One without a `type` is a post: there was nothing else once, and outboxes on
/// disk outlive the programs that wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", try_from = "Form")]
pub enum Submission {
    /// A cheep that is to be posted.
    Post {
        /// Its idempotency key.
        id: RequestId,
        /// The text.
        cheep: CheepText,
        /// The cheep it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// A text that is to be corrected.
    Edit {
        /// Its idempotency key.
        id: RequestId,
        /// Which cheep.
        target: Seq,
        /// How it is to read.
        cheep: CheepText,
    },
    /// A cheep that is to be taken back.
    Delete {
        /// Its idempotency key.
        id: RequestId,
        /// Which cheep.
        target: Seq,
    },
    /// A reaction, or one that is to be taken back.
    React {
        /// Its idempotency key.
        id: RequestId,
        /// Which cheep.
        target: Seq,
        /// With what.
        emoji: Emoji,
        /// React, or take it back.
        on: bool,
    },
}

impl Submission {
    /// Its idempotency key.
    pub fn id(&self) -> &RequestId {
        match self {
            Self::Post { id, .. } | Self::Edit { id, .. } | Self::Delete { id, .. } | Self::React { id, .. } => id,
        }
    }

    /// The cheep that it is to change; `None` for a post.
    pub fn target(&self) -> Option<Seq> {
        match self {
            Self::Post { .. } => None,
            Self::Edit { target, .. } | Self::Delete { target, .. } | Self::React { target, .. } => Some(*target),
        }
    }

    /// The frame that asks for it, under the name that `hello` gave.
    pub(super) fn frame(self) -> ClientFrame {
        let (id, request) = match self {
            Self::Post { id, cheep, reply_to } => (id, Request::Post { name: None, cheep, reply_to }),
            Self::Edit { id, target, cheep } => (id, Request::Edit { name: None, target, cheep }),
            Self::Delete { id, target } => (id, Request::Delete { name: None, target }),
            Self::React { id, target, emoji, on } => (id, Request::React { name: None, target, emoji, on }),
        };
        ClientFrame { id: Some(id), request }
    }

    /// Why it cannot be sent to a server that reads no more than `most` bytes.
    pub(super) fn too_long(&self, bytes: usize, most: usize) -> Refusal {
        let takes = format!("it takes {bytes} bytes on its way, and this server reads at most {most}.");
        match self {
            Self::Post { .. } | Self::Edit { .. } => {
                Refusal::new(Code::CheepTooLong, format!("This cheep is too long: {takes}")).in_field("cheep")
            }
            Self::Delete { .. } | Self::React { .. } => {
                Refusal::new(Code::BadField, format!("This cannot be sent: {takes}"))
            }
        }
    }
}

/// The fields of all kinds, as they are read.
#[derive(Deserialize)]
struct Form {
    #[serde(rename = "type", default)]
    kind: Kind,
    id: RequestId,
    cheep: Option<CheepText>,
    reply_to: Option<Seq>,
    target: Option<Seq>,
    emoji: Option<Emoji>,
    on: Option<bool>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Post,
    Edit,
    Delete,
    React,
}

impl TryFrom<Form> for Submission {
    type Error = MissingField;

    fn try_from(Form { kind, id, cheep, reply_to, target, emoji, on }: Form) -> Result<Self, MissingField> {
        let cheep = cheep.ok_or(MissingField("cheep"));
        let target = target.ok_or(MissingField("target"));
        Ok(match kind {
            Kind::Post => Self::Post { id, cheep: cheep?, reply_to },
            Kind::Edit => Self::Edit { id, target: target?, cheep: cheep? },
            Kind::Delete => Self::Delete { id, target: target? },
            Kind::React => Self::React {
                id,
                target: target?,
                emoji: emoji.ok_or(MissingField("emoji"))?,
                on: on.ok_or(MissingField("on"))?,
            },
        })
    }
}

/// A field that this kind of submission cannot be without.
#[derive(Debug, thiserror::Error)]
#[error("the field {0:?} is missing")]
struct MissingField(&'static str);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Option<Submission> {
        serde_json::from_value(value).ok()
    }

    #[test]
    fn what_was_kept_before_there_were_kinds_is_a_post() {
        let post = read(json!({ "id": "a", "cheep": "hello", "reply_to": 7 })).expect("a post");
        assert!(matches!(&post, Submission::Post { reply_to: Some(_), .. }));
        assert_eq!(json!(post), json!({ "type": "post", "id": "a", "cheep": "hello", "reply_to": 7 }));
    }

    #[test]
    fn each_kind_is_read_as_it_was_kept_and_is_the_frame_that_asks_for_it() {
        for kept in [
            json!({ "type": "post", "id": "a", "cheep": "hello" }),
            json!({ "type": "edit", "id": "a", "target": 7, "cheep": "hello" }),
            json!({ "type": "delete", "id": "a", "target": 7 }),
            json!({ "type": "react", "id": "a", "target": 7, "emoji": "🎉", "on": false }),
        ] {
            let submission = read(kept.clone()).expect("a submission");
            assert_eq!(json!(submission), kept);
            assert_eq!(json!(submission.frame()), kept);
        }
    }

    #[test]
    fn half_a_submission_is_none_and_no_other_kind_is_taken_for_a_post() {
        for kept in [
            json!({ "type": "edit", "id": "a", "cheep": "hello" }),
            json!({ "type": "delete", "id": "a" }),
            json!({ "type": "react", "id": "a", "target": 7, "emoji": "🎉" }),
            json!({ "type": "pin", "id": "a", "cheep": "hello" }),
            json!({ "cheep": "hello" }),
        ] {
            assert_eq!(read(kept.clone()), None, "{kept}");
        }
    }
}
