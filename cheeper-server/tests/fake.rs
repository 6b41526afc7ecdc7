//! The fake server of the test kit says what the real one says: the same script is run against both, frame by frame.

mod support;

use std::iter;

use cheeper_protocol::testkit::{Fake, is_event};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Client, Server};
use tungstenite::Message;

/// What a client does.
#[derive(Clone, Debug)]
enum Step {
    Say(String),
    SayBinary,
    /// It hangs up and comes back.
    Reconnect,
}

/// A connection to each of the two.
struct Both {
    fake: Fake,
    server: Server,
    client: Client,
    asked: usize,
}

impl Both {
    fn new() -> Self {
        let server = Server::start();
        let mut fake = Fake::default();
        fake.limits.posts_per_minute = 0;
        fake.connect();
        let mut both = Self { fake, client: server.client(), server, asked: 0 };
        both.are_welcomed_alike();
        both
    }

    fn are_welcomed_alike(&mut self) {
        let fakes = json!(self.fake.take());
        assert_eq!(alike(&self.client.welcome), alike(&fakes));
    }

    fn make(&mut self, step: &Step) {
        match step {
            Step::Say(text) => {
                self.client.send_text(text);
                self.fake.hear_text(text);
            }
            Step::SayBinary => {
                self.client.socket.send(Message::binary(b"{}".to_vec())).unwrap();
                self.fake.hear_binary();
            }
            Step::Reconnect => {
                self.client = self.server.client();
                // The first connection is gone from the list of who is here a moment later.
                while self.client.ask(json!({ "type": "who" }))["online"] != 1 {}
                // It was welcomed before that.
                self.client.welcome["online"] = json!(1);
                self.fake.connect();
                return self.are_welcomed_alike();
            }
        }
        assert!(self.fake.serve());
        let mut fakes: Vec<Value> = iter::from_fn(|| self.fake.take()).map(|frame| alike(&json!(frame))).collect();
        let mut reals: Vec<Value> = (0..fakes.len()).map(|_| alike(&self.next())).collect();
        // An own event and its ack come in either order.
        for frames in [&mut fakes, &mut reals] {
            frames.sort_by_key(|frame| !is_event(frame));
        }
        assert_eq!(reals, fakes, "the answers to {step:?}: the real server's, the fake's");
        self.no_more_is_said();
    }

    /// The real server's next frame that is not about who comes and goes.
    fn next(&mut self) -> Value {
        self.client.until(|frame| frame["type"] != "online")
    }

    fn no_more_is_said(&mut self) {
        self.asked += 1;
        let ping = json!({ "type": "ping", "id": format!("nothing {}", self.asked) });
        self.client.send(&ping);
        let pong = self.next();
        assert_eq!((&pong["type"], &pong["id"]), (&json!("pong"), &ping["id"]), "{pong}");
    }
}

/// A frame without what is each server's own: its clock, its store's id, its version.
fn alike(frame: &Value) -> Value {
    match frame {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(field, _)| !["at", "edited_at", "timeline", "server"].contains(&field.as_str()));
            kept.map(|(field, value)| (field.clone(), alike(value))).collect()
        }
        Value::Array(values) => values.iter().map(alike).collect(),
        other => other.clone(),
    }
}

fn run(steps: &[Step]) {
    let mut both = Both::new();
    for step in steps {
        both.make(step);
    }
}

fn say(frame: &Value) -> Step {
    Step::Say(frame.to_string())
}

#[test]
fn a_conversation_with_every_kind_of_answer_goes_alike() {
    let (secret, other) = ("alice's own secret", "mallory's own secret");
    let frames = [
        json!({ "type": "who", "id": "w" }),
        json!({ "cheep": "who am I" }),
        json!({ "type": "hello", "name": "Alice", "secret": secret, "id": "h" }),
        json!({ "cheep": "hello", "id": "1" }),
        json!({ "cheep": "hello", "id": "1" }),
        json!({ "cheep": "another text", "id": "1" }),
        json!({ "cheep": "hello", "reply_to": 1, "id": "1" }),
        json!({ "name": "ALICE", "cheep": "me, in capitals", "reply_to": 1 }),
        json!({ "type": "who" }),
        json!({ "name": "bob", "cheep": "hello", "id": "1" }),
        json!({ "type": "who" }),
        json!({ "cheep": "to nobody", "reply_to": 99 }),
        json!({ "cheep": "to nobody", "reply_to": 0 }),
        json!({ "type": "hello", "name": "alice", "secret": other }),
        json!({ "cheep": "who am I now" }),
        json!({ "name": "alice", "cheep": "not me" }),
        json!({ "type": "hello", "name": "alice" }),
        json!({ "type": "hello", "name": "dora" }),
        json!({ "cheep": "hi" }),
        json!({ "type": "ping" }),
        json!({ "type": "history", "id": "all" }),
    ];
    let mut steps: Vec<Step> = frames.iter().map(say).collect();
    steps.extend(
        ["", "7", "[]", "{", r#"{"type":"dance","id":"d"}"#, r#"{"id":7}"#].map(|text| Step::Say(text.to_owned())),
    );
    steps.extend([
        Step::SayBinary,
        Step::Reconnect,
        say(&json!({ "cheep": "who am I" })),
        say(&json!({ "type": "who" })),
    ]);
    run(&steps);
}

#[test]
fn changes_of_cheeps_go_alike() {
    let claim = |name: &str| json!({ "type": "hello", "name": name, "secret": format!("the secret of {name}") });
    let react = |name: &str, emoji: &str, on: bool| json!({ "type": "react", "name": name, "target": 1, "emoji": emoji, "on": on });
    let mut frames = vec![
        claim("alice"),
        json!({ "cheep": "first", "id": "p" }),
        json!({ "type": "edit", "target": 1, "cheep": "better", "id": "e" }),
        json!({ "type": "edit", "target": 1, "cheep": "better", "id": "e" }),
        json!({ "type": "edit", "target": 1, "cheep": "best", "id": "e" }),
        json!({ "type": "edit", "target": 1, "cheep": "better", "id": "p" }),
        json!({ "type": "edit", "target": 1, "cheep": "better", "id": "e2" }),
        json!({ "type": "edit", "target": 1, "cheep": "best", "id": "e3" }),
        json!({ "cheep": "first", "id": "p" }),
        json!({ "cheep": "best", "id": "p" }),
        json!({ "type": "edit", "target": 1, "cheep": "better", "id": "e" }),
        json!({ "type": "edit", "target": 99, "cheep": "a" }),
        json!({ "type": "edit", "target": 2, "cheep": "a" }),
        json!({ "type": "delete", "target": 0 }),
        json!({ "name": "bob", "cheep": "me too", "reply_to": 1 }),
        json!({ "name": "bob", "cheep": "to an edit", "reply_to": 2 }),
        json!({ "type": "edit", "target": 4, "cheep": "not mine" }),
        json!({ "type": "delete", "target": 4 }),
        json!({ "type": "edit", "name": "bob", "target": 4, "cheep": "nobody's" }),
        json!({ "type": "delete", "name": "alice", "target": 1, "id": "e3" }),
        json!({ "cheep": "an answer of mine", "reply_to": 4, "id": "a" }),
        json!({ "type": "thread", "seq": 4 }),
        json!({ "type": "thread", "seq": 5, "after": 4 }),
        json!({ "type": "thread", "seq": 3 }),
        json!({ "type": "history" }),
        json!({ "type": "history", "after": 0 }),
    ];
    frames.extend((0..55).map(|nth| react(&format!("fan {nth}"), "🎉", true)));
    frames.extend([3, 3, 54, 1].map(|nth| react(&format!("FAN {nth}"), "🎉", false)));
    frames.extend(["♥", "♥️", "👍"].map(|emoji| react("alice", emoji, true)));
    frames.push(react("alice", "♥︎", false));
    // More kinds than there may be.
    frames.extend((0..20_u32).map(|nth| react("bob", &char::from_u32(0x1F400 + nth).unwrap().to_string(), true)));
    frames.extend([
        json!({ "type": "react", "target": 1, "emoji": "👍", "id": "r" }),
        json!({ "type": "react", "target": 1, "emoji": "👍", "on": false, "id": "r2" }),
        json!({ "type": "react", "target": 1, "emoji": "👍", "on": false, "id": "r2" }),
        json!({ "type": "react", "target": 1, "emoji": "👍", "on": true, "id": "r2" }),
        json!({ "type": "history", "around": 4 }),
        json!({ "type": "delete", "target": 5, "id": "d5" }),
        json!({ "type": "delete", "target": 5, "id": "d5" }),
        json!({ "type": "delete", "target": 1, "id": "d" }),
        json!({ "type": "delete", "target": 1 }),
        json!({ "type": "delete", "target": 4, "id": "d" }),
        json!({ "type": "edit", "target": 1, "cheep": "again" }),
        json!({ "type": "edit", "target": 1, "cheep": "whatever it was", "id": "e3" }),
        json!({ "type": "react", "target": 1, "emoji": "👍" }),
        json!({ "type": "react", "target": 1, "emoji": "🎉", "on": true, "id": "r2" }),
        json!({ "cheep": "whatever it was", "id": "p" }),
        json!({ "name": "dora", "cheep": "what was it?", "reply_to": 1 }),
        json!({ "type": "history" }),
        json!({ "type": "history", "after": 0, "limit": 200 }),
        json!({ "type": "thread", "seq": 1 }),
        json!({ "type": "who" }),
        json!({ "type": "hello", "name": "alice" }),
        json!({ "type": "delete", "target": 5 }),
    ]);
    run(&frames.iter().map(say).collect::<Vec<_>>());
}

#[test]
fn pages_that_are_too_large_are_cut_alike() {
    let mut both = Both::new();
    // A character as people count, and many bytes.
    let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    for nth in 0..150_usize {
        // Some are short, so that the cut is not at the same place from both ends.
        both.make(&say(&json!({ "name": "alice", "cheep": family.repeat(280 / (1 + nth % 3)) })));
    }
    for range in
        [json!({}), json!({ "after": 0 }), json!({ "before": 140 }), json!({ "around": 70 }), json!({ "around": 9 })]
    {
        let mut request = json!({ "type": "history", "limit": 200 });
        request.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
        both.make(&say(&request));
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || prop::sample::select(vec!["alice", "Alice", "ＡＬＩＣＥ", "bob", "Straße", "STRASSE", " "]);
    let text = prop::sample::select(vec!["hi", "hello", " hi ", "a\tb\r\nc", "", "\u{202e}"]);
    let secret = prop::sample::select(vec![
        None,
        Some("a secret of 22 bytes!!"),
        Some("another secret of theirs"),
        Some("short"),
    ]);
    let id = || prop::option::of((0..9_u8).prop_map(|id| format!("id {id}")));
    // Most are there already, and meet.
    let seq = || prop_oneof![3 => 0..9_u64, 1 => 0..70_u64];
    let post = (prop::option::of(name()), text, prop::option::weighted(0.2, seq()), id()).prop_map(
        |(name, cheep, reply_to, id)| json!({ "name": name, "cheep": cheep, "reply_to": reply_to, "id": id }),
    );
    let hello = (name(), secret, id())
        .prop_map(|(name, secret, id)| json!({ "type": "hello", "name": name, "secret": secret, "id": id }));
    let range = prop::sample::select(vec![&[][..], &["before"], &["after"], &["around"], &["before", "after"]]);
    let history = (range, seq(), prop::option::of(0..300_u64), id()).prop_map(|(range, seq, limit, id)| {
        let mut request = json!({ "type": "history", "limit": limit, "id": id });
        request.as_object_mut().unwrap().extend(range.iter().map(|field| ((*field).to_owned(), json!(seq))));
        request
    });
    let other = (prop::sample::select(vec!["who", "ping", "dance"]), id())
        .prop_map(|(kind, id)| json!({ "type": kind, "id": id }));
    let about = || (prop::option::of(name()), seq(), id());
    let edit = (about(), prop::sample::select(vec!["hi", "hello", "a", ""])).prop_map(|((name, target, id), cheep)| {
        json!({ "type": "edit", "name": name, "target": target, "cheep": cheep, "id": id })
    });
    let delete =
        about().prop_map(|(name, target, id)| json!({ "type": "delete", "name": name, "target": target, "id": id }));
    let emoji = prop::sample::select(vec!["🎉", "♥", "♥️", "1"]);
    let react = (about(), emoji, any::<bool>()).prop_map(|((name, target, id), emoji, on)| {
        json!({ "type": "react", "name": name, "target": target, "emoji": emoji, "on": on, "id": id })
    });
    let thread = (seq(), prop::option::of(seq()), id())
        .prop_map(|(seq, after, id)| json!({ "type": "thread", "seq": seq, "after": after, "id": id }));
    let frame = prop_oneof![
        8 => post,
        4 => hello,
        5 => history,
        2 => other,
        4 => edit,
        2 => delete,
        5 => react,
        2 => thread,
    ];
    let step = prop_oneof![
        30 => frame.prop_map(|frame| say(&frame)),
        1 => Just(Step::SayBinary),
        1 => Just(Step::Reconnect),
    ];
    prop::collection::vec(step, 1..90)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_script_is_answered_alike(steps in steps()) {
        run(&steps);
    }
}
