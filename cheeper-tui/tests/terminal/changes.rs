//! Cheeps that are corrected, deleted, reacted to, answered and searched for, by people at their terminals.

use cheeper_protocol::testkit::Server;
use tempfile::TempDir;

use crate::{
    client::Client,
    pipes::{Person, at, until_found},
};

/// Selects the newest cheep.
const SELECT: &str = "\u{1b}[1;3A";

/// Posts, and waits until it is on the timeline of somebody else too.
fn post(who: &mut Client, text: &str, other: &mut Client) {
    who.types(&format!("{text}\r"));
    other.shows(text);
    who.until("it is sent", |screen| screen.contains(text) && !screen.contains("not sent"));
}

#[test]
fn two_terminals_see_changes_at_once_and_one_that_was_away_sees_the_same() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let start = |name: &str| Client::start(&folder.path().join(name), name, server.address.port());
    let (mut alice, mut bob, mut carol) = (start("alice"), start("bob"), start("carol"));
    alice.shows("alice ✓ ›");
    bob.shows("bob ✓ ›");
    carol.shows("carol ✓ ›");
    post(&mut alice, "oops", &mut bob);
    post(&mut alice, "helo", &mut bob);
    carol.shows("helo");
    carol.types("\u{3}");
    carol.ends();

    alice.types(SELECT);
    alice.shows("e edit");
    alice.types("e");
    alice.shows("editing");
    alice.types("\u{7f}lo\r");
    for client in [&mut alice, &mut bob] {
        client.until("it is corrected", |screen| screen.contains("hello") && screen.contains("└ (edited)"));
    }
    bob.types(SELECT);
    bob.shows("+ react");
    bob.types("+");
    bob.shows("2 👍");
    bob.types("2");
    bob.shows("[👍 1]");
    alice.shows("└ 👍 1 · (edited)");
    bob.types("rhow nice\r");
    alice.shows("1 answer");

    alice.types(&format!("{SELECT}kk"));
    alice.shows("d delete");
    alice.types("d");
    alice.shows("y yes");
    alice.types("y");
    for client in [&mut alice, &mut bob] {
        client.until("it is gone", |screen| screen.contains("×deleted by its author") && !screen.contains("oops"));
    }
    let mut carol = start("carol");
    carol.until("it is all as the others see it", |screen| {
        let same = ["×deleted by its author", "hello", "└ 👍 1 · 1 answer · (edited)", "how nice"];
        same.iter().all(|part| screen.contains(part)) && !screen.contains("oops") && !screen.contains("helo ")
    });
    // The same again takes it back.
    bob.types(&format!("{SELECT}k"));
    bob.shows("+ react");
    bob.types("+2");
    carol.until("the reaction is taken back", |screen| screen.contains("└ 1 answer · (edited)"));
}

#[test]
fn what_is_changed_while_the_server_is_away_is_done_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start();
    let store = server.data.clone();
    let start = |name: &str, port| Client::start(&folder.path().join(name), name, port);
    let port = server.address.port();
    let (mut alice, mut bob) = (start("alice", port), start("bob", port));
    alice.shows("alice ✓ ›");
    bob.shows("bob ✓ ›");
    post(&mut alice, "one", &mut bob);
    post(&mut alice, "two", &mut bob);
    server.kill();
    alice.shows("offline");
    alice.types(&format!("{SELECT}e!\r"));
    alice.shows("1 unsent");
    alice.types(&format!("{SELECT}kd"));
    alice.shows("y yes");
    alice.types("y");
    alice.shows("2 unsent");
    // They wait through a quit as well.
    alice.types("\u{3}");
    alice.ends();
    server.restart_in_place(&store);
    let mut alice = start("alice", port);
    for client in [&mut alice, &mut bob] {
        client.until("both are done", |screen| {
            screen.contains("two!") && screen.contains("×deleted by its author") && !screen.contains("one")
        });
    }
}

#[test]
fn a_thread_goes_on_live_and_is_left_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let start = |name: &str| Client::start(&folder.path().join(name), name, server.address.port());
    let (mut alice, mut bob) = (start("alice"), start("bob"));
    alice.shows("alice ✓ ›");
    bob.shows("bob ✓ ›");
    post(&mut alice, "a question", &mut bob);
    bob.types(&format!("{SELECT}ran answer\r"));
    alice.shows("an answer");
    post(&mut bob, "something else", &mut alice);
    alice.types(&format!("{SELECT}kt"));
    alice.until("the thread is there", |screen| {
        screen.contains(" thread ")
            && screen.contains("a question")
            && screen.contains("an answer")
            && !screen.contains("something else")
    });
    bob.types(&format!("{SELECT}krand another\r"));
    alice.shows("and another");
    alice.types("\u{1b}");
    alice.until("the timeline is back", |screen| screen.contains("something else") && screen.contains(" cheeper "));
}

#[test]
fn everything_is_searched_by_the_server() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    server.client().post_many("cheep number", 300);
    let mut alice = Client::start(&folder.path().join("alice"), "alice", server.address.port());
    alice.shows("cheep number 300");
    until_found(&Person::new(folder.path(), &at(server.address.port())), "\"number 300\"");
    alice.types("\u{6}\t");
    alice.shows("search ›");
    alice.types("\"number 7\"\r");
    alice.until("what was posted long ago is found", |screen| {
        screen.contains("cheep number 7 ") && !screen.contains("number 300")
    });
}
