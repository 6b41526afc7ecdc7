//! Emoji as reactions: one picture, written in one way.

use std::fmt;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BinaryProperty, Emoji as IsEmoji, EmojiModifier, EmojiModifierBase, EmojiPresentation, ExtendedPictographic,
        GeneralCategory, RegionalIndicator,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    limits::EMOJI_BYTES,
    refusal::{Code, Refusal},
    text::is_flag_of_tags,
};

/// Asks for a picture, not a character of the text around it.
const EMOJI_STYLE: char = '\u{FE0F}';
/// Asks for a character, not a picture. As a reaction it is a picture all the same.
const TEXT_STYLE: char = '\u{FE0E}';
const ZWJ: char = '\u{200D}';
/// Makes a key of the character before it.
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';

/// One emoji in its one form: at most [`EMOJI_BYTES`] bytes, one grapheme cluster.
///
/// Its grammar is that of UTS #51 (possible emoji), not the list of those that some version of Unicode recommends: so an older
/// client can read what a newer one sends.
///
/// ```
/// # use cheeper_protocol::Emoji;
/// assert_eq!(Emoji::parse("♥")?, Emoji::parse("♥\u{FE0F}")?);
/// assert!(Emoji::parse("1").is_err());
/// # Ok::<(), cheeper_protocol::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Emoji(String);

impl Emoji {
    /// Reads an emoji as somebody typed it; refuses what is none, or longer, with [`Code::BadField`].
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        let refuse = |why: &'static str| Refusal::new(Code::BadField, why).in_field("emoji");
        let emoji = normal(raw).ok_or_else(|| refuse("A reaction is one emoji, such as 👍."))?;
        if emoji.len() > EMOJI_BYTES {
            return Err(refuse("This emoji is made of too many parts: it has at most 35 bytes."));
        }
        Ok(Self(emoji))
    }

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Emoji {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::parse(&raw)
    }
}

impl From<Emoji> for String {
    fn from(emoji: Emoji) -> Self {
        emoji.0
    }
}

/// The one form of an emoji; `None` for what is not exactly one.
fn normal(raw: &str) -> Option<String> {
    let chars: Vec<char> = raw.chars().collect();
    match without_style(&chars) {
        [key, KEYCAP] | [key, EMOJI_STYLE | TEXT_STYLE, KEYCAP] if is_key(*key) => {
            Some(format!("{key}{EMOJI_STYLE}{KEYCAP}"))
        }
        flag @ [a, b] if is::<RegionalIndicator>(*a) && is::<RegionalIndicator>(*b) => Some(flag.iter().collect()),
        // A skin tone by itself is shown as a patch of it.
        [tone] if is::<EmojiModifier>(*tone) => Some(tone.to_string()),
        _ => chars.split(|&c| c == ZWJ).map(element).collect::<Option<Vec<_>>>().map(|all| all.join("\u{200D}")),
    }
}

/// A part of an emoji between joiners: a picture, with a skin tone or the tags of a flag.
fn element(chars: &[char]) -> Option<String> {
    let (&base, after) = chars.split_first().filter(|(base, _)| is_picture(**base))?;
    let ([EMOJI_STYLE | TEXT_STYLE, after @ ..] | after) = after;
    match without_style(after) {
        [] if after.is_empty() => {
            let style = needs_style(base).then_some(EMOJI_STYLE);
            Some(std::iter::once(base).chain(style).collect())
        }
        [tone] if is::<EmojiModifier>(*tone) && takes_tone(base) => Some(String::from_iter([base, *tone])),
        _ if base == BLACK_FLAG && is_flag_of_tags(after) => Some(std::iter::once(&base).chain(after).collect()),
        _ => None,
    }
}

/// Without a selector of style at the end.
fn without_style(chars: &[char]) -> &[char] {
    match chars {
        [before @ .., EMOJI_STYLE | TEXT_STYLE] => before,
        chars => chars,
    }
}

fn is<P: BinaryProperty>(c: char) -> bool {
    CodePointSetData::new::<P>().contains(c)
}

/// What is on a telephone's keys: none is an emoji by itself, though Unicode gives it the property.
fn is_key(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Code points that Unicode keeps for emoji to come count already: newer clients know them before older servers do.
fn is_reserved(c: char) -> bool {
    is::<ExtendedPictographic>(c) && CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Unassigned
}

/// Keys, regional indicators and skin tones have the property Emoji as well, but are no pictographs.
fn is_picture(c: char) -> bool {
    is::<ExtendedPictographic>(c) && (is::<IsEmoji>(c) || is_reserved(c))
}

fn takes_tone(base: char) -> bool {
    is::<EmojiModifierBase>(base) || is_reserved(base)
}

/// A character that is shown as text unless it is asked to be a picture. New emoji are all made pictures by themselves.
fn needs_style(base: char) -> bool {
    !is::<EmojiPresentation>(base) && !is_reserved(base)
}
