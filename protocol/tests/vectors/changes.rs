//! `changes.json`: a cheep and what happens, and what it is then.

use cheeper_protocol::{Cheep, Event, ServerFrame};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    cheep: Value,
    events: Vec<Value>,
    out: Value,
}

/// As it comes off the wire.
fn event(json: &Value) -> Event {
    match ServerFrame::parse(&json.to_string()) {
        Ok(ServerFrame::Event(event)) => event,
        other => panic!("{json} is no event but {other:?}"),
    }
}

fn cheep(json: &Value) -> Cheep {
    event(json).as_cheep().cloned().expect("a cheep")
}

#[test]
fn a_cheep_takes_each_change_that_is_newer_than_it() {
    super::none_fails(super::cases::<Case>("changes.json").into_iter().filter_map(|case| {
        let mut found = cheep(&case.cheep);
        for change in &case.events {
            let (before, was_taken) = (found.clone(), found.apply(&event(change)));
            assert_eq!(was_taken, before != found, "{}: {change}", case.name);
        }
        let expected = cheep(&case.out);
        (found != expected).then(|| format!("{}: {} instead of {}", case.name, json!(found), json!(expected)))
    }));
}
