//! A server that lets in only who has a link, and the client before it.

use cheeper_protocol::testkit::Server;
use tempfile::TempDir;

use crate::{
    client::Client,
    pipes::{Person, at},
};

/// Selects the newest cheep.
const SELECT: &str = "\u{1b}[1;3A";

fn link(server: &Server, token: &str) -> String {
    format!("{}#join={token}", server.url("/"))
}

/// The number of the link that was made last.
fn newest_link(server: &Server, host: &Person) -> String {
    let (_, audit, said) = host.run(&["audit"], "");
    let made = audit.lines().rev().find(|line| line.contains(" made, for a member"));
    let number = made.and_then(|line| line.split("  ").next());
    number.unwrap_or_else(|| panic!("{}: {audit} {said}", server.address)).to_owned()
}

#[test]
fn a_private_timeline_is_for_those_with_a_link_until_it_ends() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let quiet = (Some(0), String::new(), String::new());
    let stranger = Person::new(&folder.path().join("stranger"), &at(server.address.port()));
    for arguments in [&["tail"][..], &["search", "hello"], &["post", "hi", "--name", "eve"]] {
        let (code, _, said) = stranger.run(arguments, "");
        assert!(code == Some(1) && said.lines().count() == 1, "{arguments:?}: {said}");
        assert!(said.contains("ask its host for it. Then paste the link: cheeper-tui --server LINK"), "{said}");
    }
    let bobs = link(&server, &server.link(&["join-link"]));
    let bob = Person::new(&folder.path().join("bob"), &bobs);
    assert_eq!(bob.run(&["post", "hello", "--name", "bob"], ""), quiet);
    let (code, _, said) = bob.run(&["mute", "eve"], "");
    assert_eq!((code, said.as_str()), (Some(1), "cheeper-tui: Only a host may do this.\n"));

    let host = Person::new(&folder.path().join("host"), &link(&server, &server.link(&["host-link"])));
    // Bob at a terminal is sent away when his link ends, and stays away.
    let mut at_terminal = Client::start_at(&folder.path().join("bob"), "bob", &bobs);
    at_terminal.shows("● live");
    let number = newest_link(&server, &host);
    assert_eq!(host.run(&["undo", &number], "").0, Some(0));
    at_terminal
        .says("has ended: ask its host for another, then paste the link: cheeper-tui --server LINK. Then press r");
    let (code, _, said) = bob.run(&["post", "again", "--name", "bob"], "");
    assert!(code == Some(1) && said.contains("this link has ended, or is not whole"), "{said}");
}

#[test]
fn a_muted_author_is_told_and_may_write_again_once_it_is_undone() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let joined = link(&server, &server.link(&["join-link"]));
    let host_link = link(&server, &server.link(&["host-link"]));
    let mut mallory = Client::start_at(&folder.path().join("mallory"), "mallory", &joined);
    let mut host = Client::start_at(&folder.path().join("host"), "alice", &host_link);
    mallory.shows("mallory ✓ ›");
    host.shows("you are a host");
    mallory.types("buy this\r");
    host.shows("buy this");
    host.types(&format!("{SELECT}Mh"));
    host.shows("Done: the author of cheep 1 muted until");
    mallory.types("buy more\r");
    mallory.says("It is over in");
    host.types("dy");
    mallory.shows("deleted by a host");
    // The newest entry but one: the removal cannot be undone.
    host.types("\u{1b}a");
    host.shows("cheep 1 removed");
    host.types("ju");
    host.shows("Undo this: the author of cheep 1");
    host.types("y");
    host.shows("undone by ");
    mallory.types("\r");
    mallory.until("what was muted is posted", |screen| screen.contains("✓  buy more") && !screen.contains("not sent"));
}

#[test]
fn who_may_only_read_sees_everything_and_is_told_so() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(&["--read-only", "--post-rate", "0"]);
    let quiet = (Some(0), String::new(), String::new());
    let bob = Person::new(&folder.path().join("bob"), &link(&server, &server.link(&["join-link"])));
    assert_eq!(bob.run(&["post", "hello", "--name", "bob"], ""), quiet);
    let mut eve = Client::start(&folder.path().join("eve"), "eve", server.address.port());
    eve.shows("hello");
    eve.shows("You may only read here");
    eve.types("hi\r");
    eve.says("To write, ask the host for the link");
    let (code, _, said) =
        Person::new(&folder.path().join("eve"), &at(server.address.port())).run(&["post", "hi", "--name", "eve"], "");
    assert!(code == Some(1) && said.contains("You may read here"), "{said}");
}

#[test]
fn what_a_host_may_do_is_not_lost_by_coming_in_as_a_member_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let quiet = (Some(0), String::new(), String::new());
    let host = Person::new(folder.path(), &link(&server, &server.link(&["host-link"])));
    assert_eq!(host.run(&["audit"], "").0, Some(0));
    let member = Person::new(folder.path(), &link(&server, &server.link(&["join-link"])));
    assert_eq!(member.run(&["post", "hi", "--name", "bob"], ""), quiet);
    let by_address = Person::new(folder.path(), &at(server.address.port()));
    let (code, _, said) = by_address.run(&["audit"], "");
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[test]
fn another_link_that_was_used_meanwhile_lets_in_who_tries_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let host = Person::new(&folder.path().join("host"), &link(&server, &server.link(&["host-link"])));
    let first = link(&server, &server.link(&["join-link"]));
    let mut alice = Client::start_at(folder.path(), "alice", &first);
    alice.shows("● live");
    let number = newest_link(&server, &host);
    assert_eq!(host.run(&["undo", &number], "").0, Some(0));
    alice.shows("no way in");
    // A script beside the terminal, with the same files.
    let beside = |link: &str| {
        let mut command = Person::new(folder.path(), link).command(&["search", "hello"]);
        command.env("XDG_DATA_HOME", folder.path().join("data")).output().unwrap()
    };
    assert!(beside(&link(&server, &server.link(&["join-link"]))).status.success());
    alice.types("a draft\u{1b}r");
    alice.shows("● live");
    alice.types("\u{3}");
    assert_eq!(alice.ends().0, 0);
    // The one that has ended stays in the variable, and nobody is kept out by that.
    let again = beside(&first);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.success() && said.contains("you are here by another one"), "{said}");
}
