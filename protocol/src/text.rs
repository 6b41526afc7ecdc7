//! Which characters a stored text may hold: whatever a client sends, what is kept is safe to draw.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BidiControl, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic, GeneralCategory, Script,
        VariationSelector,
    },
};
use unicode_normalization::UnicodeNormalization as _;

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';

/// Line and paragraph separators besides LF.
pub(crate) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Format characters: bidi controls, joiners, tags and the like.
pub(crate) fn is_format(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
}

/// The text as it is kept: NFC, LF for every line break, a space for a tab, nothing invisible but
/// the joiners, selectors and tags that emoji and scripts are written with, trimmed.
pub(crate) fn clean(raw: &str) -> String {
    let mut kept = String::with_capacity(raw.len());
    let mut chars = raw.nfc().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                kept.push('\n');
            }
            '\t' => kept.push(' '),
            '\n' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            c if c.is_control() || is_bidi(c) => {}
            c if is_ignorable(c) && !belongs_after(&kept, c, chars.peek().copied()) => {}
            c => kept.push(c),
        }
    }
    // Taking characters out can bring two together that compose.
    let kept: String = kept.nfc().collect();
    kept.trim().to_owned()
}

fn is_bidi(c: char) -> bool {
    CodePointSetData::new::<BidiControl>().contains(c)
}

fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether an invisible character has work to do at the end of `kept`, with `next` to follow.
fn belongs_after(kept: &str, c: char, next: Option<char>) -> bool {
    let Some(last) = kept.chars().next_back() else { return false };
    match c {
        ZWJ if ends_in_emoji(kept) => next.is_some_and(is_pictograph),
        ZWJ | ZWNJ => joins(last) && next.is_some_and(joins),
        '\u{E0020}'..='\u{E007F}' => last == BLACK_FLAG || matches!(last, '\u{E0020}'..='\u{E007E}'),
        c => CodePointSetData::new::<VariationSelector>().contains(c) && !last.is_whitespace() && !is_ignorable(last),
    }
}

fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

fn ends_in_emoji(kept: &str) -> bool {
    kept.chars()
        .rev()
        .find(|&c| c != '\u{FE0F}' && !CodePointSetData::new::<EmojiModifier>().contains(c))
        .is_some_and(is_pictograph)
}

/// Letters of scripts in which a joiner changes how a word is written (Arabic, the Indic scripts and others).
fn joins(c: char) -> bool {
    let script = CodePointMapData::<Script>::new().get(c);
    let plain = [Script::Latin, Script::Greek, Script::Cyrillic, Script::Han, Script::Hiragana, Script::Katakana];
    (c.is_alphabetic() || is_mark(c)) && script != Script::Common && !plain.contains(&script) || matches!(c, ZWJ | ZWNJ)
}

fn is_mark(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark
    )
}
