//! A server that keeps the newest cheeps alone: how its readers learn of it, and that nobody is misled.

mod support;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Client, Follower, PATIENCE, Server, curl::curl, seqs};

/// Cheeps before any goes, and how many are kept.
const CHEEPS: u64 = 300;
const KEPT: u64 = 50;

fn history(client: &mut Client, fields: &Value) -> Value {
    let mut request = json!({ "type": "history" });
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    client.ask(request)
}

/// A server of which the oldest are gone, and its floor. The newest few are changes of what is gone.
fn cut(data: &Path) -> (Server, u64) {
    let mut server = Server::on(data, &["--post-rate", "0"]);
    let mut client = server.client();
    client.post_many("alice", usize::try_from(CHEEPS - 1).unwrap());
    client.ask(json!({ "type": "post", "name": "bob", "cheep": "to what goes", "reply_to": 7 }));
    for target in [7, 200, CHEEPS] {
        client.ask(json!({ "type": "react", "name": "bob", "target": target, "emoji": "🎉" }));
    }
    server.signal("TERM");
    assert!(server.ended().success());
    let server = Server::on(data, &["--post-rate", "0", "--keep-cheeps", &KEPT.to_string()]);
    let mut client = server.client();
    let (floor, began) = (CHEEPS - KEPT + 1, Instant::now());
    while history(&mut client, &json!({ "limit": 1 }))["floor"] != floor {
        assert!(began.elapsed() < PATIENCE, "it is waited for in vain");
        // What is waited for lets all others go first.
        thread::sleep(Duration::from_millis(20));
    }
    (server, floor)
}

#[test]
fn pages_begin_at_the_floor_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (server, floor) = cut(&folder.path().join("cheeper.db"));
    let mut client = server.client();
    let head = client.head();
    let page = history(&mut client, &json!({ "after": 10, "limit": 20 }));
    assert_eq!(seqs(&page), (floor..floor + 20).collect::<Vec<_>>());
    assert_eq!(
        (&page["from"], &page["floor"], &page["missing"], &page["more"]),
        (&json!(floor), &json!(floor), &json!(true), &json!(true))
    );
    let page = history(&mut client, &json!({ "after": floor - 1 }));
    assert_eq!(
        (&page["from"], &page["floor"], page.get("missing")),
        (&json!(floor), &json!(floor), None),
        "nothing is missing"
    );
    let page = history(&mut client, &json!({ "limit": 200 }));
    assert_eq!((seqs(&page).len() as u64, &page["from"], &page["more"]), (KEPT, &json!(floor), &json!(false)));
    let page = history(&mut client, &json!({ "before": 20 }));
    assert_eq!(
        (seqs(&page).len(), &page["from"], &page["to"], &page["more"]),
        (0, &json!(floor), &json!(floor - 1), &json!(false))
    );
    let page = history(&mut client, &json!({ "around": 20, "limit": 10 }));
    assert_eq!((seqs(&page), &page["more"]), ((floor..floor + 10).collect(), &json!(true)));
    // Of changes of what is gone only the place is left.
    let page = history(&mut client, &json!({ "after": CHEEPS }));
    let kinds: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((kinds.as_slice(), head), (&["void", "void", "reaction"][..], CHEEPS + 3));

    assert_eq!(client.ask(json!({ "type": "thread", "seq": 7 }))["code"], "not_found");
    assert_eq!(seqs(&client.ask(json!({ "type": "thread", "seq": CHEEPS }))), [CHEEPS]);
    let answer = client.ask(json!({ "type": "post", "name": "eve", "cheep": "too late", "reply_to": 7 }));
    assert_eq!(answer["code"], "bad_reply");
    assert_eq!(client.post("eve", "goes on"), head + 1);
}

#[test]
fn whoever_comes_back_from_below_the_floor_ends_with_what_everybody_sees() {
    let folder = tempfile::tempdir().unwrap();
    let (server, floor) = cut(&folder.path().join("cheeper.db"));
    let page = server.client_at("/ws?after=10").next("page");
    assert_eq!((&page["missing"], &page["floor"], &page["from"]), (&json!(true), &json!(floor), &json!(floor)));
    let head = server.client().post("eve", "one more");
    let mut fresh = Follower::after(server.address, floor - 1);
    fresh.until(head);
    let mut behind = Follower::after(server.address, 10);
    behind.until(head);
    assert_eq!(behind.screen(), fresh.screen());
    assert_eq!(fresh.screen().len() as u64, KEPT + 1);
}

#[test]
fn over_http_a_cursor_below_the_floor_is_told_that_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (server, floor) = cut(&folder.path().join("cheeper.db"));
    for header in ["Accept: text/event-stream", "Accept: */*"] {
        let (status, _, body) = curl(&server, "/api/cheeps?follow=1&after=10", &["-H", header]);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["code"], &body["field"]), (410, &json!("gone"), &json!("after")));
        assert!(body["message"].as_str().unwrap().contains(&format!("after={}", floor - 1)), "{body}");
    }
    let (status, _, body) = curl(&server, "/api/cheeps?after=10&limit=5", &[]);
    let page: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &page["missing"], &page["floor"]), (200, &json!(true), &json!(floor)));
    let mut lines = support::curl::Follower::start(&server, &format!("&after={}", floor - 1), &[]);
    let first: Value = serde_json::from_str(&lines.next(|_| true)).unwrap();
    assert_eq!(first["seq"], json!(floor));
}
