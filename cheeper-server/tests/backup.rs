//! What a host does against the day when the disk is gone, with the commands themselves: copies, and what is made of them.

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use serde_json::{Value, json};
use support::{Client, Server, refused_in_a_sentence, seqs};
use tempfile::TempDir;

const SECRET: &str = "correct horse battery staple";

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("cheeper.db"), folder.path().join("copy.db"));
    (folder, data, copy)
}

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
    command.args(arguments).arg("--data").arg(data);
    command
}

fn run(arguments: &[&str], data: &Path) -> String {
    let Output { status, stdout, stderr } = command(arguments, data).output().unwrap();
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn stop(mut server: Server) {
    server.signal("TERM");
    assert!(server.ended().success());
}

fn start(data: &Path) -> Server {
    Server::on(data, &["--post-rate", "0"])
}

/// Everything, as somebody gets it who has nothing.
fn all(client: &mut Client) -> Vec<Value> {
    let (mut events, mut after, head) = (Vec::new(), 0, client.head());
    while after < head {
        let page = client.ask(json!({ "type": "history", "after": after, "limit": 200 }));
        after = page["to"].as_u64().unwrap();
        events.extend(page["events"].as_array().unwrap().iter().cloned());
    }
    events
}

/// The drill that `docs/OPERATING.md` describes: a busy server, a backup, the machine is gone, the backup is put back elsewhere.
#[test]
fn after_a_restore_all_is_there_that_was_acked_before_the_backup_and_clients_start_afresh() {
    let (_folder, data, copy) = folder();
    let mut server = start(&data);
    let old = server.client().welcome["timeline"].clone();
    let mut holder = server.client();
    assert_eq!(holder.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }))["claimed"], true);
    holder.post("alice", "before all");
    let (acked, stopping) = (AtomicU64::new(0), AtomicBool::new(false));
    let before = thread::scope(|scope| {
        for author in 0..4 {
            let (acked, stopping, mut client) = (&acked, &stopping, server.client());
            scope.spawn(move || {
                for nth in 0.. {
                    if stopping.load(Ordering::Relaxed) {
                        break;
                    }
                    acked
                        .fetch_max(client.post(&format!("author {author}"), &format!("cheep {nth}")), Ordering::SeqCst);
                }
            });
        }
        while acked.load(Ordering::SeqCst) < 200 {
            thread::yield_now();
        }
        let before = acked.load(Ordering::SeqCst);
        let said = run(&["backup", path(&copy)], &data);
        assert!(said.starts_with("the timeline up to "), "{said}");
        while acked.load(Ordering::SeqCst) < before + 400 {
            thread::yield_now();
        }
        stopping.store(true, Ordering::Relaxed);
        before
    });
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let cursor = server.client().head();
    refused_in_a_sentence(&mut command(&["restore", path(&copy)], &data), "another server uses the store");
    let shown = all(&mut server.client());
    server.kill();

    let said = run(&["restore", path(&copy)], &data);
    assert!(said.contains("what was there is in "), "{said}");
    let server = start(&data);
    let mut client = server.client();
    let (id, head) = (client.welcome["timeline"].clone(), client.head());
    assert!((before..cursor).contains(&head), "{before} {head} {cursor}");
    assert_ne!(id, old);
    assert_eq!(all(&mut client)[..], shown[..usize::try_from(head).unwrap()]);
    // Who knows the timeline that was is told to drop what they have, however far they had got.
    for after in [1, cursor] {
        let page = server.client_at(&format!("/ws?after={after}&timeline={}", old.as_str().unwrap())).next("page");
        assert_eq!((&page["reset"], &page["head"]), (&json!(true), &json!(head)), "{page}");
    }
    assert_eq!(client.ask(json!({ "type": "hello", "name": "alice" }))["code"], "name_taken");
    assert_eq!(client.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }))["claimed"], true);
    assert_eq!(client.post("alice", "goes on"), head + 1);
    stop(server);
    assert!(run(&["check"], &data).ends_with("is sound.\n"));
}

#[test]
fn a_timeline_that_was_exported_is_the_same_once_it_is_imported() {
    let (folder, data, copy) = folder();
    let server = start(&data);
    let mut client = server.client();
    client.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }));
    client.post("alice", "helo");
    client.post("bob", "what is that?");
    client.ask(json!({ "type": "post", "name": "bob", "cheep": "ah", "reply_to": 1 }));
    client.ask(json!({ "type": "edit", "target": 1, "cheep": "hello" }));
    client.ask(json!({ "type": "react", "name": "bob", "target": 1, "emoji": "🎉" }));
    client.ask(json!({ "type": "post", "name": "alice", "cheep": "a secret of mine" }));
    client.ask(json!({ "type": "delete", "target": 6 }));
    let shown = all(&mut server.client());

    let (cheeps, events) = (run(&["export"], &data), run(&["export", "--events", "-"], &data));
    assert_eq!((cheeps.lines().count(), events.lines().count()), (1 + 3, 1 + 7));
    let lines: Vec<Value> = events.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, shown, "they are what clients get");
    assert!(![&cheeps, &events].iter().any(|text| text.contains(SECRET) || text.contains("a secret of mine")));
    let file = folder.path().join("events.jsonl");
    run(&["export", "--events", path(&file)], &data);
    assert_eq!(fs::read_to_string(&file).unwrap(), events);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    refused_in_a_sentence(&mut command(&["export", path(&file)], &data), "there is a file");
    refused_in_a_sentence(&mut command(&["import", path(&file)], &data), "another server uses the store");
    stop(server);
    refused_in_a_sentence(&mut command(&["import", path(&file)], &data), "already");

    run(&["import", path(&file)], &copy);
    let server = start(&copy);
    assert_eq!(all(&mut server.client()), shown);
    stop(server);
    // From a pipe as well, and whole or not at all.
    let piped = folder.path().join("piped.db");
    for (lines, is_whole) in [(events.lines().count() - 1, false), (events.lines().count(), true)] {
        let text: String = events.lines().take(lines).flat_map(|line| [line, "\n"]).collect();
        let mut import =
            command(&["import", "-"], &piped).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut import.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = import.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.success(), piped.exists()), (is_whole, is_whole), "{said}");
        assert_eq!(said.contains("line 7: "), !is_whole, "{said}");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    let (folder, data, copy) = folder();
    refused_in_a_sentence(&mut command(&["backup", path(&copy)], &data), "there is no such file");
    refused_in_a_sentence(&mut command(&["restore", path(&copy)], &data), "there is no such file");
    refused_in_a_sentence(&mut command(&["import", path(&copy)], &data), "could not be read");
    assert!(!data.exists() && !copy.exists());
    stop(start(&data));
    fs::write(&copy, "my diary").unwrap();
    refused_in_a_sentence(&mut command(&["backup", path(&copy)], &data), "--force");
    refused_in_a_sentence(&mut command(&["restore", path(&copy)], &data), "it is not a Cheeper store");
    refused_in_a_sentence(&mut command(&["import", path(&copy)], &folder.path().join("new.db")), "line 1: ");
    assert_eq!(fs::read(&copy).unwrap(), b"my diary");
    assert_eq!(seqs(&start(&data).client().ask(json!({ "type": "history" }))), [0_u64; 0]);
}
