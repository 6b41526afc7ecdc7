//! Names and cheeps, made of the characters that rules are about.

use cheeper_protocol::{CheepText, Name, limits};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{BidiControl, GeneralCategory},
};
use proptest::prelude::*;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Letters, marks, joiners, selectors, tags, emoji, controls and white space that meet in strange ways.
const TRICKY: &[char] = &[
    'a',
    'K',
    'ß',
    'ſ',
    'Σ',
    'ς',
    'ı',
    'İ',
    'ﬃ',
    'Å',
    'é',
    '\u{301}',
    '\u{308}',
    '\u{345}',
    '\u{323}',
    'ب',
    'ی',
    '\u{64E}',
    'र',
    '\u{94D}',
    'ന',
    '\u{D4D}',
    '한',
    '\u{1112}',
    '\u{1161}',
    '\u{11AB}',
    '家',
    'ᠪ',
    '\u{180B}',
    '1',
    '#',
    '👩',
    '👧',
    '\u{1F3FD}',
    '❤',
    '🏴',
    '🇩',
    '🇪',
    '\u{20E3}',
    '\u{FE0E}',
    '\u{FE0F}',
    '\u{E0100}',
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{2060}',
    '\u{FEFF}',
    '\u{AD}',
    '\u{34F}',
    '\u{3164}',
    '\u{2800}',
    '\u{E0067}',
    '\u{E0062}',
    '\u{E0065}',
    '\u{E007F}',
    '\u{202E}',
    '\u{2066}',
    '\u{200F}',
    '\u{61C}',
    '\0',
    '\u{7}',
    '\u{1B}',
    '\u{85}',
    '\t',
    '\n',
    '\r',
    '\u{2028}',
    '\u{2029}',
    ' ',
    '\u{A0}',
    '\u{3000}',
    '\u{FFF9}',
    '´',
    '✓',
    '√',
    'Ⓥ',
    'I',
    'l',
    '0',
    'а',
    'α',
    'Ꭺ',
    'ꓐ',
    'さ',
    '\u{E000}',
    '\u{FFFE}',
    '\u{20DD}',
    '\u{1160}',
    'क',
];

pub(crate) fn text() -> impl Strategy<Value = String> {
    let char = prop_oneof![4 => prop::sample::select(TRICKY), 1 => any::<char>()];
    prop::collection::vec(char, 0..24).prop_map(String::from_iter)
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    let plain = "[a-zA-Zäß家]{1,8}".prop_map(|name| Name::parse(&name).expect("a plain name"));
    let tricky = text().prop_filter_map("no name", |text| Name::parse(&text).ok());
    prop_oneof![plain, tricky]
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || CodePointSetData::new::<BidiControl>().contains(c)
}

proptest! {
    #![proptest_config(super::cases(2_000))]

    #[test]
    fn a_cheep_that_was_accepted_is_safe_and_within_the_limits(raw in text()) {
        let Ok(cheep) = CheepText::parse(&raw, 10) else { return Ok(()) };
        let text = cheep.as_str();
        prop_assert!(!text.chars().any(|c| is_unsafe(c) && c != '\n'), "{text:?}");
        prop_assert_eq!(text, text.trim());
        prop_assert!(is_nfc(text));
        prop_assert!((1..=10).contains(&cheep.chars()));
        prop_assert_eq!(CheepText::parse(text, 10), Ok(cheep.clone()), "cleaning again changes nothing");
    }

    #[test]
    fn cleaning_is_idempotent_at_any_length(raw in text()) {
        let once = CheepText::cleaned(&raw);
        prop_assert_eq!(CheepText::cleaned(once.as_str()), once);
    }

    #[test]
    fn a_name_that_was_accepted_is_safe_and_within_the_limits(name in name()) {
        let text = name.as_str();
        prop_assert!(!text.chars().any(is_unsafe), "{text:?}");
        prop_assert_eq!(text, text.trim());
        prop_assert!(!text.is_empty() && text.len() <= limits::NAME_BYTES);
        prop_assert_eq!(Name::parse(text), Ok(name.clone()), "parsing again changes nothing");
    }

    #[test]
    fn folding_is_idempotent_and_blind_to_normalization_and_case(name in name()) {
        let key = name.fold();
        // A key may hold what a name must not, a space at its start for one.
        if let Ok(key_as_name) = Name::parse(key.as_str()) {
            prop_assert_eq!(key_as_name.fold(), key.clone());
        }
        let decomposed: String = name.as_str().nfd().collect();
        let lower = name.as_str().to_lowercase();
        for other in [decomposed, lower] {
            if let Ok(other) = Name::parse(&other) {
                prop_assert_eq!(other.fold(), key.clone(), "{:?}", other);
            }
        }
    }

    #[test]
    fn a_name_in_capitals_is_not_passed_off_with_small_letters_or_digits(
        plain in "[a-zA-Z]{1,8}",
        instead in prop::collection::vec(prop::sample::select(&['I', 'l', '1', '|'][..]), 8),
    ) {
        let like = |(c, instead): (char, &char)| if c == 'I' { *instead } else { c };
        let fake: String = plain.to_uppercase().chars().zip(&instead).map(like).collect();
        prop_assume!(fake.chars().any(char::is_uppercase));
        let [name, fake] = [plain, fake].map(|name| Name::parse(&name).expect("a plain name"));
        let skeletons = name.skeletons();
        prop_assert!(fake.skeletons().iter().any(|each| skeletons.contains(each)), "{fake:?}");
    }

    #[test]
    fn a_name_looks_like_itself_however_it_is_written(name in name()) {
        let skeletons = name.skeletons();
        prop_assert!((1..=4).contains(&skeletons.len()) && skeletons.iter().all(|each| !each.as_str().is_empty()));
        let decomposed: String = name.as_str().nfd().collect();
        for other in [decomposed, name.as_str().to_lowercase(), name.as_str().to_uppercase()] {
            let Ok(other) = Name::parse(&other) else { continue };
            if other.fold() == name.fold() {
                prop_assert!(other.skeletons().iter().any(|each| skeletons.contains(each)), "{:?}", other);
            }
        }
    }

    #[test]
    fn a_name_that_may_be_taken_stacks_no_marks(name in name()) {
        let text = name.as_str();
        let marks = CodePointMapData::<GeneralCategory>::new();
        let stacks = text.split(|c| !matches!(marks.get(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark));
        prop_assert!(stacks.into_iter().all(|stack| stack.chars().count() <= limits::NAME_MARKS));
        prop_assert!(text.chars().count() <= limits::NAME_CHARS * limits::NAME_CLUSTER);
        prop_assert_eq!(Name::kept(text), Ok(name.clone()), "what may be taken can be read");
    }
}
