//! `client_frames.json` and `server_frames.json`: raw text in, the frame as it is understood out.

use cheeper_protocol::{ClientFrame, Limits, ServerFrame};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    r#in: String,
    out: Option<Value>,
    /// For a client's frame the code, field and id of the answer; for a server's `true`.
    error: Option<Value>,
}

#[test]
fn client_frames_are_read_or_refused() {
    super::none_fails(super::cases::<Case>("client_frames.json").into_iter().filter_map(|case| {
        let found = match ClientFrame::parse(&case.r#in, &Limits::default()) {
            Ok(frame) => (Some(json!(frame)), None),
            Err(unreadable) => {
                let fields = [
                    ("code", Some(json!(unreadable.refusal.code))),
                    ("field", unreadable.refusal.field.map(|field| json!(field))),
                    ("id", unreadable.id.map(|id| json!(id))),
                ];
                (None, Some(fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()))
            }
        };
        let expected = (case.out, case.error);
        (found != expected).then(|| format!("{}: {found:?} instead of {expected:?}", case.name))
    }));
}

#[test]
fn server_frames_are_read_or_left_alone() {
    super::none_fails(super::cases::<Case>("server_frames.json").into_iter().filter_map(|case| {
        let found = match ServerFrame::parse(&case.r#in) {
            Ok(frame) => (Some(json!(frame)), None),
            Err(_) => (None, Some(json!(true))),
        };
        let expected = (case.out, case.error);
        (found != expected).then(|| format!("{}: {found:?} instead of {expected:?}", case.name))
    }));
}
