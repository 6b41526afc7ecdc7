//! What hosts do from scripts and at a terminal, with a server that answers as the protocol says.

use std::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::{
    client::Client,
    pipes::{Person, at},
};

const TOKEN: &str = "j_8cZ0u3m5Q1xkq2Yw7b9aTg";
const AT: &str = "2026-11-23T12:08:00.000Z";

/// Welcomes everybody as a host, and tells what each asks for.
fn host_server() -> (u16, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            // Who hangs up in the middle is no failure of the test.
            thread::spawn(move || drop(talk(stream, &tell)));
        }
    });
    (port, told)
}

fn talk(stream: TcpStream, tell: &Sender<Value>) -> Result<(), tungstenite::Error> {
    let mut socket = tungstenite::accept(stream).map_err(|_| tungstenite::Error::ConnectionClosed)?;
    let limits = json!({ "cheep_chars": 280, "name_chars": 32, "frame_bytes": 16384, "page": 200, "who": 1000, "posts_per_minute": 0 });
    let welcome = json!({ "type": "welcome", "protocol": 1, "server": "t", "timeline": "t", "head": 1, "online": 1,
        "role": "host", "limits": limits });
    socket.send(Message::text(welcome.to_string()))?;
    loop {
        let Message::Text(text) = socket.read()? else { continue };
        let asked: Value = serde_json::from_str(&text).unwrap();
        let kind = asked["type"].as_str().unwrap_or_default().to_owned();
        if !matches!(kind.as_str(), "history" | "hello" | "ping") {
            tell.send(asked.clone()).unwrap();
        }
        if asked["note"] == "lose it" {
            return Ok(());
        }
        let mut answer = answer(&kind, &asked);
        answer["id"] = asked["id"].clone();
        socket.send(Message::text(answer.to_string()))?;
    }
}

fn answer(kind: &str, asked: &Value) -> Value {
    let one = |entry: Value| json!({ "type": "audit", "entries": [entry] });
    match kind {
        "history" => json!({ "type": "page", "from": 1, "to": 1, "head": 1, "more": false, "events": [
            { "type": "cheep", "seq": 1, "at": AT, "name": "eve", "cheep": "buy this", "verified": true }] }),
        "hello" => json!({ "type": "hello", "name": asked["name"], "claimed": true }),
        "delete" => json!({ "type": "ack", "seq": 2, "at": AT }),
        "mute" if asked["target"] == 99 => {
            json!({ "type": "error", "code": "not_found", "message": "There is no such cheep.", "retryable": false })
        }
        "mute" if asked["target"].is_null() => {
            one(json!({ "entry": 9, "at": AT, "by": 2, "action": "mute", "name": asked["name"] }))
        }
        "mute" => one(json!({ "entry": 9, "at": AT, "by": 2, "action": "mute", "target": asked["target"] })),
        "release" => one(json!({ "entry": 9, "at": AT, "by": 2, "action": "release", "name": asked["name"] })),
        "undo" => one(json!({ "entry": 9, "at": AT, "by": 2, "action": "undo", "undoes": asked["entry"] })),
        "link" => json!({ "type": "link", "token": TOKEN,
            "made": { "entry": 9, "at": AT, "by": 2, "action": "link", "link": 5, "role": asked["role"] } }),
        // Three joins, two at a time.
        "audit" => {
            let join = |entry: u64| json!({ "entry": entry, "at": AT, "action": "join", "link": 2 });
            let before = asked["before"].as_u64().unwrap_or(4);
            let entries: Vec<Value> = (1..before).rev().take(2).map(join).collect();
            json!({ "type": "audit", "entries": entries, "more": before > 3 })
        }
        _ => json!({ "type": "pong", "head": 1 }),
    }
}

#[test]
fn a_script_keeps_order() {
    let folder = TempDir::new().unwrap();
    let (port, told) = host_server();
    let host = Person::new(folder.path(), &at(port));
    for (arguments, asked, printed) in [
        (
            &["mute", "eve", "--for", "1h"][..],
            json!({ "type": "mute", "name": "eve", "for_ms": 3_600_000 }),
            "eve muted for good, by host link 2",
        ),
        (
            &["mute", "--author-of", "1"],
            json!({ "type": "mute", "target": 1 }),
            "the author of cheep 1 muted for good, by host link 2",
        ),
        (&["release", "eve"], json!({ "type": "release", "name": "eve" }), "the name eve released, by host link 2"),
        (&["undo", "7"], json!({ "type": "undo", "entry": 7 }), "7 undone, by host link 2"),
        (&["delete", "1"], json!({ "type": "delete", "target": 1 }), ""),
    ] {
        let (code, out, said) = host.run(arguments, "");
        assert_eq!((code, said.as_str()), (Some(0), ""), "{arguments:?}");
        assert_eq!(out.trim_end().rsplit("  ").next(), Some(printed), "{arguments:?}");
        let mut heard = told.recv().unwrap();
        heard.as_object_mut().unwrap().remove("id");
        assert_eq!(heard, asked);
    }
    let (code, out, _) = host.run(&["mute", "eve", "--json"], "");
    let entry: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &entry["action"], &entry["name"]), (Some(0), &json!("mute"), &json!("eve")));
    let (code, out, said) = host.run(&["mute", "--author-of", "99"], "");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(said, "cheeper-tui: There is no such cheep.\n");
    for nonsense in
        [&["mute"][..], &["mute", "eve", "--author-of", "1"], &["mute", "eve", "--for", "soon"], &["undo", "0"]]
    {
        assert_eq!(host.run(nonsense, "").0, Some(2), "{nonsense:?}");
    }
}

#[test]
fn a_script_reads_the_audit_the_newest_at_the_end() {
    let folder = TempDir::new().unwrap();
    let (port, _told) = host_server();
    let host = Person::new(folder.path(), &at(port));
    let numbers = |arguments: &[&str]| -> Vec<String> {
        let (code, out, said) = host.run(&[&["audit"], arguments].concat(), "");
        assert_eq!((code, said.as_str()), (Some(0), ""));
        out.lines().map(|line| line.split("  ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(numbers(&[]), ["1", "2", "3"]);
    assert_eq!(numbers(&["--last", "1"]), ["3"]);
    assert_eq!(numbers(&["--before", "3"]), ["1", "2"]);
    let (_, out, _) = host.run(&["audit", "--json"], "");
    assert!(
        out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|entry| entry["action"] == "join")),
        "{out}"
    );
}

#[test]
fn a_script_makes_a_link_and_does_not_make_two() {
    let folder = TempDir::new().unwrap();
    let (port, told) = host_server();
    let host = Person::new(folder.path(), &format!("http://127.0.0.1:{port}/team/"));
    let (code, out, said) = host.run(&["link", "--role", "host", "--ends", "8h", "--note", "class 4b"], "");
    assert_eq!((code, out), (Some(0), format!("http://127.0.0.1:{port}/team/#join={TOKEN}\n")));
    assert!(said.contains("link 5 made, for a host") && !said.contains(TOKEN), "{said}");
    let asked = told.recv().unwrap();
    assert_eq!(
        (&asked["role"], &asked["for_ms"], &asked["note"]),
        (&json!("host"), &json!(28_800_000), &json!("class 4b"))
    );
    let (_, out, _) = host.run(&["link", "--qr"], "");
    assert!(out.lines().count() > 15 && out.contains('▄'), "{out}");
    let (_, out, _) = host.run(&["link", "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["token"], TOKEN);
    told.try_iter().for_each(drop);
    let (code, out, said) = host.run(&["link", "--note", "lose it"], "");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("look with cheeper-tui audit whether it is done"), "{said}");
    assert_eq!(told.try_iter().count(), 1, "nobody knows whether it was made, and it is not made twice");
}

#[test]
fn a_host_at_a_terminal_makes_a_link_and_mutes() {
    let folder = TempDir::new().unwrap();
    let (port, told) = host_server();
    let mut alice = Client::start(folder.path(), "alice", port);
    alice.shows("buy this");
    alice.shows("you are a host");
    alice.types("\u{1b}[1;3A");
    alice.shows("m M mute");
    alice.types("mh");
    alice.shows("Done: eve muted");
    assert_eq!(told.recv().unwrap()["for_ms"], 3_600_000);
    alice.types("\u{1b}");
    alice.shows("Enter send");
    alice.types("\u{1b}a");
    alice.shows("somebody came in by link 2");
    alice.types("\u{1b}l8h\r");
    alice.shows(&format!("#join={TOKEN}"));
    alice.types("\u{1b}");
    alice.until("the timeline is back", |screen| screen.contains("buy this") && !screen.contains(TOKEN));
    alice.types("\u{3}");
    assert_eq!(alice.ends().0, 0);
}
