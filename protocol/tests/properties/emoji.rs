//! Emoji, made of the parts that they are made of.

use cheeper_protocol::{Emoji, limits::EMOJI_BYTES};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

const PARTS: &[&str] = &[
    "👩",
    "👍",
    "☝",
    "❤",
    "♥",
    "🎉",
    "🏳",
    "🏴",
    "🫩",
    "\u{1FAFF}",
    "©",
    "★",
    "1",
    "#",
    "a",
    "🇩",
    "🇪",
    "🏽",
    "🏿",
    "\u{FE0F}",
    "\u{FE0E}",
    "\u{20E3}",
    "\u{200D}",
    "\u{200D}❤\u{FE0F}",
    "\u{200D}👩",
    "\u{E0067}\u{E0062}\u{E0065}",
    "\u{E007F}",
    "\u{301}",
    " ",
];

pub(crate) fn parts() -> impl Strategy<Value = String> {
    let part = prop_oneof![8 => prop::sample::select(PARTS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..7).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(super::cases(4_000))]

    #[test]
    fn an_emoji_is_one_character_in_one_form(raw in parts()) {
        let Ok(emoji) = Emoji::parse(&raw) else { return Ok(()) };
        let text = emoji.as_str();
        prop_assert_eq!(text.graphemes(true).count(), 1);
        prop_assert!(text.len() <= EMOJI_BYTES);
        prop_assert_eq!(Emoji::parse(text), Ok(emoji.clone()), "reading it again changes nothing");
        let bare = text.replace('\u{FE0F}', "");
        prop_assert_eq!(Emoji::parse(&bare), Ok(emoji.clone()), "without its selectors it is the same");
        prop_assert_eq!(Emoji::parse(&text.replace('\u{FE0F}', "\u{FE0E}")), Ok(emoji));
    }
}
