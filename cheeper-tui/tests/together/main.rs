//! All ways in at once: two pages, two terminals, websocat and curl on one timeline, with a kill in between.

#[path = "../../../cheeper-server/tests/page/browser.rs"]
#[allow(clippy::duplicate_mod, reason = "another package's tests have it as well")]
mod browser;
#[path = "../terminal/client.rs"]
#[allow(dead_code, reason = "its own tests use the rest")]
mod client;

use std::process::{Command, Stdio};

use browser::Browser;
use cheeper_protocol::testkit::{Process, Server};
use client::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Selects the newest cheep.
const SELECT: &str = "\u{1b}[1;3A";

/// A program that prints what it hears of, an event or a frame a line.
struct Listener(Process);

impl Listener {
    fn websocat(server: &Server) -> Self {
        let url = format!("ws://{}/ws", server.address);
        Self::spawn(Command::new("websocat").arg(url), "welcome")
    }

    fn curl(server: &Server) -> Self {
        let url = server.url("/api/cheeps?follow=1&after=0");
        Self::spawn(Command::new("curl").args(["-sN", &url]), "cheep")
    }

    fn spawn(command: &mut Command, first: &str) -> Self {
        // An end of its input would be the end of it.
        let process =
            Process::spawn(command.stdin(Stdio::piped())).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let listener = Self(process);
        listener.next(first);
        listener
    }

    /// The next line of this type; others are passed over.
    fn next(&self, kind: &str) -> Value {
        loop {
            let line = self.0.line().unwrap_or_else(|| panic!("no {kind} came"));
            let Ok(frame) = serde_json::from_str::<Value>(&line) else { continue };
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

/// What a cheep says on a page, or that it is gone.
fn text_of(seq: u64, text: &str) -> String {
    format!("document.querySelector('#c{seq} :is(.text, .gone)')?.textContent === {}", json!(text))
}

#[tokio::test]
async fn an_edit_a_reaction_and_a_delete_are_seen_everywhere_at_once_and_after_a_kill_by_who_was_away() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start();
    let (store, port) = (server.data.clone(), server.address.port());
    let terminal = |name: &str| Client::start(&folder.path().join(name), name, port);
    let (alice, bob) = tokio::join!(Browser::named(server.address, "alice"), Browser::named(server.address, "bob"));
    let (mut carol, mut dora) = (terminal("carol"), terminal("dora"));
    carol.shows("carol ✓ ›");
    dora.shows("dora ✓ ›");
    alice.cheep("helo wrold").await;
    alice.shows("helo wrold").await;
    alice.cheep("a secret that slipped out").await;
    for page in [&alice, &bob] {
        page.shows("a secret that slipped out").await;
    }
    for terminal in [&mut carol, &mut dora] {
        terminal.shows("a secret that slipped out");
    }
    let (websocat, curl) = (Listener::websocat(&server), Listener::curl(&server));
    // One is away from here on.
    dora.types("\u{3}");
    dora.ends();

    alice.click("#c1 [data-do=edit]").await;
    alice.write("hello world").await;
    alice.click("#send").await;
    for page in [&alice, &bob] {
        page.until("it is corrected", &text_of(1, "hello world")).await;
    }
    carol.until("it is corrected", |screen| screen.contains("hello world") && screen.contains("(edited)"));
    for listener in [&websocat, &curl] {
        let edit = listener.next("edit");
        assert_eq!((&edit["target"], &edit["cheep"]), (&json!(1), &json!("hello world")), "{edit}");
    }

    carol.types(&format!("{SELECT}k"));
    carol.shows("+ react");
    carol.types("+2");
    for page in [&alice, &bob] {
        page.until("it is liked", "document.querySelector('#c1 .reaction')?.innerText === '👍 1'").await;
    }
    for listener in [&websocat, &curl] {
        let reaction = listener.next("reaction");
        assert_eq!((&reaction["name"], &reaction["count"]), (&json!("carol"), &json!(1)), "{reaction}");
    }

    server.kill();
    carol.shows("offline");
    server.restart_in_place(&store);
    alice.try_now().await;
    bob.try_now().await;
    alice.status_has("live").await;
    bob.status_has("live").await;
    let (websocat, curl) = (Listener::websocat(&server), Listener::curl(&server));
    alice.click("#c2 [data-do=delete]").await;
    alice.click("#delete-yes").await;
    for page in [&alice, &bob] {
        page.until("it is gone", &text_of(2, "deleted by its author")).await;
        page.has_nowhere("a secret that slipped out").await;
    }
    let is_gone = |screen: &str| screen.contains("deleted by its author") && !screen.contains("slipped out");
    carol.until("it is gone", is_gone);
    for listener in [&websocat, &curl] {
        assert_eq!(listener.next("delete")["target"], 2);
    }

    let mut dora = terminal("dora");
    dora.until("all is as the others see it", |screen| {
        is_gone(screen) && screen.contains("hello world") && screen.contains("👍 1") && screen.contains("(edited)")
    });
    let late = Browser::open(server.address).await;
    late.until("it came corrected", &text_of(1, "hello world")).await;
    late.until("it came deleted", &text_of(2, "deleted by its author")).await;
    late.until("it came liked", "document.querySelector('#c1 .reaction')?.innerText === '👍 1'").await;
    for page in [alice, bob, late] {
        page.close().await;
    }
}
