//! Tokens: what a text is cut into to be found, the same for cheeps and for what somebody types.
//!
//! * A **word** is a run of letters, marks and digits without its case, its compatibility forms and, where Latin, Greek or
//!   Cyrillic letters carry them, its accents: `Café` is `cafe`. An apostrophe within it does not count.
//! * What is written **without spaces** (Chinese, Japanese, Korean, Thai and others) has no words that could be told without a
//!   dictionary. It becomes all pairs of neighbours and, at its end, the last one alone: a piece of it is then a row of pairs,
//!   and one character is the beginning of a pair or that last one.
//! * An **emoji** is a token, whatever its skin tone.
//!
//! A token has ASCII letters in lower case, ASCII digits and anything beyond ASCII. Tags and names are tokens of their own that
//! begin with a character of private use, which no word has.

use cheeper_protocol::{FoldedName, fold};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{EmojiModifier, ExtendedPictographic, GeneralCategory, LineBreak, RegionalIndicator, Script},
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Longest token in characters; what is longer is cut off, here and in what is looked for.
const TOKEN_CHARS: usize = 64;

const TAG: char = '\u{E000}';
const MENTION: char = '\u{E001}';
const AUTHOR: char = '\u{E002}';
/// Where the ASCII characters that part words stand within a name or a tag.
const ESCAPED: u32 = 0xE100;

/// The tokens by which a text is found, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(token) => words.push(token),
            Piece::Run(units) => pairs(&units, true, &mut words),
        }
    }
    words
}

/// What is looked for: the tokens that must stand in a row, and whether the last one is only the beginning of one.
pub(super) fn sought(text: &str) -> (Vec<String>, bool) {
    let (mut words, mut is_begun) = (Vec::new(), false);
    let mut pieces = pieces(text).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Word(token) => words.push(token),
            // More may follow where it was found, unless something else follows here.
            Piece::Run(units) => {
                let ends_here = pieces.peek().is_some();
                is_begun = !ends_here && units.len() == 1;
                pairs(&units, ends_here || is_begun, &mut words);
            }
        }
    }
    (words, is_begun)
}

/// The token of a tag's key.
pub(super) fn tag(key: &str) -> String {
    marked(TAG, key)
}

/// The token of somebody who is mentioned.
pub(super) fn mention(name: &FoldedName) -> String {
    marked(MENTION, name.as_str())
}

/// The token of who wrote something.
pub(super) fn author(name: &FoldedName) -> String {
    marked(AUTHOR, name.as_str())
}

fn marked(mark: char, key: &str) -> String {
    let escape = |c: char| {
        let parts_words = c.is_ascii() && !c.is_ascii_alphanumeric();
        if parts_words { char::from_u32(ESCAPED + u32::from(c)).unwrap_or(c) } else { c }
    };
    [mark].into_iter().chain(key.chars().map(escape)).collect()
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// A word or an emoji.
    Word(String),
    /// Characters of a script without spaces, each with its marks.
    Run(Vec<String>),
}

fn pairs(units: &[String], with_last: bool, into: &mut Vec<String>) {
    into.extend(units.windows(2).map(<[String]>::concat));
    into.extend(units.last().filter(|_| with_last).cloned());
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut cutter = Cutter::default();
    if text.is_ascii() {
        // Most texts: what the tables would say is known.
        text.split_inclusive(|_| true).for_each(|character| cutter.take(character));
    } else {
        let text: String = text.nfc().collect();
        text.graphemes(true).for_each(|cluster| cutter.take(cluster));
    }
    cutter.end();
    cutter.pieces
}

/// Cuts a text, grapheme cluster by grapheme cluster.
#[derive(Default)]
struct Cutter {
    pieces: Vec<Piece>,
    open: String,
    has_spaces: bool,
}

impl Cutter {
    fn take(&mut self, cluster: &str) {
        let Some(first) = cluster.chars().next() else { return };
        if is_emoji(cluster, first) {
            self.end();
            let is_of_style = |c: char| matches!(c, '\u{FE0E}' | '\u{FE0F}') || is::<EmojiModifier>(c);
            let plain: String = cluster.chars().filter(|&c| !is_of_style(c)).collect();
            self.pieces.push(Piece::Word(if plain.is_empty() { cluster.to_owned() } else { plain }));
        } else if first.is_alphanumeric() {
            let has_spaces = is_of_words(first);
            if has_spaces != self.has_spaces {
                self.end();
                self.has_spaces = has_spaces;
            }
            self.open.push_str(cluster);
        } else if !matches!(first, '\'' | '’' | 'ʼ' | '＇') {
            self.end();
        }
    }

    /// What was begun is whole.
    fn end(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let folded = if self.open.is_ascii() { self.open.to_ascii_lowercase() } else { fold(&self.open) };
        self.open.clear();
        if self.has_spaces {
            let word: String = if folded.is_ascii() { folded } else { without_accents(&folded) };
            let word: String = word.chars().filter(|&c| c.is_alphanumeric() || is_mark(c)).take(TOKEN_CHARS).collect();
            if !word.is_empty() {
                self.pieces.push(Piece::Word(word));
            }
        } else {
            let is_shown = |cluster: &&str| cluster.chars().next().is_some_and(char::is_alphanumeric);
            let units: Vec<String> = folded
                .graphemes(true)
                .filter(is_shown)
                .map(|cluster| {
                    cluster.chars().filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric()).take(TOKEN_CHARS).collect()
                })
                .collect();
            if !units.is_empty() {
                self.pieces.push(Piece::Run(units));
            }
        }
    }
}

fn is_emoji(cluster: &str, first: char) -> bool {
    !cluster.is_ascii()
        && (cluster.contains('\u{20E3}') || is::<RegionalIndicator>(first) || is::<ExtendedPictographic>(first))
}

/// Whether a letter or digit is of a script that puts spaces between words.
fn is_of_words(c: char) -> bool {
    if c.is_ascii() {
        return true;
    }
    // What makes a vowel long belongs to both kana.
    let is_of_kana = matches!(c, 'ー' | 'ｰ');
    let script = CodePointMapData::<Script>::new().get(c);
    let has_none = [Script::Han, Script::Hiragana, Script::Katakana, Script::Hangul, Script::Bopomofo, Script::Tibetan]
        .contains(&script)
        // Thai, Lao, Khmer, Burmese and their kin.
        || CodePointMapData::<LineBreak>::new().get(c) == LineBreak::ComplexContext;
    !(is_of_kana || has_none)
}

/// Takes the marks from letters that people leave them off when they search.
fn without_accents(word: &str) -> String {
    let mut loses_marks = false;
    let is_kept = |c: &char| {
        if CodePointMapData::<GeneralCategory>::new().get(*c) == GeneralCategory::NonspacingMark {
            return !loses_marks;
        }
        let script = CodePointMapData::<Script>::new().get(*c);
        loses_marks = [Script::Latin, Script::Greek, Script::Cyrillic].contains(&script);
        true
    };
    word.nfd().filter(is_kept).nfc().collect()
}

fn is_mark(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark)
}

fn is<P: icu_properties::props::BinaryProperty>(c: char) -> bool {
    CodePointSetData::new::<P>().contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        words(text).join(" ")
    }

    #[test]
    fn a_text_is_cut_into_what_people_look_for() {
        let cases = [
            ("Hello, WORLD! 2026", "hello world 2026"),
            ("the dog's don’t rock'n'roll 'quoted'", "the dogs dont rocknroll quoted"),
            ("e-mail to bob@example.org, snake_case", "e mail to bob example org snake case"),
            ("Caf\u{e9} cafe\u{301} CAFÉ cafe ﬁne Ｆｕｌｌ", "cafe cafe cafe cafe fine full"),
            ("Straße Ǆ İstanbul Ёлка Άθήνα", "strasse dz istanbul елка αθηνα"),
            // Marks that are letters stay.
            ("हिन्दी שָׁלוֹם", "हिन्दी שָׁלוֹם"),
            ("東京都", "東京 京都 都"),
            ("私はPython3が好き", "私は は python3 が好 好き き"),
            ("ﾃﾞｰﾀ データ", "デー ータ タ デー ータ タ"),
            ("학교에서", "학교 교에 에서 서"),
            ("好", "好"),
            ("ภาษาไทย", "ภา าษ ษา าไ ไท ทย ย"),
            ("nice👍🏽 👍️ 👩‍💻❤️", "nice 👍 👍 👩‍💻 ❤"),
            ("🇨🇦🇩🇪 1️⃣", "🇨🇦 🇩🇪 1⃣"),
            ("*** — … \u{E000}x\u{E001}", "x"),
            ("", ""),
        ];
        for (text, tokens) in cases {
            assert_eq!(of(text), tokens, "{text}");
        }
    }

    #[test]
    fn one_character_is_looked_for_as_a_beginning_and_more_as_pairs() {
        let sought = |text: &str| {
            let (words, is_begun) = sought(text);
            (words.join(" "), is_begun)
        };
        for (text, tokens, is_begun) in [
            ("hello", "hello", false),
            ("京", "京", true),
            ("京都", "京都", false),
            ("東京都", "東京 京都", false),
            ("京a", "京 a", false),
            ("東京a", "東京 京 a", false),
            ("a京", "a 京", true),
        ] {
            assert_eq!(sought(text), (tokens.to_owned(), is_begun), "{text}");
        }
    }

    #[test]
    fn names_and_tags_are_tokens_that_no_text_has() {
        let name = |name: &str| cheeper_protocol::Name::parse(name).unwrap().fold();
        assert_eq!(author(&name("Ms Okafor")), "\u{E002}ms\u{E120}okafor");
        assert_ne!(author(&name("bob")), mention(&name("bob")));
        assert_ne!(tag("a_b"), tag("ab"));
        assert_eq!(words(&author(&name("bob"))), ["bob"]);
    }

    proptest! {
        #[test]
        fn a_token_is_one_to_an_index_that_parts_ascii_only(text in "\\PC*|[a-zA-Z' 京都กาé̈👍🏽️]*") {
            for token in words(&text) {
                let is_sound = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
                prop_assert!(!token.is_empty() && token.chars().all(is_sound), "{token:?}");
                prop_assert!(!token.starts_with([TAG, MENTION, AUTHOR]));
            }
        }

        #[test]
        fn however_it_is_composed_and_written_it_is_the_same(text in "[a-zäöüßéñÅ ọ̈東京한글ไทย]*") {
            let expected = words(&text);
            prop_assert_eq!(words(&text.nfd().collect::<String>()), expected.clone());
            prop_assert_eq!(words(&text.nfc().collect::<String>()), expected.clone());
            prop_assert_eq!(words(&text.to_uppercase()), expected);
        }

        #[test]
        fn the_short_way_for_ascii_gives_the_same(text in "[ -~]*") {
            let (mut long, wide) = (Cutter::default(), text.clone());
            wide.graphemes(true).for_each(|cluster| long.take(cluster));
            long.end();
            prop_assert_eq!(pieces(&text), long.pieces);
        }
    }
}
