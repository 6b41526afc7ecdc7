//! Coming in by a link: it is changed for a session once, and the session is kept.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use cheeper_protocol::testkit::Server;
use tempfile::TempDir;

use crate::{
    barred::refusing,
    client::Client,
    doorman::{Doorman, LINK},
    pipes::Person,
};

const IN: (bool, bool) = (true, true);

/// Everything in the files below a folder, with their modes.
fn files(folder: &Path) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            found.push((mode, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn a_link_is_changed_for_a_session_once_and_then_the_address_is_enough() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let doorman = Doorman::before(server.address);
    let quiet = (Some(0), String::new(), String::new());
    let with_link = Person::new(folder.path(), &doorman.link());
    assert_eq!(with_link.run(&["post", "one", "--name", "bob"], ""), quiet);
    assert_eq!(with_link.run(&["post", "two", "--name", "bob"], ""), quiet, "the link may stay in the variable");
    let by_address = Person::new(folder.path(), &doorman.address());
    assert_eq!(by_address.run(&["post", "three", "--name", "bob"], ""), quiet);
    assert_eq!((doorman.opened(), doorman.asked()), (1, vec![IN; 3]));
    let files = files(folder.path());
    assert!(files.iter().any(|(_, text)| text.contains("s_session_number_000001")), "{files:?}");
    assert!(files.iter().all(|(mode, text)| *mode == 0o600 && !text.contains(LINK)), "{files:?}");
    // From the input, where no list of processes shows it; what follows it there is for the command.
    let other = TempDir::new().unwrap();
    let stranger = Person::new(other.path(), "-");
    let input = format!("{}\nfour\n", doorman.link());
    assert_eq!(stranger.run(&["post", "-", "--name", "eve"], &input), quiet);
    assert_eq!((doorman.opened(), doorman.asked()), (2, vec![IN]));
}

#[test]
fn who_has_no_link_learns_what_to_do_and_no_token_is_printed() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let doorman = Doorman::before(server.address);
    let stranger = Person::new(folder.path(), &doorman.address());
    let (code, _, said) = stranger.run(&["tail"], "");
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("/team does not let this client in: This timeline is only for those"), "{said}");
    assert!(said.contains("Then paste the link: cheeper-tui --server LINK."), "{said}");
    assert_eq!(doorman.asked(), [(false, false)], "it is asked once");
    let wrong = LINK.replace('8', "9");
    let typo = Person::new(folder.path(), &doorman.link().replace(LINK, &wrong));
    let (code, _, said) = typo.run(&["post", "hi", "--name", "bob"], "");
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("this link has ended, or is not whole") && !said.contains(&wrong), "{said}");
    for mistake in [
        &["--server", "http://host/#join=j_8c"][..],
        &["--server", "ftp://host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg"],
        &["http://host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg"],
        &["tail", "http://host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg"],
    ] {
        let (code, _, said) = stranger.run(mistake, "");
        assert!(code == Some(2) && said.contains("join=…") && !said.contains("j_8c"), "{mistake:?}: {said}");
    }
}

#[test]
fn a_session_that_has_ended_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let doorman = Doorman::before(server.address);
    let quiet = (Some(0), String::new(), String::new());
    let (by_link, by_address) =
        (Person::new(folder.path(), &doorman.link()), Person::new(folder.path(), &doorman.address()));
    assert_eq!(by_link.run(&["post", "one", "--name", "bob"], ""), quiet);
    // The link stands, so it is changed once more.
    doorman.ends_sessions(false);
    assert_eq!(by_link.run(&["post", "two", "--name", "bob"], ""), quiet);
    assert_eq!((doorman.opened(), doorman.asked()), (2, vec![IN, (true, false), IN]));
    // The server lets in everybody by now, and does not take what it does not know.
    doorman.ends_sessions(true);
    doorman.lets_in_everybody();
    let (code, _, said) = by_address.run(&["post", "three", "--name", "bob"], "");
    assert!(code == Some(0) && said.contains("The link by which you came before has ended"), "{said}");
    assert_eq!(by_address.run(&["post", "four", "--name", "bob"], ""), quiet);
    assert_eq!(doorman.asked(), [(true, false), (false, true), (false, true)]);
}

#[test]
fn at_a_terminal_the_link_can_be_pasted_without_being_shown() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let doorman = Doorman::before(server.address);
    let mut alice = Client::start_at(folder.path(), "alice", "-");
    alice.shows("Paste the link and press Enter");
    alice.types(&format!("{}\r", doorman.link()));
    alice.shows("alice ✓ ›");
    alice.types("\u{3}");
    let (code, printed) = alice.ends();
    assert!(code == 0 && !printed.contains(LINK));
    assert_eq!(doorman.asked(), [IN]);
}

#[test]
fn a_server_that_has_moved_says_where_to() {
    let folder = TempDir::new().unwrap();
    let (port, _came) = refusing("308 Permanent Redirect\r\nLocation: https://cheeper.example/team/ws");
    let bob = Person::new(folder.path(), &format!("127.0.0.1:{port}"));
    let (code, _, said) = bob.run(&["post", "hi", "--name", "bob", "--patience", "1"], "");
    assert!(code == Some(1) && said.contains("it is at https://cheeper.example/team/ now"), "{said}");
}

#[test]
fn on_a_screen_who_is_sent_away_stays_away_until_a_person_tries_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let doorman = Doorman::before(server.address);
    let mut alice = Client::start_at(folder.path(), "alice", &doorman.link());
    alice.shows("alice ✓ ›");
    doorman.asked();
    doorman.ends_sessions(true);
    alice.shows("no way in");
    alice.says("has ended: ask its host for another, then paste the link: cheeper-tui --server LINK. Then press r");
    assert!(doorman.asked().is_empty());
    alice.types("r");
    alice.says("this link has ended, or is not whole");
    assert_eq!(doorman.asked(), [(true, false)], "a person tried again, once");
    alice.types("\u{3}");
    let (code, printed) = alice.ends();
    assert!(code == 0 && !printed.contains(LINK));
}
