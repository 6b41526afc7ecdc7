//! A server that says whatever it likes: nothing of it reaches the terminal as a control sequence.

use std::{net::TcpListener, thread};

use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{Message, accept};

use crate::client::Client;

const HOSTILE: &str =
    "\u{1b}]0;pwned\u{7}\u{1b}[31mred\u{1b}[?1049l\u{9b}2J\u{1b}]52;c;cHduZWQ=\u{7}\u{202e}desrever\u{7f}\u{8}";

#[test]
fn nothing_a_stranger_typed_is_a_control_sequence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut socket = accept(listener.accept().unwrap().0).unwrap();
        let mut say = |frame: serde_json::Value| socket.send(Message::text(frame.to_string())).unwrap();
        let limits = serde_json::json!({ "cheep_chars": 280, "name_chars": 32, "frame_bytes": 16384, "page": 200, "who": 1000,
            "posts_per_minute": 60 });
        say(serde_json::json!({ "type": "welcome", "protocol": 1, "server": HOSTILE, "timeline": HOSTILE, "head": 0,
            "online": 1, "limits": limits }));
        say(serde_json::json!({ "type": "hello", "id": "hello", "name": "alice", "claimed": true }));
        say(
            serde_json::json!({ "type": "page", "id": "gap", "events": [], "from": 1, "to": 0, "head": 0, "more": false }),
        );
        let cheep = |seq: u64, name: &str, text: &str| serde_json::json!({ "type": "cheep", "seq": seq, "at": "2026-11-23T12:00:00.000Z", "name": name, "cheep": text });
        // Not JSON, not a frame, a name that is none.
        say(serde_json::json!("nonsense"));
        say(cheep(1, HOSTILE, "by nobody"));
        say(cheep(1, "mallory", &format!("{HOSTILE} @alice")));
        say(
            serde_json::json!({ "type": "error", "id": "hello", "code": "name_taken", "message": HOSTILE, "retryable": false }),
        );
        let change = |seq: u64, kind: &str, more: serde_json::Value| {
            let mut json =
                serde_json::json!({ "type": kind, "seq": seq, "at": "2026-11-23T12:00:00.000Z", "target": 1 });
            json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json
        };
        say(change(2, "edit", serde_json::json!({ "cheep": format!("{HOSTILE} @alice") })));
        // A name and an emoji that are none, and those that are.
        for (name, emoji) in [(HOSTILE, "🎉"), ("mallory", HOSTILE), ("mallory", "👩‍👩‍👧")] {
            say(change(3, "reaction", serde_json::json!({ "name": name, "emoji": emoji, "on": true, "count": 1 })));
        }
        say(cheep(4, "mallory", "the end"));
        while socket.read().is_ok() {}
    });
    let folder = TempDir::new().unwrap();
    let mut alice = Client::start_with(folder.path(), "alice", port, &["--notify", "osc9"], &[]);
    alice.shows("the end");
    alice.shows("(edited)");
    let printed = String::from_utf8_lossy(&alice.raw).into_owned();
    assert!(printed.contains("]0;pwned"), "what is left of it is drawn as text");
    for escape in
        ["\u{1b}]0;pwned", "\u{1b}[31mred", "\u{1b}[?1049l", "\u{9b}", "\u{1b}]52", "\u{202e}", "\u{7f}", "\u{8}"]
    {
        assert!(!printed.contains(escape), "{escape:?} was printed");
    }
    let titles: Vec<&str> = printed.split("\u{1b}]0;").skip(1).collect();
    assert!(!titles.is_empty() && titles.iter().all(|title| title.contains("cheeper 127.0.0.1:")), "{titles:?}");
}
