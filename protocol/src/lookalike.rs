//! What passes for something else: names that look like another's, and characters that look like a mark of ours.

use std::fmt;

use unicode_security::skeleton;

use crate::text;

/// What is left of a name once letters that look alike are one letter (UTS #39). It is a key, not something to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skeleton(String);

impl Skeleton {
    /// The key's text: at least one byte. A letter may count as many (`m` is `rn`), so it can be longer than the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Skeleton> for String {
    fn from(skeleton: Skeleton) -> Self {
        skeleton.0
    }
}

/// Stands before a skeleton of a name in capitals, as no name begins with it: those are told apart from what is alike as written.
const IN_CAPITALS: &str = " ";

/// The skeletons of a name. UTS #39 leaves case alone, but here `alice` and `ALICE` are one name, so both ways of reading an
/// `I` count: as the `l` that it looks like ("aIice"), and as the `i` that it folds to.
///
/// Whoever sees `ALlCE` reads the capitals of `alice`, too. So what a name looks like in capitals counts as well, if it is
/// written with some, or is another one in them: `allce`, which is neither, is not like `alice`.
pub(crate) fn skeletons(name: &str) -> Vec<Skeleton> {
    let of = |text: &str| skeleton(text).collect::<String>();
    // Case goes after the look, for a capital may look like another script's (Cyrillic У like Y, but у like y).
    let look = of(name);
    let as_written = of(&text::fold(&look));
    let as_folded = of(&text::fold(name));
    let in_capitals = of(&text::fold(&of(&name.to_uppercase())));
    // Some letters have no case, and look like capitals.
    let has_capitals = name.chars().chain(look.chars()).any(char::is_uppercase);
    let mut found = Vec::with_capacity(3);
    if has_capitals || in_capitals != as_written {
        found.push(Skeleton(format!("{IN_CAPITALS}{in_capitals}")));
    }
    if as_folded != as_written {
        found.push(Skeleton(as_folded));
    }
    found.push(Skeleton(as_written));
    found
}

/// What passes for the mark of a verified name, which both faces draw behind it as `✓`. It is a list and no property, as
/// Unicode has none for this; emoji selectors behind them make no difference.
const LIKE_THE_VERIFIED_MARK: &[char] = &[
    '✓',         // check mark
    '✔',         // heavy check mark
    '✅',        // white heavy check mark, mostly drawn in green
    '☑',         // ballot box with check
    '🗸',         // light check mark
    '🗹',         // ballot box with bold check
    '\u{1FBB1}', // inverse check mark: white on a block
    '\u{10102}', // Aegean check mark
    '⍻',         // "not check mark", whose stroke is hardly seen
    '√',         // square root: a check mark in most fonts
    '⎷',         // radical symbol bottom: the same without its roof
    'Ⓥ',         // circled V: the seal of verified accounts elsewhere
    'ⓥ',         // circled v
    '🅥',         // V in a black circle
    '🅅',         // squared V
    '🆅',         // V in a black square
];

/// Whether it passes for a mark that we draw ourselves, so that a name with it would say of itself what only a server can say.
pub(crate) fn is_like_a_mark(c: char) -> bool {
    LIKE_THE_VERIFIED_MARK.contains(&c)
}

/// How many characters of this kind stand in a row at most.
pub(crate) fn longest_run(text: &str, is_one: fn(char) -> bool) -> usize {
    text.split(|c| !is_one(c)).map(|run| run.chars().count()).max().unwrap_or(0)
}
