//! The terminal is given back as it was, whatever happens.

use std::{path::Path, process::Command};

use cheeper_protocol::testkit::{Server, build};
use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::client::Client;

/// What undoes everything that was done to the terminal.
const GIVEN_BACK: &[&str] = &[
    // The other screen, pastes, the mouse, the keyboard's protocol, the cursor, the title.
    "\u{1b}[?1049l",
    "\u{1b}[?2004l",
    "\u{1b}[?1000l",
    "\u{1b}[<1u",
    "\u{1b}[?25h",
    "\u{1b}[23;0t",
];

fn is_given_back(printed: &str) {
    let last_picture = printed.rfind("\u{1b}[?2026h").unwrap();
    for escape in GIVEN_BACK {
        let at = printed.rfind(escape).unwrap_or_else(|| panic!("{escape:?} is missing"));
        assert!(at > last_picture, "{escape:?} comes before the last picture");
    }
}

fn run_in(folder: &Path, port: u16) -> Client {
    let mut alice = Client::start(&folder.join("alice"), "alice", port);
    alice.shows("● live");
    alice
}

#[test]
fn at_a_signal_and_at_the_end() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    for signal in ["-TERM", "-HUP", "-INT"] {
        let alice = run_in(folder.path(), server.address.port());
        alice.signal(signal);
        let (code, printed) = alice.ends();
        assert_eq!(code, 0, "{signal}");
        is_given_back(&printed);
    }
    let mut alice = run_in(folder.path(), server.address.port());
    alice.types("\u{3}");
    let (code, printed) = alice.ends();
    assert_eq!(code, 0);
    is_given_back(&printed);
}

#[test]
fn it_ends_when_its_terminal_is_gone() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    run_in(folder.path(), server.address.port()).loses_its_terminal();
    // The signal may come too late, so it must not be what everything hangs on.
    let mut detached = Client::start_detached(&folder.path().join("bob"), "bob", server.address.port());
    detached.shows("● live");
    detached.loses_its_terminal();
}

#[test]
fn in_a_panic_whose_message_can_be_read() {
    let folder = TempDir::new().unwrap();
    build(&["--package", "cheeper-tui", "--example", "panic"]);
    let panicking = Path::new(env!("CARGO_BIN_EXE_cheeper-tui")).with_file_name("examples/panic");
    let command = CommandBuilder::new(panicking);
    let (code, printed) = Client::spawn(command, folder.path()).ends();
    assert_ne!(code, 0);
    is_given_back(&printed);
    let end = printed.rfind("\u{1b}[?1049l").unwrap();
    assert!(printed[end..].contains("on purpose"), "{printed:?}");
}

#[test]
fn while_it_is_suspended() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env("PS1", "shell> ");
    let mut alice = Client::spawn(command, folder.path());
    alice.shows("shell>");
    let binary = env!("CARGO_BIN_EXE_cheeper-tui");
    alice.types(&format!("{binary} --name alice --server 127.0.0.1:{}\r", server.address.port()));
    alice.shows("alice ✓ ›");
    alice.types("a draft\u{1a}");
    alice.shows("Stopped");
    let printed = String::from_utf8_lossy(&alice.raw).into_owned();
    is_given_back(&printed);
    // It missed this.
    let binary = Command::new(binary)
        .args([
            "post",
            "--name",
            "bob",
            "while you were away",
            "--server",
            &format!("127.0.0.1:{}", server.address.port()),
        ])
        .env("HOME", folder.path().join("bob"))
        .env_remove("XDG_DATA_HOME")
        .status()
        .unwrap();
    assert!(binary.success());
    alice.types("fg\r");
    alice.until("it is back", |screen| screen.contains("while you were away") && screen.contains("› a draft"));
}

#[test]
fn after_it_was_stopped_from_outside_it_is_drawn_afresh() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let mut alice = run_in(folder.path(), server.address.port());
    alice.signal("-STOP");
    alice.raw.clear();
    alice.signal("-CONT");
    alice.prints("\u{1b}[?1049h");
    alice.prints("\u{1b}]0;cheeper 127.0.0.1");
    alice.types("hello");
    alice.shows("› hello");
}

#[test]
fn no_colour_means_none() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let run = |variables: &[(&str, &str)]| {
        let mut alice =
            Client::start_with(&folder.path().join("alice"), "alice", server.address.port(), &[], variables);
        alice.shows("alice ✓ ›");
        alice.types("hello\r");
        alice.shows("hello");
        alice.types("\u{3}");
        alice.ends().1
    };
    // Resets of the colours, such as [39m, are none.
    let colours =
        |printed: &str| printed.contains("[38;5;") || printed.contains("[48;5;") || printed.contains("[38;2;");
    assert!(colours(&run(&[])));
    let printed = run(&[("NO_COLOR", "1")]);
    assert!(!colours(&printed));
    assert!(printed.contains("\u{1b}[1m"), "bold stays");
}
