//! Every request and answer of the protocol, as a client meets them.

mod support;

use serde_json::{Value, json};
use support::{Server, seqs};
use tungstenite::Message;

const SECRET: &str = "alice's own secret";

fn code(answer: &Value) -> &str {
    assert_eq!(answer["type"], "error", "{answer}");
    assert!(answer["message"].as_str().is_some_and(|sentence| sentence.ends_with('.')), "{answer}");
    answer["code"].as_str().unwrap()
}

#[test]
fn the_welcome_tells_all_a_client_needs() {
    let server = Server::with(&["--cheep-chars", "300"]);
    let first = server.client();
    let welcome = &first.welcome;
    assert_eq!((&welcome["protocol"], &welcome["head"], &welcome["online"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(welcome["server"], concat!("cheeper/", env!("CARGO_PKG_VERSION")));
    let limits = json!({
        "cheep_chars": 300, "name_chars": 32, "frame_bytes": 16384, "page": 200, "who": 1000, "posts_per_minute": 60
    });
    assert_eq!(welcome["limits"], limits);
    let second = server.client();
    assert_eq!(second.welcome["timeline"], welcome["timeline"]);
    assert_eq!(second.welcome["online"], 2);
}

#[test]
fn a_post_needs_no_type_and_everybody_sees_it() {
    let server = Server::start();
    let (mut alice, mut bob) = (server.client(), server.client());
    alice.send_text(r#"{"name":"alice","cheep":"hello"}"#);
    let seen = bob.next("cheep");
    assert_eq!((&seen["seq"], &seen["name"], &seen["cheep"]), (&json!(1), &json!("alice"), &json!("hello")));
    assert_eq!(seen["verified"], false);
    assert!(seen["at"].as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')), "{seen}");
    assert!(seen.get("id").is_none() && seen.get("reply_to").is_none(), "{seen}");
    let ack = alice.next("ack");
    assert_eq!((&ack["seq"], &ack["at"]), (&json!(1), &seen["at"]));
    assert!(ack.get("id").is_none() && ack.get("duplicate").is_none(), "{ack}");
}

#[test]
fn a_post_may_have_a_type_an_id_and_a_cheep_to_reply_to() {
    let server = Server::start();
    let (mut alice, mut bob) = (server.client(), server.client());
    assert_eq!(alice.post("alice", "anybody?"), 1);
    let ack = bob.ask(json!({ "type": "post", "name": "bob", "cheep": "me", "reply_to": 1, "id": "b1" }));
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(2)));
    let seen = alice.until(|frame| frame["seq"] == 2);
    assert_eq!((&seen["type"], &seen["reply_to"], &seen["id"]), (&json!("cheep"), &json!(1), &json!("b1")));
}

#[test]
fn what_is_shown_is_safe_whatever_was_sent() {
    let server = Server::start();
    let mut alice = server.client();
    alice.send(&json!({ "name": "alice", "cheep": "  a\tb\r\nc\u{202e}d\u{1b}[31m e\u{301}  ", "what": "is this" }));
    assert_eq!(alice.next("cheep")["cheep"], "a b\ncd[31m \u{e9}");
}

#[test]
fn after_a_hello_posts_need_no_name() {
    let server = Server::start();
    let mut alice = server.client();
    let answer = alice.ask(json!({ "type": "hello", "name": "alice" }));
    assert_eq!(
        (&answer["type"], &answer["name"], &answer["claimed"]),
        (&json!("hello"), &json!("alice"), &json!(false))
    );
    alice.send(&json!({ "cheep": "I am alice" }));
    assert_eq!(alice.next("cheep")["name"], "alice");
}

#[test]
fn a_claimed_name_is_its_holders_on_every_device() {
    let server = Server::start();
    let (mut alice, mut mallory, mut phone) = (server.client(), server.client(), server.client());
    let claim = json!({ "type": "hello", "name": "Alice", "secret": SECRET });
    assert_eq!(alice.ask(claim.clone())["claimed"], true);

    assert_eq!(code(&mallory.ask(json!({ "name": "ALICE", "cheep": "I am not" }))), "name_taken");
    assert_eq!(code(&mallory.ask(json!({ "type": "hello", "name": "alice" }))), "name_taken");
    let wrong = json!({ "type": "hello", "name": "alice", "secret": "somebody else's one" });
    assert_eq!(code(&mallory.ask(wrong)), "name_taken");
    assert_eq!(code(&mallory.ask(json!({ "cheep": "who am I" }))), "name_required");

    let hello = phone.ask(claim);
    assert_eq!((&hello["name"], &hello["claimed"]), (&json!("Alice"), &json!(true)));
    phone.send(&json!({ "cheep": "me, on the phone" }));
    let seen = mallory.next("cheep");
    assert_eq!((&seen["seq"], &seen["name"], &seen["verified"]), (&json!(1), &json!("Alice"), &json!(true)));
}

#[test]
fn a_retry_is_a_duplicate_and_the_id_of_another_cheep_a_conflict() {
    let server = Server::start();
    let mut alice = server.client();
    let post = json!({ "name": "alice", "cheep": "once", "id": "a1" });
    let first = alice.ask(post.clone());
    let mut elsewhere = server.client();
    let again = elsewhere.ask(post);
    assert_eq!((&again["type"], &again["duplicate"]), (&json!("ack"), &json!(true)));
    assert_eq!((&again["seq"], &again["at"]), (&first["seq"], &first["at"]));
    assert_eq!(code(&alice.ask(json!({ "name": "alice", "cheep": "twice", "id": "a1" }))), "id_conflict");
    let bob = alice.ask(json!({ "name": "bob", "cheep": "another person's", "id": "a1" }));
    assert_eq!((&bob["seq"], &bob["duplicate"]), (&json!(2), &Value::Null));
    assert_eq!(seqs(&alice.ask(json!({ "type": "history" }))), [1, 2]);
}

#[test]
fn history_goes_every_way() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 260);
    let mut history = |range: Value| {
        let mut request = json!({ "type": "history" });
        request.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
        let page = alice.ask(request);
        assert_eq!((&page["type"], &page["head"], &page["reset"]), (&json!("page"), &json!(260), &Value::Null));
        (seqs(&page), page["more"].as_bool().unwrap())
    };
    let span = |first: u64, last: u64| (first..=last).collect::<Vec<_>>();
    assert_eq!(history(json!({})), (span(211, 260), true));
    assert_eq!(history(json!({ "limit": 1000 })), (span(61, 260), true));
    assert_eq!(history(json!({ "before": 11 })), (span(1, 10), false));
    assert_eq!(history(json!({ "before": 11, "limit": 4 })), (span(7, 10), true));
    assert_eq!(history(json!({ "after": 0, "limit": 3 })), (span(1, 3), true));
    assert_eq!(history(json!({ "after": 255 })), (span(256, 260), false));
    assert_eq!(history(json!({ "after": 260 })), (Vec::new(), false));
    let (around, more) = history(json!({ "around": 100, "limit": 5 }));
    assert_eq!((around.len(), around.contains(&100), more), (5, true, true));
}

#[test]
fn a_cursor_beyond_the_head_is_told_to_start_afresh() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 3);
    let page = alice.ask(json!({ "type": "history", "after": 99 }));
    assert_eq!((seqs(&page), &page["reset"]), (vec![1, 2, 3], &json!(true)));
}

#[test]
fn who_is_here_once_each_and_sorted() {
    let server = Server::start();
    let (mut bob, mut alice, mut alices_phone) = (server.client(), server.client(), server.client());
    bob.ask(json!({ "type": "hello", "name": "bob" }));
    alice.ask(json!({ "type": "hello", "name": "alice" }));
    alices_phone.post("alice", "hi");
    let who = bob.ask(json!({ "type": "who" }));
    assert_eq!((&who["type"], &who["names"], &who["online"]), (&json!("who"), &json!(["alice", "bob"]), &json!(3)));
}

#[test]
fn a_ping_and_every_change_of_who_is_here_tell_the_head() {
    let server = Server::start();
    let mut alice = server.client();
    assert_eq!(alice.ask(json!({ "type": "ping", "id": "p" })), json!({ "type": "pong", "id": "p", "head": 0 }));
    alice.post("alice", "hi");
    assert_eq!(alice.ask(json!({ "type": "ping" }))["head"], 1);
    let bob = server.client();
    let online = alice.until(|frame| frame["type"] == "online" && frame["count"] == 2);
    assert_eq!(online["head"], 1);
    drop(bob);
    alice.until(|frame| frame["type"] == "online" && frame["count"] == 1);
}

#[test]
fn the_newest_few_can_be_asked_for_in_the_url() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 5);
    let mut bob = server.client_at("/ws?last=3");
    let page = bob.try_next().unwrap();
    assert_eq!((seqs(&page), &page["more"], &page["head"]), (vec![3, 4, 5], &json!(true), &json!(5)));
    let mut carol = server.client_at("/ws?last=0");
    let page = carol.try_next().unwrap();
    assert_eq!((&page["events"], &page["more"], &page["head"]), (&json!([]), &json!(true), &json!(5)));
    assert_eq!((&page["from"], &page["to"]), (&json!(6), &json!(5)), "it speaks for nothing");
    alice.post("alice", "live");
    assert_eq!(bob.next("cheep")["seq"], 6);
    assert_eq!(carol.next("cheep")["seq"], 6);
}

#[test]
fn an_empty_timeline_in_the_url_is_none() {
    let server = Server::start();
    server.client().post_many("alice", 5);
    let page = server.client_at("/ws?after=2&timeline=").try_next().unwrap();
    assert_eq!((seqs(&page), &page["reset"]), (vec![3, 4, 5], &Value::Null));
}

#[test]
fn everything_after_a_cursor_comes_without_hole_or_repeat_while_others_post() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 450);
    let timeline = alice.welcome["timeline"].as_str().unwrap().to_owned();
    let poster = std::thread::spawn(move || alice.post_many("alice", 300));
    let paths = ["/ws?after=10".to_owned(), format!("/ws?after=10&timeline={timeline}")];
    for mut client in paths.map(|path| server.client_at(&path)) {
        client.catch_up(10, 750);
    }
    poster.join().unwrap();
    server.client_at("/ws?after=0").catch_up(0, 750);
}

#[test]
fn a_cursor_of_another_timeline_starts_afresh() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 3);
    for path in ["/ws?after=2&timeline=another", "/ws?after=7"] {
        let mut bob = server.client_at(path);
        let page = bob.try_next().unwrap();
        assert_eq!(
            (seqs(&page), &page["reset"], &page["more"]),
            (vec![1, 2, 3], &json!(true), &json!(false)),
            "{path}"
        );
    }
}

#[test]
fn every_refusal_has_its_code_and_none_ends_the_connection() {
    let server = Server::start();
    let mut alice = server.client();
    for text in ["", "hello", "[]", "{\"name\":", "7"] {
        alice.send_text(text);
        assert_eq!(code(&alice.next("error")), "bad_json", "{text}");
    }
    alice.socket.send(Message::binary(b"{}".to_vec())).unwrap();
    assert_eq!(code(&alice.next("error")), "bad_frame");

    let long_name = "n".repeat(33);
    let cases = [
        (json!({ "type": "dance" }), "unknown_type", Some("type")),
        (json!({ "name": "alice" }), "bad_field", Some("cheep")),
        (json!({ "name": 7, "cheep": "hi" }), "bad_field", Some("name")),
        (json!({ "type": "hello" }), "bad_field", Some("name")),
        (json!({ "type": "history", "limit": 0 }), "bad_field", Some("limit")),
        (json!({ "type": "history", "before": "x" }), "bad_field", Some("before")),
        (json!({ "type": "history", "before": 1, "after": 2 }), "bad_field", Some("after")),
        (json!({ "name": "alice", "cheep": " \n " }), "empty_cheep", Some("cheep")),
        (json!({ "name": "alice", "cheep": "x".repeat(281) }), "cheep_too_long", Some("cheep")),
        (json!({ "name": "alice", "cheep": "\nx".repeat(12) }), "cheep_too_long", Some("cheep")),
        (json!({ "name": "alice", "cheep": "hi", "reply_to": 9 }), "bad_reply", Some("reply_to")),
        (json!({ "name": "", "cheep": "hi" }), "bad_name", Some("name")),
        (json!({ "name": long_name, "cheep": "hi" }), "bad_name", Some("name")),
        (json!({ "name": "a\u{202e}b", "cheep": "hi" }), "bad_name", Some("name")),
        (json!({ "cheep": "hi" }), "name_required", None),
        (json!({ "type": "hello", "name": "alice", "secret": "short" }), "bad_secret", Some("secret")),
        (json!({ "type": "hello", "name": "alice", "secret": "x".repeat(129) }), "bad_secret", Some("secret")),
    ];
    for (request, expected, field) in cases {
        let answer = alice.ask(request.clone());
        assert_eq!(code(&answer), expected, "{request}");
        assert_eq!(answer["retryable"], false, "{answer}");
        if let Some(field) = field {
            assert_eq!(answer["field"], field, "{answer}");
        }
    }
    assert_eq!(alice.post("alice", &"\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(280)), 1);
}

#[test]
fn an_id_that_cannot_be_one_is_a_bad_field() {
    let server = Server::start();
    let mut alice = server.client();
    for id in [json!(7), json!(""), json!("x".repeat(65))] {
        alice.send(&json!({ "type": "ping", "id": id }));
        let answer = alice.next("error");
        assert_eq!((code(&answer), &answer["field"]), ("bad_field", &json!("id")));
    }
}

#[test]
fn too_many_posts_are_told_when_to_come_back() {
    let server = Server::with(&["--post-rate", "4"]);
    let mut alice = server.client();
    for nth in 1..=5 {
        alice.post("alice", &format!("cheep {nth}"));
    }
    let refused = alice.ask(json!({ "name": "alice", "cheep": "one too many" }));
    assert_eq!((code(&refused), &refused["retryable"]), ("rate_limited", &json!(true)));
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|ms| (1..=15_000).contains(&ms)), "{refused}");
    let elsewhere = server.client().ask(json!({ "name": "Alice", "cheep": "from another connection" }));
    assert_eq!(code(&elsewhere), "rate_limited");
    assert_eq!(server.client().post("bob", "I have not said anything yet"), 6);
}

#[test]
fn who_is_refused_uses_up_nothing_of_others() {
    let server = Server::with(&["--post-rate", "20"]);
    let (mut alice, mut mallory, mut bob) = (server.client(), server.client(), server.client());
    assert_eq!(alice.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }))["claimed"], true);
    let codes: Vec<String> =
        (0..500).map(|_| code(&mallory.ask(json!({ "name": "alice", "cheep": "I am not" }))).to_owned()).collect();
    assert_eq!(codes[..5], ["name_taken"; 5]);
    assert!(codes[5..].iter().filter(|code| *code == "rate_limited").count() > 400);
    assert_eq!(alice.ask(json!({ "cheep": "it is me" }))["seq"], 1);
    assert_eq!(bob.post("bob", "and me"), 2);
}

#[test]
fn names_are_claimed_at_a_rate_but_a_holder_is_always_let_in() {
    let server = Server::with(&["--post-rate", "1"]);
    let mut squatter = server.client();
    let mut hello = |name: &str| squatter.ask(json!({ "type": "hello", "name": name, "secret": SECRET }));
    let claimed = (0..100).take_while(|nth| hello(&format!("name {nth}"))["claimed"] == true).count();
    assert_eq!(claimed, 5);
    let refused = hello("another name");
    assert_eq!(code(&refused), "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|ms| (1..=60_000).contains(&ms)), "{refused}");
    assert_eq!(hello("name 0")["claimed"], true);
    assert_eq!(squatter.ask(json!({ "type": "hello", "name": "another name" }))["claimed"], false);
}
