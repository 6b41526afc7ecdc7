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

/// Stands before a skeleton in which a capital L is told from a small one, as no name begins with it.
const WITH_CAPITAL_L: &str = " ";

/// The skeletons of a name. UTS #39 leaves case alone, but here `alice` and `ALICE` are one name, so both ways of reading an
/// `I` count: as the `l` that it looks like ("aIice"), and as the `i` that it folds to.
///
/// Whoever sees `ALlCE` reads the capitals of `alice`, too. So a name also is like another that looks like its capitals as it is
/// written, in whatever case the other letters are. There an `l` is like an `I`, but not like an `L`: `Ella` is not like `Eila`.
pub(crate) fn skeletons(name: &str) -> Vec<Skeleton> {
    let of = |text: &str| skeleton(text).collect::<String>();
    // Case goes after the look, for a capital may look like another script's (Cyrillic У like Y, but у like y).
    let but_capital_l = |text: &str| {
        let parts: Vec<_> = text.split('L').map(|part| of(&text::fold(part))).collect();
        WITH_CAPITAL_L.to_owned() + &parts.join("L")
    };
    let look = of(name);
    let mut found = vec![
        of(&text::fold(&look)),
        of(&text::fold(name)),
        but_capital_l(&of(&name.to_uppercase())),
        but_capital_l(&look),
    ];
    found.sort();
    found.dedup();
    found.into_iter().map(Skeleton).collect()
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
