//! `texts.json`: what a text refers to, and how a mention is written.

use cheeper_protocol::{Name, ReferenceKind, mention_of, references};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Case {
    Text { why: String, r#in: String, parts: Vec<Part> },
    Mention { why: String, name: Name, mention: String },
}

/// The parts of a text follow each other without a gap, so that they say where each stands.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Part {
    Text { text: String },
    Link { link: String },
    Mention { mention: String, name: String },
    Tag { tag: String, folded: String },
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut done = 0;
    for reference in references(text) {
        if reference.span.start > done {
            parts.push(Part::Text { text: text[done..reference.span.start].to_owned() });
        }
        done = reference.span.end;
        let written = text[reference.span].to_owned();
        parts.push(match reference.kind {
            ReferenceKind::Link => Part::Link { link: written },
            ReferenceKind::Mention(name) => Part::Mention { mention: written, name: name.into() },
            ReferenceKind::Tag(folded) => Part::Tag { tag: written, folded },
        });
    }
    if done < text.len() || parts.is_empty() {
        parts.push(Part::Text { text: text[done..].to_owned() });
    }
    parts
}

#[test]
fn references_are_found_and_mentions_written() {
    super::none_fails(super::cases::<Case>("texts.json").into_iter().filter_map(|case| match case {
        Case::Text { why, r#in: text, parts: expected } => {
            let found = parts(&text);
            (found != expected).then(|| format!("{why}: {found:?} instead of {expected:?}"))
        }
        Case::Mention { why, name, mention } => {
            let written = mention_of(&name);
            (written != mention).then(|| format!("{why}: {written} instead of {mention}"))
        }
    }));
}
