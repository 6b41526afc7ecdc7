//! Links, mentions and tags, in texts made of what they begin, end and are broken with.

use cheeper_protocol::{CheepText, ReferenceKind, mention_of, mentions, references};
use proptest::prelude::*;

/// What rules are about, and what stands between.
const PIECES: &[&str] = &[
    "@",
    "@",
    "@\"",
    "＠",
    "#",
    "＃",
    "http://",
    "https://",
    "HTTPS://",
    "example.org",
    "例.example",
    "[::1]",
    ":80",
    "/",
    "\\",
    "?",
    "&",
    "%41",
    "\"",
    "“",
    "”",
    "„",
    "«",
    "‘",
    "'",
    "'s",
    "’s",
    ".",
    ",",
    ":",
    "!",
    "*",
    "_",
    "-",
    "—",
    "…",
    "<",
    ">",
    "|",
    "`",
    "(",
    ")",
    "[",
    "]",
    "（",
    "）",
    "「",
    "」",
    "，",
    "。",
    "؟",
    "।",
    " ",
    " ",
    "\n",
    "\u{A0}",
    "\u{3000}",
    "\u{7}",
    "a",
    "Bob",
    "ß",
    "ﬁ",
    "家明",
    "サー",
    "สมชาย",
    "철수",
    "أحمد",
    "می\u{200C}",
    "हिन्दी",
    "1",
    "१",
    "\u{301}",
    "\u{FE0F}",
    "\u{20E3}",
    "\u{200D}",
    "\u{AD}",
    "\u{202E}",
    "👩",
    "👍🏽",
    "🇩🇪",
    "❤",
    "\u{3164}",
];

pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => super::texts::text(),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(super::cases(2_000))]

    #[test]
    fn references_stand_in_order_and_each_says_the_same_by_itself(text in text()) {
        let mut done = 0;
        for reference in references(&text) {
            let span = reference.span.clone();
            prop_assert!(done <= span.start && span.start < span.end && span.end <= text.len(), "{span:?} after {done}");
            done = span.end;
            // Slicing would panic within a character.
            let alone = references(&text[span]);
            prop_assert_eq!(alone.len(), 1);
            prop_assert_eq!(&alone[0].kind, &reference.kind);
            prop_assert_eq!(alone[0].span.clone(), 0..reference.span.len());
            if let ReferenceKind::Mention(name) = &reference.kind {
                prop_assert!(mentions(&text, &name.fold()));
            }
        }
    }

    #[test]
    fn a_mention_is_read_as_it_was_written(name in super::texts::name(), other in "[\"“”„\\\\]{0,3}") {
        // Names like those, too, that hold what mentions are written with.
        let raw = format!("{name}{other}");
        let name = cheeper_protocol::Name::parse(&raw).unwrap_or(name);
        let mention = mention_of(&name);
        let text = CheepText::cleaned(&format!("({mention}, {mention}: {mention})\n{mention}"));
        let read: Vec<_> = references(text.as_str()).into_iter().map(|reference| reference.kind).collect();
        prop_assert_eq!(read, vec![ReferenceKind::Mention(name); 4], "{}", text);
    }
}
