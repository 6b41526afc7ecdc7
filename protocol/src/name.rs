//! Names of people and the secrets that claim them.

use std::fmt;

use icu_properties::{CodePointSetData, props::Emoji};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    limits::{NAME_BYTES, NAME_CHARS, NAME_CLUSTER, NAME_MARKS, SECRET_BYTES},
    lookalike::{self, Skeleton},
    refusal::{Code, Refusal},
    scripts, text,
};

/// A person's name: NFC, 1 to 32 grapheme clusters, nothing invisible, no white space at the ends or doubled, nothing that
/// passes for a mark of ours.
///
/// ```
/// # use cheeper_protocol::Name;
/// let name = Name::parse("Zoë")?;
/// assert_eq!(name.as_str(), "Zoë");
/// assert_eq!(name.fold(), Name::parse("ZOË")?.fold());
/// # Ok::<(), cheeper_protocol::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Reads a name as somebody typed it; refuses what [`Code::BadName`] covers.
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        let name = Self::kept(raw)?;
        // Nothing of what follows is in ASCII, which most names are.
        if name.0.is_ascii() {
            return Ok(name);
        }
        if name.0.chars().any(lookalike::is_like_a_mark) {
            return refuse("A name must not have a check mark or the like: that is how verified names are marked.");
        }
        if name.0.chars().any(text::is_without_meaning) {
            return refuse("A name must not have characters that look different everywhere (private use).");
        }
        if lookalike::longest_run(&name.0, text::is_nonspacing) > NAME_MARKS {
            return refuse("A name has at most 4 marks on a letter.");
        }
        if name.0.graphemes(true).any(|cluster| cluster.chars().count() > NAME_CLUSTER) {
            return refuse("A character of a name is made of at most 10 parts.");
        }
        Ok(name)
    }

    /// Reads a name that was taken once, maybe by rules that were wider: it is safe to draw, though [`Self::parse`] may not let
    /// anybody take it now. What was written under it stays readable so.
    pub fn kept(raw: &str) -> Result<Self, Refusal> {
        let name: String = raw.nfc().collect();
        if name.is_empty() {
            return refuse("A name must have at least one character.");
        }
        let mut before = None;
        for c in name.chars() {
            if c.is_whitespace() && before.is_none_or(char::is_whitespace) {
                return refuse("A name must not begin with a space or have two in a row.");
            }
            if text::is_line_break(c) || c.is_control() || !is_visible(c, before) {
                return refuse("A name must not have line breaks, control or invisible characters.");
            }
            before = Some(c);
        }
        if before.is_some_and(char::is_whitespace) {
            return refuse("A name must not end with a space.");
        }
        if name.graphemes(true).count() > NAME_CHARS {
            return refuse("A name has at most 32 characters.");
        }
        if name.len() > NAME_BYTES {
            return refuse("This name has too many marks on its letters: it has at most 512 bytes.");
        }
        Ok(Self(name))
    }

    /// The name as people see it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two names one: equal after Unicode `NFKC_Casefold`.
    pub fn fold(&self) -> FoldedName {
        FoldedName(text::fold(&self.0))
    }

    /// What two names have in common that look alike (UTS #39): one of these at least. There are two to four of them.
    ///
    /// ```
    /// # use cheeper_protocol::Name;
    /// let [claimed, other] = ["paypal", "РАУРАl"].map(|name| Name::parse(name).unwrap().skeletons());
    /// assert!(claimed.iter().any(|skeleton| other.contains(skeleton)));
    /// ```
    pub fn skeletons(&self) -> Vec<Skeleton> {
        lookalike::skeletons(&self.0)
    }

    /// Whether its letters are of scripts that are not written together (UTS #39: less than *moderately restrictive*), such as
    /// Latin ones with a Cyrillic among them. Nothing is wrong with such a name, but it is to be shown as what it is.
    pub fn mixes_scripts(&self) -> bool {
        !scripts::go_together(&self.0)
    }
}

fn refuse<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::new(Code::BadName, why).in_field("name"))
}

/// Shows nothing and is no white space to Unicode.
const BRAILLE_BLANK: char = '\u{2800}';

fn is_visible(c: char, before: Option<char>) -> bool {
    let emoji_selector =
        matches!(c, '\u{FE0E}' | '\u{FE0F}') && before.is_some_and(|b| CodePointSetData::new::<Emoji>().contains(b));
    emoji_selector || !(text::is_format(c) || text::is_ignorable(c) || c == BRAILLE_BLANK)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::kept(&raw)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A name with case and compatibility differences taken away: the key under which it is claimed and deduplicated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoldedName(String);

impl FoldedName {
    /// The folded text. It is a key, not something to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret that claims a name: 16 to 128 bytes. It is never printed, not even by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(String);

impl Secret {
    /// Reads a secret; refuses other lengths with [`Code::BadSecret`].
    pub fn parse(raw: &str) -> Result<Self, Refusal> {
        if SECRET_BYTES.contains(&raw.len()) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Refusal::from(Code::BadSecret).in_field("secret"))
        }
    }

    /// The secret itself, for the one who hashes or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl TryFrom<String> for Secret {
    type Error = Refusal;

    fn try_from(raw: String) -> Result<Self, Refusal> {
        Self::parse(&raw)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}
