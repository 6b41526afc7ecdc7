//! The addresses at which the timeline is changed and order is kept, and which request each stands for. Pure.

use cheeper_protocol::{Code, Refusal, Seq};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use warp::http::Method;

/// What a path names. Its parts are as they stand in it, percent-encoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Address {
    /// `/api/cheep`: where new ones come.
    New,
    /// `/api/cheep/SEQ`.
    Cheep(String),
    /// `/api/cheep/SEQ/reactions/EMOJI`.
    Reaction { cheep: String, emoji: String },
    /// `/api/mute` and so on: what hosts order, by the type of its request.
    Order(&'static str),
    /// `/api/audit`.
    Audit,
}

/// The types of requests that have an address of their own.
const ORDERS: [&str; 4] = ["mute", "release", "link", "undo"];

impl Address {
    /// The address that a path is; `None` if it is none of these.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/api/")?;
        let word = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(order) = ORDERS.into_iter().find(|order| *order == word) {
            return Some(Self::Order(order));
        }
        if word == "audit" {
            return Some(Self::Audit);
        }
        let rest = rest.strip_prefix("cheep")?;
        // As everywhere here, a slash at the end changes nothing.
        let parts: Vec<&str> = rest.strip_suffix('/').unwrap_or(rest).split('/').collect();
        match parts[..] {
            [""] => Some(Self::New),
            ["", cheep] if !cheep.is_empty() => Some(Self::Cheep(cheep.to_owned())),
            ["", cheep, "reactions", emoji] if !cheep.is_empty() && !emoji.is_empty() => {
                Some(Self::Reaction { cheep: cheep.to_owned(), emoji: emoji.to_owned() })
            }
            _ => None,
        }
    }

    /// The methods that it takes, as `Allow` lists them.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::New | Self::Order(_) => "POST",
            Self::Audit => "GET, HEAD",
            Self::Cheep(_) => "PATCH, DELETE",
            Self::Reaction { .. } => "PUT, DELETE",
        }
    }

    /// What the address and a method that it takes say of a request: fields of the frame that would ask for the same.
    pub(super) fn fields(&self, method: &Method) -> Result<Map<String, Value>, Refusal> {
        let is_delete = method == Method::DELETE;
        let fields = match self {
            Self::New => json!({ "type": "post" }),
            Self::Order(order) => json!({ "type": order }),
            Self::Audit => json!({ "type": "audit" }),
            Self::Cheep(cheep) => json!({ "type": if is_delete { "delete" } else { "edit" }, "target": seq(cheep)? }),
            Self::Reaction { cheep, emoji } => {
                let emoji = percent_decode_str(emoji).decode_utf8().map_err(|_| {
                    let why = "The emoji of this address is not UTF-8: write each of its bytes as %XX.";
                    Refusal::new(Code::BadField, why).in_field("emoji")
                })?;
                json!({ "type": "react", "target": seq(cheep)?, "emoji": emoji, "on": !is_delete })
            }
        };
        match fields {
            Value::Object(fields) => Ok(fields),
            _ => Err(Code::Internal.into()),
        }
    }
}

fn seq(part: &str) -> Result<Seq, Refusal> {
    part.parse().ok().and_then(Seq::new).ok_or_else(|| {
        let why = "This address names a cheep by its seq: 1, 2, 3 and so on.";
        Refusal::new(Code::BadField, why).in_field("target")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(method: &Method, path: &str) -> Result<Value, Refusal> {
        Address::parse(path).expect(path).fields(method).map(Value::Object)
    }

    #[test]
    fn an_address_and_a_method_are_a_request() {
        let edit = json!({ "type": "edit", "target": 17 });
        assert_eq!(fields(&Method::POST, "/api/cheep"), Ok(json!({ "type": "post" })));
        assert_eq!(fields(&Method::PATCH, "/api/cheep/17"), Ok(edit.clone()));
        assert_eq!(fields(&Method::PATCH, "/api/cheep/17/"), Ok(edit));
        assert_eq!(fields(&Method::DELETE, "/api/cheep/17"), Ok(json!({ "type": "delete", "target": 17 })));
        let react = |emoji: &str, on: bool| Ok(json!({ "type": "react", "target": 17, "emoji": emoji, "on": on }));
        assert_eq!(fields(&Method::PUT, "/api/cheep/17/reactions/%F0%9F%8E%89"), react("🎉", true));
        assert_eq!(fields(&Method::DELETE, "/api/cheep/17/reactions/♥"), react("♥", false));
        assert_eq!(fields(&Method::POST, "/api/mute"), Ok(json!({ "type": "mute" })));
        assert_eq!(fields(&Method::POST, "/api/undo/"), Ok(json!({ "type": "undo" })));
        assert_eq!(fields(&Method::GET, "/api/audit"), Ok(json!({ "type": "audit" })));
    }

    #[test]
    fn what_an_address_cannot_name_is_told_by_its_field() {
        for (method, path, field) in [
            (&Method::PATCH, "/api/cheep/first", "target"),
            (&Method::DELETE, "/api/cheep/-1", "target"),
            (&Method::DELETE, "/api/cheep/9007199254740992", "target"),
            (&Method::PUT, "/api/cheep/%31/reactions/♥", "target"),
            (&Method::PUT, "/api/cheep/1/reactions/%FF", "emoji"),
            (&Method::PUT, "/api/cheep/1/reactions/%F0%9F%8E", "emoji"),
        ] {
            let refusal = fields(method, path).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some(field)), "{path}");
        }
    }

    #[test]
    fn other_paths_are_none_of_these() {
        for path in [
            "",
            "/",
            "/api",
            "/api/cheeps",
            "/api/mutes",
            "/api/mute/1",
            "/api/audit//",
            "/api/cheep//",
            "/api/cheep/1/2",
            "/api/cheep/1/reactions",
            "/api/cheep/1/reactions/",
            "/api/cheep//reactions/x",
            "/api/cheep/1/reactions/x/y",
            "/x/api/cheep",
        ] {
            assert_eq!(Address::parse(path), None, "{path}");
        }
    }
}
