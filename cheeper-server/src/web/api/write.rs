//! Requests over HTTP that change the timeline or keep order: each is the frame that would ask for the same, and is carried out
//! as that.

use bytes::Bytes;
use cheeper_protocol::{ClientFrame, Code, Event, Name, Refusal, Request, RequestId, Secret, ServerFrame};
use serde_json::{Map, Value};
use warp::http::{HeaderMap, Method, Response, StatusCode};

use super::{
    address::Address,
    ask,
    body::{self, Failure},
};
use crate::{
    access::{Grant, Principal},
    conversation::request::{Speaker, Step},
    limits::Source,
    timeline::{Author, Changed, Outcome, Posted},
    web::{answer, site::Site},
};

/// A request, as it came.
pub(crate) struct Written {
    pub(crate) from: Principal,
    pub(crate) address: Address,
    /// One that the address takes.
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: String,
    pub(crate) body: Bytes,
}

/// Carries it out: the answer, whatever comes of it.
pub(crate) async fn write(site: &Site, written: &Written) -> Response<Bytes> {
    match try_write(site, written).await {
        Ok((status, event)) => answer::json(status, event.as_bytes()),
        Err(Failure::Unsupported) => {
            let why = "Send JSON (Content-Type: application/json) or a form (application/x-www-form-urlencoded).";
            answer::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, Refusal::new(Code::BadFrame, why))
        }
        Err(Failure::Refused(refusal)) => answer::refused(refusal),
    }
}

async fn try_write(site: &Site, written: &Written) -> Result<(StatusCode, String), Failure> {
    let Written { from, address, method, headers, query, body } = written;
    let rules = &site.services.rules;
    let mut fields = body::fields(headers, query, body)?;
    let secret = body::secret(headers, &mut fields)?;
    join(&mut fields, address.fields(method)?)?;
    let ClientFrame { id, request } = ClientFrame::parse(&Value::Object(fields).to_string(), &rules.limits)
        .map_err(|unreadable| unreadable.refusal)?;
    let id = match headers.get("idempotency-key") {
        None => id,
        Some(key) => Some(RequestId::parse(key.to_str().unwrap_or_default())?),
    };
    let source = Source { address: from.client.address, connection: None, grant: from.grant };
    let mut speaker = match (secret, name(&request)) {
        (Some(secret), Some(name)) => {
            rules.rate_limits.check_secret(source, name)?;
            speaker(name, secret, from.grant)
        }
        _ => Speaker::default(),
    };
    let (token, outcome) = match speaker.on_request(id.as_ref(), request, source, rules)? {
        Step::Submit(command) => (None, ask::submit(&site.services, command).await?),
        Step::Order(order) => ask::order(&site.services, order, &from.grant).await?,
        Step::ReadAudit(query) => {
            let (entries, more) = ask::audit(&site.services, query).await?;
            return Ok((StatusCode::OK, ServerFrame::Audit { id, entries, more }.to_json()));
        }
        Step::Read(_) | Step::ListNames | Step::Pong => return Err(Refusal::from(Code::Internal).into()),
    };
    match outcome {
        Outcome::Posted(Posted { cheep, duplicate }) => {
            let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
            Ok((status, Event::Cheep(cheep).to_json()))
        }
        Outcome::Changed(Changed { cheep, .. }) => Ok((StatusCode::OK, Event::Cheep(cheep).to_json())),
        Outcome::Moderated(entry) => Ok((StatusCode::OK, ServerFrame::moderated(id, token, entry).to_json())),
        Outcome::Named(_) => Err(Refusal::from(Code::Internal).into()),
    }
}

/// Adds what the address says. The body may say the same; what it says otherwise is a mistake, of which somebody hears.
fn join(fields: &mut Map<String, Value>, said: Map<String, Value>) -> Result<(), Refusal> {
    for (field, value) in said {
        if fields.get(&field).is_some_and(|other| !other.is_null() && *other != value) {
            let why = format!("The field \"{field}\" follows from the address: leave it out.");
            return Err(Refusal { field: Some(field.into()), ..Refusal::new(Code::BadField, why) });
        }
        fields.insert(field, value);
    }
    Ok(())
}

/// Whom a request names as its author.
fn name(request: &Request) -> Option<&Name> {
    match request {
        Request::Post { name, .. }
        | Request::Edit { name, .. }
        | Request::Delete { name, .. }
        | Request::React { name, .. } => name.as_ref(),
        Request::Hello { .. }
        | Request::History(_)
        | Request::Thread(_)
        | Request::Search(_)
        | Request::Who
        | Request::Mute { .. }
        | Request::Release { .. }
        | Request::Link { .. }
        | Request::Undo { .. }
        | Request::Audit(_)
        | Request::Ping => None,
    }
}

fn speaker(name: &Name, secret: Secret, Grant { role, person, link, .. }: Grant) -> Speaker {
    Speaker::new(Author { name: name.clone(), secret: Some(secret), role, person, link })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_may_repeat_what_the_address_says_and_not_contradict_it() {
        let join = |body: Value| {
            let (Value::Object(mut fields), Value::Object(said)) = (body, json!({ "type": "edit", "target": 7 }))
            else {
                panic!("no fields");
            };
            super::join(&mut fields, said).map(|()| Value::Object(fields)).map_err(|refusal| refusal.field)
        };
        let expected = Ok(json!({ "type": "edit", "target": 7, "cheep": "hi" }));
        assert_eq!(join(json!({ "cheep": "hi" })), expected);
        assert_eq!(join(json!({ "cheep": "hi", "type": "edit", "target": 7 })), expected);
        assert_eq!(join(json!({ "cheep": "hi", "type": null })), expected);
        assert_eq!(join(json!({ "type": "delete" })), Err(Some("type".into())));
        assert_eq!(join(json!({ "target": 8 })), Err(Some("target".into())));
    }
}
