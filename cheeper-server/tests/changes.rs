//! Cheeps that are corrected, taken back and reacted to: everybody sees the same, through kills as well, and what was taken
//! back is nowhere any more.

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Client, PATIENCE, Server};

const SECRET: &str = "alice's own secret";
/// Words that stand in no other text: as it was posted, and as it was corrected.
const FIRST: &str = "quagmire";
const SECOND: &str = "zeppelin";

/// Alice under her claimed name.
fn alice(server: &Server) -> Client {
    let mut alice = server.client();
    let hello = alice.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }));
    assert_eq!(hello["claimed"], true, "{hello}");
    alice
}

fn acked(client: &mut Client, request: Value) -> u64 {
    let ack = client.ask(request);
    assert_eq!(ack["type"], "ack", "{ack}");
    ack["seq"].as_u64().unwrap()
}

/// A cheep as it is now.
fn cheep(server: &Server, seq: u64) -> Value {
    let page = server.client().ask(json!({ "type": "history", "around": seq, "limit": 1 }));
    page["events"][0].clone()
}

/// An answer over HTTP: everything that comes until the server has said `last`, or is silent for good.
fn http(server: &Server, request: &str, last: &str) -> String {
    let mut stream = server.tcp();
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        if read == 0 || text.contains(last) {
            return text.into_owned();
        }
    }
}

fn get(server: &Server, path: &str, header: &str, last: &str) -> String {
    http(server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n"), last)
}

/// Everything that anybody can get out of a server whose newest event is `head`, in one text each.
fn all_answers(server: &Server, target: u64, head: u64) -> Vec<String> {
    let requests = [
        json!({ "type": "history" }),
        json!({ "type": "history", "limit": 200 }),
        json!({ "type": "history", "after": 0, "limit": 200 }),
        json!({ "type": "history", "after": target - 1, "limit": 1 }),
        json!({ "type": "history", "before": target + 1 }),
        json!({ "type": "history", "around": target, "limit": 3 }),
        json!({ "type": "thread", "seq": target }),
        json!({ "type": "thread", "seq": target - 1 }),
        json!({ "type": "thread", "seq": target + 1 }),
        json!({ "type": "search", "q": FIRST }),
        json!({ "type": "search", "q": SECOND }),
        json!({ "type": "search", "q": "from:alice" }),
    ];
    let mut client = server.client();
    let mut answers: Vec<String> = requests.into_iter().map(|request| client.ask(request).to_string()).collect();
    for path in ["/ws?last=200", "/ws?after=0"] {
        let mut client = server.client_at(path);
        // All that comes of itself comes before the answer to this.
        client.send(&json!({ "type": "ping", "id": "all" }));
        let mut said = String::new();
        while !said.contains(r#""type":"pong""#) {
            said += &client.try_text().unwrap();
        }
        assert!(said.contains(&format!(r#""seq":{target},"#)), "{path}: {said}");
        answers.push(said);
    }
    let last = format!(r#""seq":{head},"#);
    let end = "\n";
    for (path, header, last) in [
        ("/api/cheeps?limit=200".to_owned(), "", end),
        ("/api/cheeps?after=0&limit=200".to_owned(), "", end),
        (format!("/api/cheeps?around={target}"), "", end),
        (format!("/api/thread?seq={target}"), "", end),
        (format!("/api/search?q={FIRST}"), "", end),
        ("/api/cheeps?follow=1&after=0".to_owned(), "", last.as_str()),
        ("/api/cheeps?follow=1&after=0".to_owned(), "Accept: text/event-stream\r\n", last.as_str()),
    ] {
        let header = if last == end { "Connection: close\r\n" } else { header };
        let last = if last == end { "\u{0}" } else { last };
        let answer = get(server, &path, header, last);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        answers.push(answer);
    }
    answers
}

fn has_words(bytes: &[u8]) -> bool {
    [FIRST, SECOND].iter().any(|word| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
}

/// The files of the store that have a word of the deleted text in them.
fn files_with_words(server: &Server) -> Vec<String> {
    let files = fs::read_dir(server.data.parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    let read = |path: &std::path::PathBuf| fs::read(path).unwrap_or_default();
    files.filter(|path| has_words(&read(path))).map(|path| path.display().to_string()).collect()
}

/// The store forgets what was deleted within moments: its log is carried over, and the index of the search follows.
fn is_forgotten_by_the_files(server: &Server) {
    let began = Instant::now();
    loop {
        let files = files_with_words(server);
        if files.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the text is still in {files:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_deleted_is_in_no_answer_and_in_no_file() {
    let mut server = Server::start();
    let mut author = alice(&server);
    server.client().post("bob", "what shall we talk about?");
    let post = json!({ "cheep": format!("the {FIRST} of life"), "reply_to": 1, "id": "post" });
    let target = acked(&mut author, post.clone());
    server.client().post("carol", "say that again?");
    assert_eq!(acked(&mut server.client(), json!({ "name": "bob", "cheep": "indeed", "reply_to": target })), 4);
    acked(&mut author, json!({ "type": "edit", "target": target, "cheep": format!("the {SECOND} of life") }));
    acked(&mut server.client(), json!({ "type": "react", "name": "dora", "target": target, "emoji": "🎉" }));
    assert!(
        all_answers(&server, target, 6).iter().any(|answer| has_words(answer.as_bytes())),
        "it is there to be lost"
    );
    assert!(!files_with_words(&server).is_empty());

    let deleted = acked(&mut author, json!({ "type": "delete", "target": target }));
    assert_eq!(deleted, 7);
    for again in [false, true] {
        for answer in all_answers(&server, target, 7) {
            assert!(!has_words(answer.as_bytes()), "{answer}");
            assert!(!answer.contains("🎉"), "{answer}");
        }
        let left = cheep(&server, target);
        assert_eq!(
            (&left["cheep"], &left["deleted"], &left["rev"]),
            (&json!(""), &json!("author"), &json!(7)),
            "{left}"
        );
        assert_eq!(left["replies"], 1, "{left}");
        assert_eq!(cheep(&server, 1)["replies"], Value::Null, "an answer that is deleted does not stand");
        let mut author = alice(&server);
        let refused = author.ask(json!({ "type": "edit", "target": target, "cheep": "back again" }));
        assert_eq!(refused["code"], "gone", "{refused}");
        let same = author.ask(post.clone());
        assert_eq!((&same["seq"], &same["duplicate"]), (&json!(target), &json!(true)), "{same}");
        is_forgotten_by_the_files(&server);
        if !again {
            server.kill();
            server.restart();
        }
    }
}

#[test]
fn one_that_was_away_through_a_kill_sees_what_all_others_see() {
    let mut server = Server::start();
    let mut author = alice(&server);
    let mut watcher = server.client();
    let first = acked(&mut author, json!({ "cheep": "helo" }));
    let second = acked(&mut author, json!({ "cheep": "this was a mistake" }));
    let mut away = support::Follower::after(server.address, 0);
    away.until(second);

    acked(&mut author, json!({ "type": "edit", "target": first, "cheep": "hello", "id": "edit" }));
    assert_eq!(watcher.next("edit")["cheep"], "hello");
    acked(&mut author, json!({ "type": "delete", "target": second, "id": "delete" }));
    assert_eq!(watcher.next("delete")["target"], second);
    // What was acked before a kill is there after it, and not done twice.
    server.kill();
    server.restart();
    let mut author = alice(&server);
    for request in [
        json!({ "type": "edit", "target": first, "cheep": "hello", "id": "edit" }),
        json!({ "type": "delete", "target": second, "id": "delete" }),
    ] {
        let again = author.ask(request);
        assert_eq!((&again["type"], &again["duplicate"]), (&json!("ack"), &json!(true)), "{again}");
    }
    let mut watcher = server.client();
    let last = acked(&mut server.client(), json!({ "type": "react", "name": "bob", "target": first, "emoji": "♥" }));
    let reaction = watcher.next("reaction");
    assert_eq!((&reaction["emoji"], &reaction["count"]), (&json!("♥️"), &json!(1)), "{reaction}");

    away.address = server.address;
    let seen = cheeps_of(away.until(last));
    let page = server.client().ask(json!({ "type": "history", "limit": 200 }));
    assert_eq!(Value::from(seen), page["events"]);
}

/// The cheeps that events come to, as a client has them.
fn cheeps_of(events: &[cheeper_protocol::Event]) -> Vec<Value> {
    let mut cheeps: Vec<cheeper_protocol::Cheep> = Vec::new();
    for event in events {
        for cheep in &mut cheeps {
            cheep.apply(event);
        }
        cheeps.extend(event.as_cheep().cloned());
    }
    cheeps.into_iter().map(|cheep| json!(cheeper_protocol::Event::Cheep(cheep))).collect()
}
