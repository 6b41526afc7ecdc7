//! Who is spoken to in a text, and which links are in it. Pure.

use std::ops::Range;

use cheeper_protocol::{FoldedName, Name};

/// Punctuation that follows a name or a link and is no part of it.
const AFTER: &[char] = &['.', ',', ':', ';', '!', '?', ')', ']', '}', '>', '"', '\'', '’', '”', '»', '…'];

/// Whether a text has `@name` in it, in any spelling.
pub fn mentions(text: &str, name: &FoldedName) -> bool {
    let words = text.split(char::is_whitespace).filter_map(|word| {
        let (before, mentioned) = word.split_once('@')?;
        (!before.contains(char::is_alphanumeric)).then_some(mentioned)
    });
    words
        .flat_map(|word| [word, word.trim_end_matches(AFTER)])
        .any(|word| Name::parse(word).is_ok_and(|mentioned| mentioned.fold() == *name))
}

/// Where the links are.
pub fn links(text: &str) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("http").map(|at| from + at) {
        let rest = &text[at..];
        from = at + "http".len();
        let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme)) else {
            continue;
        };
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(rest.len());
        let link = trim(&rest[..end]);
        if link.len() > scheme.len() {
            links.push(at..at + link.len());
            from = at + link.len();
        }
    }
    links
}

/// A closing bracket belongs to a link that has an opening one.
fn trim(link: &str) -> &str {
    let mut link = link;
    while let Some(shorter) = link.strip_suffix(AFTER) {
        if link.ends_with(')') && shorter.matches('(').count() > shorter.matches(')').count() {
            break;
        }
        link = shorter;
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_the_name_behind_an_at_however_it_is_written() {
        let mentioned = |text| mentions(text, &Name::parse("alice").unwrap().fold());
        for text in ["hi @alice!", "@ALICE", "(see\n@Alice)", "\"@alice\"", "@alice…"] {
            assert!(mentioned(text), "{text}");
        }
        for text in ["alice", "@alicea", "mail bob@alice", "@", "@ alice"] {
            assert!(!mentioned(text), "{text}");
        }
    }

    #[test]
    fn a_link_ends_before_what_only_follows_it() {
        let found = |text: &'static str| links(text).into_iter().map(|link| &text[link]).collect::<Vec<_>>();
        assert_eq!(
            found("see https://a.example/b, or (http://c.example)."),
            ["https://a.example/b", "http://c.example"]
        );
        assert_eq!(found("https://a.example/x_(y)"), ["https://a.example/x_(y)"]);
        assert_eq!(found("https:// http:/x httpx ftp://a"), [""; 0]);
        assert_eq!(found("家https://例.example/路?x=1家 b"), ["https://例.example/路?x=1家"]);
    }
}
