//! `follow.json`: what a client does, step by step.

use cheeper_protocol::{
    ServerFrame,
    follow::{Follow, Identity, Input, Millis, Output, Submission},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Case {
    name: String,
    identity: Option<Identity>,
    #[serde(default)]
    outbox: Vec<Submission>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    at: Millis,
    r#in: Value,
    out: Value,
    /// What holds after the step, where the case says so.
    #[serde(flatten)]
    then: Map<String, Value>,
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
            assert_eq!(json!(out), step.out, "{place}");
            for (what, expected) in step.then {
                let is = match what.as_str() {
                    "link" => json!(follow.link()),
                    "deadline" => json!(follow.deadline()),
                    "cursor" => json!(follow.cursor()),
                    other => panic!("{place}: nothing is called {other:?}"),
                };
                assert_eq!(is, expected, "{what} in {place}");
            }
        }
    }
}
