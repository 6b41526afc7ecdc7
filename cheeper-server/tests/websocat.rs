//! The smoke test with a client that none of us wrote.

mod support;

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use support::{Server, seqs};

fn smoke() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/websocat_smoke.sh"))
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}

#[test]
fn websocat_gets_along_with_a_server_of_its_own() {
    passes(smoke().env("SERVER_BIN", env!("CARGO_BIN_EXE_cheeper-server")));
}

#[test]
fn websocat_gets_along_with_a_running_server_again_and_again() {
    let server = Server::start();
    for _ in 0..2 {
        passes(smoke().arg(format!("ws://{}/ws", server.address)));
    }
}

#[test]
fn the_session_in_the_document_goes_as_it_says() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md")).unwrap();
    let section = text.split("\n## A session with websocat\n").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let server = Server::start();
    let here = script.replace("localhost:5000", &server.address.to_string());
    assert_ne!(here, script);
    let output = Command::new("timeout").args(["60", "sh", "-euc", &here]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let frames: Vec<Value> =
        output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(frames.iter().filter(|frame| frame["type"] == "welcome").count(), 13);

    let answers = |id: &str| -> Vec<&Value> {
        let is_event =
            |frame: &Value| ["cheep", "edit", "delete", "reaction"].iter().any(|kind| frame["type"] == *kind);
        frames.iter().filter(|frame| !is_event(frame) && frame["id"] == id).collect()
    };
    let [first, again] = answers("hello-1")[..] else { panic!("{frames:?}") };
    assert_eq!((&first["type"], &first["seq"], &first["duplicate"]), (&json!("ack"), &json!(1), &Value::Null));
    assert_eq!((&again["type"], &again["seq"], &again["duplicate"]), (&json!("ack"), &json!(1), &json!(true)));
    for (id, kind) in [("1", "hello"), ("hi-1", "ack"), ("3", "pong"), ("newest", "page"), ("oops", "error")] {
        let [answer] = answers(id)[..] else { panic!("{id}: {frames:?}") };
        assert_eq!(answer["type"], kind, "{answer}");
    }
    assert_eq!(seqs(answers("newest")[0]), [1, 2]);
    assert_eq!(answers("oops")[0]["code"], "unknown_type");

    for (id, seq) in [("carol-1", 3), ("edit-1", 4), ("react-1", 5), ("reply-1", 6), ("delete-1", 7)] {
        let [ack] = answers(id)[..] else { panic!("{id}: {frames:?}") };
        assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(seq)), "{ack}");
    }
    let thread = answers("thread")[0];
    assert_eq!(seqs(thread), [3, 6]);
    let corrected = &thread["events"][0];
    assert_eq!((&corrected["cheep"], &corrected["replies"]), (&json!("hello, bob"), &json!(1)), "{corrected}");
    assert_eq!(corrected["reactions"], json!([{ "emoji": "♥️", "count": 1, "names": ["bob"] }]), "{corrected}");
    assert_eq!(answers("found")[0]["type"], "page");
    let gone = &answers("gone")[0]["events"][0];
    assert_eq!((&gone["cheep"], &gone["deleted"], &gone["rev"]), (&json!(""), &json!("author"), &json!(7)), "{gone}");
}
