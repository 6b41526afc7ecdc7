//! What people do all day.

use std::{fs, os::unix::fs::PermissionsExt as _};

use cheeper_protocol::testkit::Server;
use tempfile::TempDir;

use crate::client::Client;

#[test]
fn two_people_talk_and_a_killed_server_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start();
    let store = server.data.clone();
    let port = server.address.port();
    let mut alice = Client::start(&folder.path().join("alice"), "alice", port);
    let mut bob = Client::start(&folder.path().join("bob"), "bob", port);
    alice.shows("● live");
    bob.shows("bob ✓ ›");
    alice.types("hello bob\r");
    bob.shows("hello bob");
    bob.types("hello alice\r");
    alice.shows("hello alice");

    alice.types("while it ");
    alice.shows("› while it");
    server.kill();
    alice.types("was gone");
    alice.shows("› while it was gone");
    alice.shows("offline");
    alice.types("\r");
    alice.shows("1 unsent");
    alice.types("typing goes on");
    alice.shows("› typing goes on");
    server.restart_in_place(&store);
    bob.shows("while it was gone");
    alice.until("it is sent", |screen| screen.contains("● live") && !screen.contains("unsent"));
    alice.shows("› typing goes on");
    for client in [&mut alice, &mut bob] {
        let screen = client.contents();
        assert_eq!(screen.matches("while it was gone").count(), 1, "{screen}");
        let at = |text: &str| screen.find(text).unwrap();
        assert!(at("hello bob") < at("hello alice") && at("hello alice") < at("while it was gone"), "{screen}");
    }
}

#[test]
fn a_paste_does_not_send_and_what_is_unsent_survives_a_quit() {
    let folder = TempDir::new().unwrap();
    // It has its port and store, but nobody listens yet.
    let mut server = Server::start();
    server.kill();
    let (port, store) = (server.address.port(), server.data.clone());
    let home = folder.path().join("alice");
    let mut alice = Client::start(&home, "alice", port);
    alice.shows("offline");
    alice.types("\u{1b}[200~two\rlines\u{1b}[201~");
    alice.until("both lines stand in the input", |screen| screen.contains("› two") && screen.contains("lines"));
    assert!(!alice.contents().contains("unsent"));
    alice.types("\r");
    alice.shows("1 unsent");
    alice.types("a draft");
    alice.shows("a draft");
    alice.types("\u{3}");
    assert_eq!(alice.ends().0, 0);

    server.restart_in_place(&store);
    let mut again = Client::start(&home, "alice", port);
    again.shows("● live");
    again.until("it is sent", |screen| screen.contains("lines") && !screen.contains("not sent"));
    again.shows("› a draft");
    for folder in ["data", "state"] {
        for file in fs::read_dir(home.join(folder).join("cheeper")).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            let is_lock = file.path().extension().is_some_and(|extension| extension == "lock");
            assert!(is_lock || mode == 0o600, "{} has mode {mode:o}", file.path().display());
        }
    }
}

#[test]
fn a_draft_survives_a_crash() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let home = folder.path().join("alice");
    let mut alice = Client::start(&home, "alice", server.address.port());
    alice.shows("● live");
    alice.types("half written");
    alice.shows("› half written");
    // What is on screen may be on its way to the disk still.
    let kept = home.join("state/cheeper").join(format!("alice@127.0.0.1_3a_{}.json", server.address.port()));
    let is_kept = || fs::read_to_string(&kept).is_ok_and(|text| text.contains("half written"));
    let began = std::time::Instant::now();
    while !is_kept() {
        assert!(began.elapsed().as_secs() < 20, "it is not kept");
        std::thread::yield_now();
    }
    alice.signal("-KILL");
    alice.ends();
    let mut again = Client::start(&home, "alice", server.address.port());
    again.shows("› half written");
}

#[test]
fn what_was_not_read_is_marked_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let home = folder.path().join("alice");
    let mut bob = Client::start(&folder.path().join("bob"), "bob", server.address.port());
    bob.shows("bob ✓ ›");
    bob.types("read\r");
    let mut alice = Client::start(&home, "alice", server.address.port());
    alice.shows("read");
    alice.types("\u{3}");
    alice.ends();
    bob.types("unread\r");
    bob.shows("unread");
    bob.until("it is sent", |screen| !screen.contains("not sent"));
    let mut again = Client::start(&home, "alice", server.address.port());
    again.shows("unread");
    let screen = again.contents();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text} in {screen}"));
    assert!(at("read") < at("new since you were here") && at("new since you were here") < at("unread"), "{screen}");
}

#[test]
fn a_mention_rings_and_notifies_and_a_cheep_is_answered_and_copied() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let home = |name: &str| folder.path().join(name);
    let mut alice = Client::start_with(&home("alice"), "alice", server.address.port(), &["--notify", "osc777"], &[]);
    alice.shows("alice ✓ ›");
    let mut quiet =
        Client::start_with(&home("quiet"), "alice", server.address.port(), &["--no-bell", "--no-mouse"], &[]);
    let mut bob = Client::start(&home("bob"), "bob", server.address.port());
    quiet.shows("is taken on this server");
    bob.shows("bob ✓ ›");
    alice.types("first\r");
    bob.shows("first");
    bob.types("hi @al\t!\r");
    alice.prints("\u{1b}]777;notify;Cheeper;bob: hi @alice !\u{7}");
    quiet.shows("hi @alice !");
    let printed = String::from_utf8_lossy(&quiet.raw).into_owned();
    assert!(!printed.contains("notify") && !printed.replace("\u{1b}]0;", "").contains("\u{7}\u{7}"));
    assert!(!printed.contains("\u{1b}[?1000h"), "the mouse is the terminal's own");
    // Alt+Up selects the newest; r replies to it.
    alice.types("\u{1b}[1;3Ac");
    alice.prints("\u{1b}]52;c;aGkgQGFsaWNlICE=");
    alice.types("r");
    alice.shows("↱ bob: hi @alice !");
    alice.types("yes?\r");
    bob.until("the answer stands below what it answers", |screen| {
        screen.find("↱ bob: hi @alice !").is_some_and(|at| screen[at..].contains("yes?"))
    });
}

#[test]
fn an_editor_writes_the_cheep() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let script = folder.path().join("my editor");
    fs::write(
        &script,
        "#!/bin/sh\necho \"at work on $(cat \"$2\")\"\nread answer\nprintf '%s, %s' \"$1\" \"$answer\" > \"$2\"\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let editor = format!("'{}' --option", script.display());
    let mut alice = Client::start_with(
        &folder.path().join("alice"),
        "alice",
        server.address.port(),
        &[],
        &[("EDITOR", &editor), ("VISUAL", "")],
    );
    alice.shows("● live");
    alice.types("draft\u{18}\u{5}");
    alice.shows("at work on draft");
    // It has the keys, and what comes meanwhile does not disturb it.
    alice.types("done\n");
    alice.shows("› --option, done");
}

#[test]
fn a_storm_of_resizes_ends_in_a_whole_picture() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let mut alice = Client::start(&folder.path().join("alice"), "alice", server.address.port());
    alice.shows("alice ✓ ›");
    alice.types("hello\r");
    for step in 0..60_u16 {
        alice.resize(20 + step * 37 % 280, 5 + step * 23 % 95);
    }
    alice.resize(70, 12);
    alice.until("the picture fits", |screen| {
        let rows: Vec<&str> = screen.lines().map(str::trim_end).collect();
        rows.len() == 12
            && rows[0].starts_with(" cheeper  127.0.0.1")
            && rows[1] == "─".repeat(70)
            && rows[10].starts_with(" alice ✓ ›")
            && rows[8].ends_with("hello")
    });
}

#[test]
fn keys_come_as_terminals_send_them() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let home = folder.path().join("alice");
    let mut alice = Client::start(&home, "alice", server.address.port());
    alice.shows("alice ✓ ›");
    let line = |screen: &str, nth: usize| screen.lines().rev().nth(nth).unwrap_or_default().trim().to_owned();
    // Alt+Enter, Ctrl+J, and Shift+Enter as terminals with the keyboard protocol have it.
    alice.types("one\u{1b}\rtwo\nthree\u{1b}[13;2ufour");
    alice.until("there are four lines", |screen| {
        line(screen, 4).starts_with("alice ✓ › one")
            && line(screen, 3) == "two"
            && line(screen, 2) == "three"
            && line(screen, 1) == "four"
    });
    // Alt+Backspace, Ctrl+Y, Ctrl+_, Ctrl+←.
    alice.types("\u{1b}\u{7f}");
    alice.until("four is cut", |screen| !screen.contains("four"));
    alice.types("\u{19}\u{19}\u{1f}!");
    alice.shows("four!");
    alice.types("\u{1b}[1;5D<");
    alice.shows("<four!");
    // Ctrl+Q; somebody else of that name came first the next time.
    alice.types("\u{11}");
    alice.ends();
    let mut first = Client::start(&home, "alice", server.address.port());
    first.shows("<four!");
    let mut second = Client::start(&home, "alice", server.address.port());
    second.shows("Another client of alice keeps the drafts");
    // The wheel scrolls, a click selects, Escape leaves.
    second.types("hi\r");
    second.until("it is sent", |screen| screen.contains("alice ✓    hi") && !screen.contains("not sent"));
    second.types("\u{1b}[<0;20;13M");
    second.shows("r reply  + react  e edit  d delete  t thread  c copy");
}
