//! Edits, deletes, reactions, threads and searches over HTTP, and how they look over the socket beside it.

mod support;

use serde_json::{Value, json};
use support::{
    Client, Server,
    curl::{Follower, JSON, curl, json_of, post},
    seqs,
};

const SECRET: &str = "alice's own secret";
const PARTY: &str = "%F0%9F%8E%89";

/// A request with JSON as alice, who holds her name.
fn by_alice(server: &Server, method: &str, path: &str, mut body: Value) -> (u16, Value) {
    body["name"] = json!("alice");
    let secret = format!("Cheeper-Secret: {SECRET}");
    let body = body.to_string();
    json_of(server, path, &[&JSON[..], &["-X", method, "-H", &secret, "-d", &body]].concat())
}

/// A server on which alice holds her name and has cheeped.
fn server() -> (Server, Client) {
    let server = Server::start();
    let mut alice = server.client();
    alice.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }));
    assert_eq!(alice.ask(json!({ "cheep": "a sceret", "id": "first" }))["seq"], 1);
    (server, alice)
}

fn kind_and_seq(event: &Value) -> (String, u64) {
    (event["type"].as_str().unwrap().to_owned(), event["seq"].as_u64().unwrap())
}

#[test]
fn what_is_changed_over_http_is_seen_on_every_way_at_once() {
    let (server, _alice) = server();
    let mut socket = server.client();
    let mut lines = Follower::start(&server, "&after=1", &[]);
    let mut events = Follower::start(&server, "&after=1", &["-H", "Accept: text/event-stream"]);
    let mut seen = move || {
        let event = socket.until(|frame| frame.get("seq").is_some());
        let line = lines.next(|line| !line.is_empty());
        let data = events.next(|line| line.starts_with("data:"));
        assert_eq!(events.next(|line| line.starts_with("id:")), format!("id:{}", event["seq"]));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), event);
        assert_eq!(data.strip_prefix("data:").unwrap(), line);
        event
    };

    let (status, cheep) = by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "a secret", "id": "e1" }));
    assert_eq!((status, &cheep["cheep"], &cheep["rev"]), (200, &json!("a secret"), &json!(2)), "{cheep}");
    assert!(cheep["edited_at"].is_string() && cheep["type"] == "cheep" && cheep["id"] == "first", "{cheep}");
    let event = seen();
    assert_eq!(kind_and_seq(&event), ("edit".to_owned(), 2));
    assert_eq!((&event["target"], &event["cheep"], &event["id"]), (&json!(1), &json!("a secret"), &json!("e1")));

    let reaction = format!("/api/cheep/1/reactions/{PARTY}?name=bob");
    let (status, cheep) = json_of(&server, &reaction, &["-X", "PUT", "-H", "Idempotency-Key: r1"]);
    assert_eq!((status, &cheep["reactions"]), (200, &json!([{ "emoji": "🎉", "count": 1, "names": ["bob"] }])));
    let event = seen();
    assert_eq!((kind_and_seq(&event), &event["on"]), (("reaction".to_owned(), 3), &json!(true)));
    let (status, cheep) = json_of(&server, &reaction, &["-X", "DELETE"]);
    assert_eq!((status, cheep.get("reactions")), (200, None));
    let event = seen();
    assert_eq!(
        (kind_and_seq(&event), &event["on"], &event["count"]),
        (("reaction".to_owned(), 4), &json!(false), &json!(0))
    );

    let (status, cheep) = by_alice(&server, "DELETE", "/api/cheep/1", json!({}));
    assert_eq!((status, &cheep["cheep"], &cheep["deleted"]), (200, &json!(""), &json!("author")), "{cheep}");
    let event = seen();
    assert_eq!((kind_and_seq(&event), &event["target"]), (("delete".to_owned(), 5), &json!(1)));
}

#[test]
fn what_was_deleted_is_in_no_answer_from_the_ring_or_the_store() {
    let (mut server, mut alice) = server();
    by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "a secret" }));
    by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "a worse secret" }));
    json_of(&server, &format!("/api/cheep/1/reactions/{PARTY}"), &["-X", "PUT", "-d", "name=bob"]);
    assert_eq!(alice.ask(json!({ "name": "bob", "cheep": "what?", "reply_to": 1 }))["type"], "ack");
    by_alice(&server, "DELETE", "/api/cheep/1", json!({}));
    let lines_and_answers = |server: &Server| {
        let paths =
            ["/api/cheeps?before=7", "/api/cheeps?after=0&limit=9", "/api/cheeps?around=1", "/api/thread?seq=5"];
        let mut follower = Follower::start(server, "&after=0", &[]);
        let lines: Vec<String> = (1..=6).map(|_| follower.next(|line| !line.is_empty())).collect();
        for answer in paths.map(|path| curl(server, path, &[]).2).iter().chain(&lines) {
            assert!(!["sceret", "secret", "🎉"].iter().any(|gone| answer.contains(gone)), "{answer}");
            assert!(!answer.contains(r#""code""#), "{answer}");
        }
        lines
    };
    let lines = lines_and_answers(&server);
    let kinds = lines.iter().map(|line| kind_and_seq(&serde_json::from_str(line).unwrap()).0);
    assert_eq!(kinds.collect::<Vec<_>>(), ["cheep", "void", "void", "void", "cheep", "delete"]);
    server.restart();
    assert_eq!(lines_and_answers(&server), lines, "a second life says the same");
    assert_eq!(seqs(&server.client_at("/ws?last=50").next("page")), [1, 5]);
    // More than the memory of the newest events holds: the first ones come from the store from now on.
    let mut carol = server.client();
    let text = "x".repeat(280);
    (0..4000).for_each(|_| carol.send(&json!({ "name": "carol", "cheep": text })));
    (0..4000).for_each(|_| drop(carol.next("ack")));
    assert_eq!(lines_and_answers(&server), lines, "the store says the same");
}

#[test]
fn a_request_over_http_that_comes_again_is_answered_as_before() {
    let (server, _alice) = server();
    let edit = || by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "another", "id": "e" }));
    let first = edit();
    assert_eq!((first.0, edit()), (200, first.clone()));
    let same_text = by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "another" }));
    assert_eq!(same_text, first, "nothing to change");
    let (status, error) = by_alice(&server, "PATCH", "/api/cheep/1", json!({ "cheep": "a third", "id": "e" }));
    assert_eq!((status, &error["code"]), (409, &json!("id_conflict")));
    let delete = || by_alice(&server, "DELETE", "/api/cheep/1", json!({}));
    let first = delete();
    assert_eq!((first.0, delete()), (200, first));
    assert_eq!(server.client().head(), 3);
    let (_, _, metrics) = curl(&server, "/metrics", &[]);
    for line in ["cheeper_edits_total 1", "cheeper_deletes_total 1", "cheeper_duplicates_total 3"] {
        assert!(metrics.lines().any(|shown| shown == line), "{line}: {metrics}");
    }
}

#[test]
fn what_may_not_be_changed_is_refused_with_a_status_of_its_own() {
    let (server, mut alice) = server();
    alice.ask(json!({ "type": "react", "target": 1, "emoji": "🎉" }));
    assert_eq!(alice.ask(json!({ "name": "bob", "cheep": "not claimed" }))["seq"], 3);
    alice.ask(json!({ "cheep": "to be deleted" }));
    alice.ask(json!({ "type": "delete", "target": 4 }));
    let told = |method: &str, path: &str, arguments: &[&str]| {
        let (status, error) = json_of(&server, path, &[&["-X", method], arguments].concat());
        assert!(error["message"].as_str().is_some_and(|sentence| sentence.ends_with('.')), "{error}");
        (status, error["code"].as_str().unwrap().to_owned(), error["field"].as_str().unwrap_or_default().to_owned())
    };
    let is = |status: u16, code: &str, field: &str| (status, code.to_owned(), field.to_owned());
    let bob = ["-d", "name=bob&cheep=mine"];
    let secret = format!("Cheeper-Secret: {SECRET}");
    let alice = ["-H", &secret, "-d", "name=alice&cheep=mine"];
    let react = |at: &str, emoji: &str| format!("/api/cheep/{at}/reactions/{emoji}");
    for (method, path, arguments, expected) in [
        ("PATCH", "/api/cheep/1", &bob[..], is(403, "forbidden", "target")),
        ("DELETE", "/api/cheep/1", &bob[..], is(403, "forbidden", "target")),
        ("PATCH", "/api/cheep/3", &bob[..], is(403, "forbidden", "target")),
        ("PATCH", "/api/cheep/1", &["-d", "name=alice&cheep=mine"], is(401, "name_taken", "name")),
        ("PATCH", "/api/cheep/99", &alice[..], is(404, "not_found", "target")),
        ("PATCH", "/api/cheep/2", &alice[..], is(404, "not_found", "target")),
        ("PATCH", "/api/cheep/0", &alice[..], is(404, "not_found", "target")),
        ("PATCH", "/api/cheep/4", &alice[..], is(410, "gone", "target")),
        ("PUT", &react("4", PARTY), &["-d", "name=bob"], is(410, "gone", "target")),
        ("PATCH", "/api/cheep/x", &alice[..], is(400, "bad_field", "target")),
        ("PATCH", "/api/cheep/1", &["-d", "name=alice&cheep="], is(400, "empty_cheep", "cheep")),
        ("PATCH", "/api/cheep/1", &["-d", "name=alice"], is(400, "bad_field", "cheep")),
        ("PATCH", "/api/cheep/1", &["-d", "name=alice&cheep=x&target=3"], is(400, "bad_field", "target")),
        ("PATCH", "/api/cheep/1", &["-d", "name=alice&cheep=x&type=delete"], is(400, "bad_field", "type")),
        ("PATCH", "/api/cheep/1", &["-d", "cheep=x"], is(400, "name_required", "name")),
        ("DELETE", "/api/cheep/1", &[], is(400, "name_required", "name")),
        ("DELETE", "/api/cheep/1?name=alice&secret=0123456789abcdef", &[], is(400, "bad_field", "secret")),
        ("PUT", &react("1", "x"), &["-d", "name=bob"], is(400, "bad_field", "emoji")),
        ("PUT", &react("1", "%FF"), &["-d", "name=bob"], is(400, "bad_field", "emoji")),
        ("PUT", &react("1", "%F0%9F%8E%89%F0%9F%8E%89"), &["-d", "name=bob"], is(400, "bad_field", "emoji")),
        ("PATCH", "/api/cheep/1", &["-H", "Content-Type: text/plain", "-d", "mine"], is(415, "bad_frame", "")),
    ] {
        assert_eq!(told(method, path, arguments), expected, "{method} {path} {arguments:?}");
    }
    let long = format!("name=alice&cheep={}", "x".repeat(20_000));
    assert_eq!(told("PATCH", "/api/cheep/1", &["-d", &long]).0, 413);
    let empty = server.begin("DELETE /api/cheep/1?name=bob HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert!(empty.starts_with("HTTP/1.1 403 "), "{empty}");
    assert_eq!(post(&server, r#"{"name":"bob","cheep":"still here"}"#, &[]).1["seq"], 6, "nothing was changed");
}

#[test]
fn over_the_socket_each_change_is_acked_after_its_event() {
    let (server, mut alice) = server();
    let mut bob = server.client();
    for (nth, (request, kind)) in [
        (json!({ "type": "edit", "target": 1, "cheep": "better" }), "edit"),
        (json!({ "type": "react", "target": 1, "emoji": "🎉" }), "reaction"),
        (json!({ "type": "react", "target": 1, "emoji": "🎉", "on": false }), "reaction"),
        (json!({ "type": "delete", "target": 1 }), "delete"),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, at) = (format!("change {nth}"), nth as u64 + 2);
        let request = {
            let mut request = request;
            request["id"] = json!(id);
            request
        };
        alice.send(&request);
        let event = alice.until(|frame| frame["type"] == kind || frame["type"] == "ack");
        assert_eq!((kind_and_seq(&event), &event["id"]), ((kind.to_owned(), at), &json!(id)));
        let ack = alice.next("ack");
        assert_eq!((&ack["id"], &ack["seq"], &ack["at"]), (&json!(id), &json!(at), &event["at"]));
        assert_eq!(bob.next(kind), event);
        alice.send(&request);
        let again = alice.next("ack");
        assert_eq!((&again["seq"], &again["duplicate"]), (&json!(at), &json!(true)), "{again}");
    }
    assert_eq!(bob.ask(json!({ "type": "edit", "target": 1, "cheep": "mine" }))["code"], "name_required");
}

#[test]
fn a_thread_is_the_same_over_the_socket_and_over_http() {
    let (server, mut alice) = server();
    for to in [1, 1, 2, 3] {
        alice.ask(json!({ "name": "bob", "cheep": "an answer", "reply_to": to }));
    }
    alice.ask(json!({ "type": "react", "target": 4, "emoji": "🎉" }));
    alice.ask(json!({ "cheep": "something else" }));
    for (query, request, found) in [
        ("seq=1", json!({ "type": "thread", "seq": 1, "id": "t" }), vec![1, 2, 3, 4, 5]),
        ("seq=2", json!({ "type": "thread", "seq": 2, "id": "t" }), vec![1, 2, 4]),
        ("seq=1&after=3", json!({ "type": "thread", "seq": 1, "after": 3, "id": "t" }), vec![4, 5]),
    ] {
        let (status, page) = json_of(&server, &format!("/api/thread?{query}"), &[]);
        assert_eq!((status, seqs(&page)), (200, found), "{query}");
        let mut of_socket = alice.ask(request);
        assert_eq!(of_socket.as_object_mut().unwrap().remove("id"), Some(json!("t")));
        assert_eq!(of_socket, page, "{query}");
    }
    for seq in [0, 6, 99] {
        let (status, error) = json_of(&server, &format!("/api/thread?seq={seq}"), &[]);
        assert_eq!((status, &error["code"]), (404, &json!("not_found")), "{seq}");
    }
    let (status, error) = json_of(&server, "/api/thread", &[]);
    assert_eq!((status, &error["code"], &error["field"]), (400, &json!("bad_field"), &json!("seq")));
}

#[test]
fn a_search_is_the_same_over_the_socket_and_over_http() {
    let (server, mut alice) = server();
    for text in ["un café noir", "nothing", "cafe\u{301} au lait", "a CAFÉ"] {
        alice.ask(json!({ "cheep": text }));
    }
    let search = |query: &str| {
        let (status, page) = json_of(&server, &format!("/api/search?{query}"), &[]);
        assert_eq!(status, 200, "{query}: {page}");
        page
    };
    // The index follows a moment later, and says how far it is.
    while search("q=caf%C3%A9")["to"] != 5 {}
    for (query, mut request, found, more) in [
        ("q=caf%C3%A9", json!({ "q": "café" }), vec![2, 4, 5], false),
        ("q=caf%C3%A9&limit=2", json!({ "q": "café", "limit": 2 }), vec![4, 5], true),
        ("q=caf%C3%A9&limit=2&before=4", json!({ "q": "café", "limit": 2, "before": 4 }), vec![2], false),
        ("q=caf%C3%A9+from:alice+lait", json!({ "q": "café from:alice lait" }), vec![4], false),
        ("q=tea", json!({ "q": "tea" }), vec![], false),
    ] {
        let page = search(query);
        assert_eq!((seqs(&page), &page["more"]), (found, &json!(more)), "{query}");
        request["type"] = json!("search");
        let mut of_socket = alice.ask(request);
        of_socket.as_object_mut().unwrap().remove("id");
        assert_eq!(of_socket, page, "{query}");
    }
    for (query, field) in
        [("", "q"), ("q=", "q"), ("q=%FF", "q"), ("q=tea&limit=0", "limit"), ("q=tea&before=x", "before")]
    {
        let (status, error) = json_of(&server, &format!("/api/search?{query}"), &[]);
        assert_eq!((status, &error["code"], &error["field"]), (400, &json!("bad_field"), &json!(field)), "{query}");
    }
}
