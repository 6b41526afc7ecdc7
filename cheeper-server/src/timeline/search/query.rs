//! What somebody typed into a search: words, which must all be there; `"a phrase"`; `beginning*`; `#tag`; `@name` or `@"a name"`;
//! `from:name` or `from:"a name"`. Whatever is typed is read as something: there is no mistake to be made but to look for nothing, or for too much at once.

use cheeper_protocol::{Code, Name, ReferenceKind, Refusal, references};

use super::{document::Document, tokens};

/// Things to look for at once. Each is looked up by itself first, a beginning with all words that have it.
const TERMS: usize = 16;

/// What is looked for: all of it must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Query {
    pub(in super::super) terms: Vec<Term>,
}

/// One thing that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Term {
    /// These tokens in a row; with `is_begun` the last is the beginning of one.
    Phrase { words: Vec<String>, is_begun: bool },
    /// A tag, somebody who is mentioned or who wrote it.
    Key(String),
}

impl Query {
    pub(in super::super) fn parse(typed: &str) -> Result<Self, Refusal> {
        let (mut terms, mut rest) = (Vec::new(), typed.trim_start());
        while !rest.is_empty() {
            let (term, length) = next(rest);
            if let Some(term) = term.filter(|term| !terms.contains(term)) {
                terms.push(term);
            }
            rest = rest[length..].trim_start();
        }
        if terms.is_empty() {
            let why = "There is nothing to look for in this: give a word, a \"phrase\", a #tag, an @name or from:name.";
            return Err(Refusal::new(Code::BadField, why).in_field("q"));
        }
        if terms.len() > TERMS {
            let why = format!(
                "This looks for too much at once: give at most {TERMS} words, or put those that come in a row in quotation marks."
            );
            return Err(Refusal::new(Code::BadField, why).in_field("q"));
        }
        Ok(Self { terms })
    }

    /// Whether a cheep has all of it. What an index finds is asked this once more, as the cheep may have changed since.
    pub(in super::super) fn matches(&self, document: &Document) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Key(key) => document.keys.contains(key),
            Term::Phrase { words, is_begun } => document.words.windows(words.len()).any(|row| {
                let (last, before) = (words.len() - 1, &words[..words.len() - 1]);
                let ends = if *is_begun { row[last].starts_with(&words[last]) } else { row[last] == words[last] };
                ends && row[..last] == *before
            }),
        })
    }
}

/// The first term, which there may be none of, and how long it is: at least one character.
fn next(typed: &str) -> (Option<Term>, usize) {
    if let Some((phrase, length)) = quoted(typed) {
        return (self::phrase(phrase, false), length);
    }
    if let Some((name, length)) = after_from(typed) {
        return (Some(Term::Key(tokens::author(&name.fold()))), length);
    }
    let referred = references(typed).into_iter().next().filter(|reference| reference.span.start == 0);
    if let Some(reference) = referred {
        let key = match reference.kind {
            ReferenceKind::Tag(tag) => Some(tokens::tag(&tag)),
            ReferenceKind::Mention(name) => Some(tokens::mention(&name.fold())),
            ReferenceKind::Link => None,
        };
        if let Some(key) = key {
            return (Some(Term::Key(key)), reference.span.end);
        }
    }
    let word = until_space(typed);
    // A star alone, or after something that is no word, begins nothing.
    let is_begun = word.ends_with('*') && word.trim_end_matches('*').ends_with(char::is_alphanumeric);
    (phrase(word, is_begun), word.len())
}

fn phrase(text: &str, is_begun: bool) -> Option<Term> {
    let (words, is_one_character) = tokens::sought(text);
    (!words.is_empty()).then_some(Term::Phrase { words, is_begun: is_begun || is_one_character })
}

/// What stands in the quotation marks at the beginning, or after one that is never closed; and how long it is with them.
fn quoted(typed: &str) -> Option<(&str, usize)> {
    const MARKS: [char; 4] = ['"', '“', '”', '„'];
    let inside = typed.strip_prefix(MARKS)?;
    let (text, behind) = inside.split_once(MARKS).unwrap_or((inside, ""));
    Some((text, typed.len() - behind.len()))
}

/// Whose cheeps are looked for, and how long that is.
fn after_from(typed: &str) -> Option<(Name, usize)> {
    const FROM: &str = "from:";
    let is_from = typed.get(..FROM.len()).is_some_and(|word| word.eq_ignore_ascii_case(FROM));
    let rest = typed.get(FROM.len()..).filter(|_| is_from)?;
    let (name, length) = quoted(rest).unwrap_or_else(|| {
        let word = until_space(rest);
        (word, word.len())
    });
    let name = name.strip_prefix('@').unwrap_or(name).trim();
    Some((Name::parse(name).ok()?, FROM.len() + length))
}

fn until_space(typed: &str) -> &str {
    typed.split(char::is_whitespace).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{Cheep, CheepState, CheepText, Seq, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn document(name: &str, text: &str) -> Document {
        Document::of(&Cheep {
            seq: Seq::ZERO.next(),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse(name).unwrap(),
            cheep: CheepText::cleaned(text),
            verified: false,
            reply_to: None,
            parent_replies: None,
            id: None,
            state: CheepState::default(),
        })
    }

    fn finds(query: &str, name: &str, text: &str) -> bool {
        Query::parse(query).unwrap().matches(&document(name, text))
    }

    #[test]
    fn a_cheep_is_found_by_what_it_has_and_who_wrote_it() {
        let found = [
            ("hello", "Hello, world"),
            ("world hello", "Hello, big world"),
            ("\"big world\"", "Hello, big world"),
            ("“big world”", "Hello, big world"),
            ("wor*", "Hello, world"),
            ("cafe", "a cafe\u{301}"),
            ("CAF\u{c9}", "a cafe"),
            ("example.org", "see https://example.org/path"),
            ("https://example.org/path", "see https://example.org/path now"),
            ("#tea", "I like #Tea."),
            ("tea", "I like #Tea."),
            ("@bob", "hello @Bob!"),
            ("@\"Ms Okafor\"", "hello @\"ms okafor\""),
            ("京", "東京都"),
            ("京都", "東京都"),
            ("👍", "good 👍🏽"),
            ("from:alice", "anything"),
            ("FROM:\"Alice\" any*", "anything"),
            ("from:@alice", "anything"),
            ("\"never closed", "it was never closed"),
            ("hello -", "hello"),
            ("AND", "you and me"),
            ("NEAR(a b)", "near a b"),
        ];
        for (query, text) in found {
            assert!(finds(query, "Alice", text), "{query} in {text}");
        }
        let not_found = [
            ("hell", "hello"),
            ("hello moon", "hello world"),
            ("\"world big\"", "Hello, big world"),
            ("#te", "#tea"),
            ("#tea", "tea"),
            ("@bob", "bob"),
            ("@alice", "from Alice"),
            ("from:alic", "alice"),
            ("alice", "anything"),
            ("都京", "東京都"),
            ("東都", "東京都"),
        ];
        for (query, text) in not_found {
            assert!(!finds(query, "Alice", text), "{query} in {text}");
        }
    }

    #[test]
    fn a_name_may_have_anything_that_names_have() {
        assert!(finds("from:\"Ms Okafor\"", "Ms Okafor", "x"));
        assert!(finds("from:ms*", "ms*", "x"));
        assert!(!finds("from:Ms", "Ms Okafor", "x"));
        // It is no name, so it is two words.
        assert!(finds("from:", "Alice", "where is it from"));
    }

    #[test]
    fn nothing_to_look_for_is_said_so() {
        for typed in ["*", "\"\"", "…", "@", "#", "- ! ?", "\"", "“”"] {
            let refusal = Query::parse(typed).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some("q")), "{typed}");
        }
    }

    #[test]
    fn too_much_at_once_is_said_so() {
        let words = |count: usize| (0..count).map(|nth| format!("word{nth}*")).collect::<Vec<_>>().join(" ");
        assert_eq!(Query::parse(&words(TERMS)).unwrap().terms.len(), TERMS);
        let refusal = Query::parse(&words(TERMS + 1)).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (Code::BadField, Some("q")));
        assert_eq!(Query::parse(&format!("{} word0*", words(TERMS))).unwrap().terms.len(), TERMS, "the same again");
        assert_eq!(Query::parse(&format!("\"{}\"", words(30))).unwrap().terms.len(), 1, "a phrase is one thing");
    }

    #[test]
    fn what_is_deleted_is_found_by_nothing() {
        let mut cheep = document("Alice", "hello");
        assert!(Query::parse("from:alice").unwrap().matches(&cheep));
        cheep = Document::default();
        assert!(!Query::parse("from:alice").unwrap().matches(&cheep));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read(typed in "\\PC{0,40}|[ \"“”#@a:*from京👍']{0,30}") {
            if let Ok(query) = Query::parse(&typed) {
                prop_assert!(!query.terms.is_empty());
                query.matches(&document("alice", &typed));
            }
        }

        /// A text is found by each piece of it between spaces, and by all of it in quotation marks.
        #[test]
        fn a_text_is_found_by_itself(text in "[a-zé京都한글 .'-]{1,30}") {
            for piece in text.split_whitespace() {
                if let Ok(query) = Query::parse(piece) {
                    prop_assert!(query.matches(&document("alice", &text)), "{piece} in {text}");
                }
            }
            if let Ok(query) = Query::parse(&format!("\"{text}\"")) {
                prop_assert!(query.matches(&document("alice", &text)));
            }
        }
    }
}
