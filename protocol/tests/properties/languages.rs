//! What is written twice, in Rust and in the page's JavaScript, says the same of every text.

use std::cell::RefCell;

use cheeper_protocol::{Emoji, Name, ReferenceKind, mention_of, references};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::node::Node;

/// What the page's scripts find in a text.
const SCRIPT: &str = r"
const { mentionOf, parts } = await from('text.js');
const { parseEmoji, parseName, readName } = await from('protocol.js');
const { goTogether } = await from('scripts.js');
const attempt = (what) => { try { return what(); } catch (refusal) { if (!refusal.code) throw refusal; return null; } };
// A character that only one of the two knows yet tells nothing; emoji to come have their places already.
const isKnown = (text) => !/(?!\p{Extended_Pictographic})\p{Unassigned}/u.test(text);
function answer(text) {
  if (!isKnown(text)) return null;
  const references = parts(text).filter(({ kind }) => kind !== 'text').map(({ kind, text, name, folded }) => [kind, text, name ?? folded ?? null]);
  return { parts: parts(text).map(({ text }) => text).join(''), references, emoji: attempt(() => parseEmoji(text)), mention: attempt(() => mentionOf(parseName(text))),
    kept: attempt(() => readName(text)), mixed: attempt(() => !goTogether(readName(text))) };
}
";

fn crate_says_of(text: &str) -> Value {
    let references = references(text).into_iter().map(|reference| {
        let written = &text[reference.span];
        match reference.kind {
            ReferenceKind::Link => json!(["link", written, null]),
            ReferenceKind::Mention(name) => json!(["mention", written, name]),
            ReferenceKind::Tag(folded) => json!(["tag", written, folded]),
        }
    });
    let mention = Name::parse(text).ok().map(|name| mention_of(&name));
    let kept = Name::kept(text).ok();
    json!({
        "parts": text,
        "references": references.collect::<Vec<_>>(),
        "emoji": Emoji::parse(text).ok(),
        "mention": mention,
        "mixed": kept.as_ref().map(Name::mixes_scripts),
        "kept": kept,
    })
}

#[test]
fn both_languages_find_the_same_in_a_text() {
    let page = RefCell::new(Node::run(SCRIPT));
    let text = prop_oneof![4 => super::references::text(), 2 => super::emoji::parts(), 1 => super::texts::text()];
    let found = TestRunner::new(super::cases(6_000)).run(&text, |text| {
        let said = page.borrow_mut().ask(&json!(text));
        if said.is_null() {
            return Ok(());
        }
        prop_assert_eq!(crate_says_of(&text), said);
        Ok(())
    });
    found.unwrap_or_else(|failure| panic!("{failure}"));
}
