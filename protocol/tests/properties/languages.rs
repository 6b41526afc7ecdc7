//! What is written twice, in Rust and in the page's JavaScript, says the same of every text.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use cheeper_protocol::{Emoji, ReferenceKind, mention_of, references};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

/// Answers each line, a text in JSON, by what the page's scripts find in it.
const SCRIPT: &str = r"
import { createInterface } from 'node:readline';
const from = (name) => import(new URL(name, `file://${process.argv[1]}/`));
const { mentionOf, parts } = await from('text.js');
const { parseEmoji, parseName } = await from('protocol.js');
const attempt = (what) => { try { return what(); } catch (refusal) { if (!refusal.code) throw refusal; return null; } };
// A character that only one of the two knows yet tells nothing; emoji to come have their places already.
const isKnown = (text) => !/(?!\p{Extended_Pictographic})\p{Unassigned}/u.test(text);
for await (const line of createInterface({ input: process.stdin })) {
  const text = JSON.parse(line);
  const references = parts(text).filter(({ kind }) => kind !== 'text').map(({ kind, text, name, folded }) => [kind, text, name ?? folded ?? null]);
  const answer = { parts: parts(text).map(({ text }) => text).join(''), references, emoji: attempt(() => parseEmoji(text)), mention: attempt(() => mentionOf(parseName(text))) };
  process.stdout.write(`${JSON.stringify(isKnown(text) ? answer : null)}\n`);
}
";

struct Page {
    node: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Page {
    fn start() -> Self {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../cheeper-server/web");
        let mut node = Command::new("node")
            .args(["--input-type=module", "-e", SCRIPT, scripts])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node: ./.ci/test installs it");
        let asked = node.stdin.take().expect("a pipe");
        let answers = BufReader::new(node.stdout.take().expect("a pipe"));
        Self { node, asked, answers }
    }

    fn says_of(&mut self, text: &str) -> Value {
        writeln!(self.asked, "{}", json!(text)).expect("node is there");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("node answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Nobody is told if it has ended by itself.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn crate_says_of(text: &str) -> Value {
    let references = references(text).into_iter().map(|reference| {
        let written = &text[reference.span];
        match reference.kind {
            ReferenceKind::Link => json!(["link", written, null]),
            ReferenceKind::Mention(name) => json!(["mention", written, name]),
            ReferenceKind::Tag(folded) => json!(["tag", written, folded]),
        }
    });
    let mention = cheeper_protocol::Name::parse(text).ok().map(|name| mention_of(&name));
    json!({
        "parts": text,
        "references": references.collect::<Vec<_>>(),
        "emoji": Emoji::parse(text).ok(),
        "mention": mention,
    })
}

#[test]
fn both_languages_find_the_same_in_a_text() {
    let page = RefCell::new(Page::start());
    let text = prop_oneof![4 => super::references::text(), 2 => super::emoji::parts(), 1 => super::texts::text()];
    let found = TestRunner::new(super::cases(6_000)).run(&text, |text| {
        let said = page.borrow_mut().says_of(&text);
        if said.is_null() {
            return Ok(());
        }
        prop_assert_eq!(crate_says_of(&text), said);
        Ok(())
    });
    found.unwrap_or_else(|failure| panic!("{failure}"));
}
