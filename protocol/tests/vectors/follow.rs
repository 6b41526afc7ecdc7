//! `follow.json`: what a client does, step by step.

use cheeper_protocol::{
    Seq, ServerFrame,
    follow::{Follow, Identity, Input, Link, Millis, Output, Post},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    name: String,
    identity: Option<Identity>,
    #[serde(default)]
    outbox: Vec<Post>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: Millis,
    r#in: Value,
    out: Vec<Value>,
    link: Option<Link>,
    #[serde(default, deserialize_with = "stated")]
    deadline: Option<Option<Millis>>,
    #[serde(default, deserialize_with = "stated")]
    cursor: Option<Option<Seq>>,
}

/// `null` says that there must be none; only an absent field says nothing.
fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Frames go in as they come off the wire.
fn input(value: &Value) -> Input {
    match value.get("frame") {
        Some(frame) => Input::Frame { frame: ServerFrame::parse(&frame.to_string()).expect("a frame") },
        None => serde_json::from_value(value.clone()).expect("an input"),
    }
}

#[test]
fn a_client_does_what_each_step_says() {
    for Case { name, identity, outbox, steps } in super::cases::<Case>("follow.json") {
        let mut follow = Follow::new(identity, outbox);
        for step in steps {
            follow.handle(input(&step.r#in), step.at);
            let out: Vec<Output> = std::iter::from_fn(|| follow.poll_output()).collect();
            let place = format!("{name}, at {}", step.at);
            assert_eq!(serde_json::to_value(&out).unwrap(), Value::from(step.out), "{place}");
            if let Some(link) = step.link {
                assert_eq!(follow.link(), link, "{place}");
            }
            if let Some(deadline) = step.deadline {
                assert_eq!(follow.deadline(), deadline, "deadline in {place}");
            }
            if let Some(cursor) = step.cursor {
                assert_eq!(follow.cursor(), cursor, "cursor in {place}");
            }
        }
    }
}
