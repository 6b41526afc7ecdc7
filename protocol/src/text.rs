//! Which characters a stored text may hold: whatever a client sends, what is kept is safe to draw.

use icu_casemap::CaseMapper;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic, GeneralCategory, NoncharacterCodePoint, Script,
        VariationSelector,
    },
};
use unicode_normalization::UnicodeNormalization as _;

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';

/// Line and paragraph separators besides LF.
pub(crate) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Format characters: bidi controls, joiners, tags and the like.
pub(crate) fn is_format(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
}

/// Characters that show nothing of their own: bidi controls, joiners, selectors, tags, fillers.
pub(crate) fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Marks that take no room of their own: they stand on the letter before them.
pub(crate) fn is_nonspacing(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

/// Private use and noncharacters: what they show, if anything, is each reader's own font's business.
pub(crate) fn is_without_meaning(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::PrivateUse
        || CodePointSetData::new::<NoncharacterCodePoint>().contains(c)
}

/// The key of a text in which case and compatibility make no difference: Unicode `NFKC_Casefold`.
///
/// ```
/// assert_eq!(cheeper_protocol::fold("Ｓtraße"), "strasse");
/// ```
pub fn fold(text: &str) -> String {
    let mapper = CaseMapper::new();
    // UAX #31 D147: folding can undo normalization and the other way round, so it goes twice round.
    let mut folded: String = text.nfd().collect();
    for _ in 0..2 {
        let visible: String = mapper.fold_string(&folded).chars().filter(|&c| !is_ignorable(c)).collect();
        folded = visible.nfkc().collect();
    }
    folded
}

/// The text as it is kept: NFC, LF for every line break, a space for a tab, nothing invisible but
/// the joiners, selectors and tags that emoji and scripts are written with, trimmed.
pub(crate) fn clean(raw: &str) -> String {
    let chars: Vec<char> = raw.nfc().collect();
    let mut kept = String::with_capacity(raw.len());
    let mut rest = chars.as_slice();
    while let [c, after @ ..] = rest {
        rest = after;
        match *c {
            '\r' if after.first() == Some(&'\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            '\t' => kept.push(' '),
            BLACK_FLAG => {
                let (tags, after) = after.split_at(flag_tags(after));
                kept.push(BLACK_FLAG);
                kept.extend(tags);
                rest = after;
            }
            c if c.is_control() => {}
            c if is_ignorable(c) && !belongs_after(&kept, c, after.first().copied()) => {}
            c => kept.push(c),
        }
    }
    // Taking characters out can bring two together that compose.
    let kept: String = kept.nfc().collect();
    kept.trim().to_owned()
}

/// How many tags make the black flag before them that of a country's part, such as England.
fn flag_tags(after: &[char]) -> usize {
    let letters =
        after.iter().take_while(|c| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}')).count();
    if (3..=7).contains(&letters) && after.get(letters) == Some(&CANCEL_TAG) { letters + 1 } else { 0 }
}

/// Whether these are all the tags of such a flag, and nothing else.
pub(crate) fn is_flag_of_tags(after: &[char]) -> bool {
    !after.is_empty() && flag_tags(after) == after.len()
}

/// Whether an invisible character has work to do at the end of `kept`, with `next` to follow.
fn belongs_after(kept: &str, c: char, next: Option<char>) -> bool {
    let Some(last) = kept.chars().next_back() else { return false };
    match c {
        ZWJ if ends_in_emoji(kept) => next.is_some_and(is_pictograph),
        // A joiner also shapes the end of a word; what keeps letters apart needs letters on both sides.
        ZWJ => ends_in_joining_script(kept),
        ZWNJ => ends_in_joining_script(kept) && next.is_some_and(joins),
        c => is_selector(c) && !last.is_whitespace() && !is_ignorable(last),
    }
}

fn is_selector(c: char) -> bool {
    CodePointSetData::new::<VariationSelector>().contains(c)
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

/// Selectors and the marks that many scripts share belong to the letter that they stand on.
fn ends_in_joining_script(kept: &str) -> bool {
    let on_a_letter = |c| is_selector(c) || is_mark(c) && script(c) == Script::Inherited;
    kept.chars().rev().find(|&c| !on_a_letter(c)).is_some_and(joins)
}

/// Letters of scripts in which a joiner changes how a word is written (Arabic, the Indic scripts and others).
fn joins(c: char) -> bool {
    const NEVER: [Script; 8] = [
        Script::Common,
        Script::Inherited,
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
    ];
    (c.is_alphabetic() || is_mark(c)) && !is_ignorable(c) && !NEVER.contains(&script(c))
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn is_mark(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark
    )
}
