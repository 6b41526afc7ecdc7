//! What a text refers to: links, mentions and tags. The page's `text.js` goes by the same rules, which `docs/PROTOCOL.md`
//! tells; `vectors/texts.json` holds both to them.

use std::ops::Range;

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup, Script},
};
use url::Url;

use crate::{
    name::{FoldedName, Name},
    text::{self, is_ignorable},
};

/// A part of a text that refers to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it refers to.
    pub kind: ReferenceKind,
    /// Where it stands, in bytes of the text, its `@` or `#` and quotation marks with it.
    pub span: Range<usize>,
}

/// What a part of a text refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A page of the web: the span is its URL, with `http` or `https` and without a user.
    Link,
    /// Somebody of this name.
    Mention(Name),
    /// A tag's key, without its `#`: two tags are one if these are equal (`NFKC_Casefold`, as for names).
    Tag(String),
}

/// Finds what a text refers to: in order, and no part of it twice. It takes time in proportion to the text, whatever is in it.
///
/// ```
/// # use cheeper_protocol::{ReferenceKind, references};
/// let text = "see https://example.org, @alice and @\"Ms Okafor\"! #Caf\u{e9}";
/// let found: Vec<_> = references(text).into_iter().map(|reference| &text[reference.span]).collect();
/// assert_eq!(found, ["https://example.org", "@alice", "@\"Ms Okafor\"", "#Caf\u{e9}"]);
/// ```
pub fn references(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let rest = &text[at..];
        let (len, kind) = match first {
            'h' | 'H' if !before.is_some_and(|b| b.is_ascii_alphanumeric() || b == '_') => link(rest),
            '@' | '＠' if may_mention_after(before) => mention(rest),
            '#' | '＃' if may_tag_after(before) => tag(rest),
            _ => None,
        }
        .unwrap_or((first.len_utf8(), None));
        if let Some(kind) = kind {
            found.push(Reference { kind, span: at..at + len });
        }
        at += len;
    }
    found
}

/// Whether a text mentions somebody of this name, in any spelling.
pub fn mentions(text: &str, name: &FoldedName) -> bool {
    // Most texts mention nobody, and every text is asked.
    text.contains(['@', '＠'])
        && references(text).into_iter().any(|reference| match reference.kind {
            ReferenceKind::Mention(mentioned) => mentioned.fold() == *name,
            ReferenceKind::Link | ReferenceKind::Tag(_) => false,
        })
}

/// Where the links of a text are, in bytes.
pub fn links(text: &str) -> Vec<Range<usize>> {
    let links = references(text).into_iter().filter(|reference| reference.kind == ReferenceKind::Link);
    links.map(|link| link.span).collect()
}

/// How to write a mention of somebody, with white space or the like after it: `@bob` where that is read as the name, else
/// `@"Ms Okafor"`.
///
/// ```
/// # use cheeper_protocol::{Name, mention_of};
/// assert_eq!(mention_of(&Name::parse("bob")?), "@bob");
/// assert_eq!(mention_of(&Name::parse("bob.")?), "@\"bob.\"");
/// # Ok::<(), cheeper_protocol::Refusal>(())
/// ```
pub fn mention_of(name: &Name) -> String {
    let plain = format!("@{name}");
    // Within brackets: a name that opens one would take the closing one for its own.
    match references(&format!("({plain})")).as_slice() {
        [Reference { kind: ReferenceKind::Mention(read), span }] if read == name && span.len() == plain.len() => plain,
        _ => format!("@\"{}\"", name.as_str().replace('\\', r"\\").replace('"', "\\\"")),
    }
}

/// What begins a text and how long it is; no kind: so much of it is only text.
type Found = Option<(usize, Option<ReferenceKind>)>;

fn link(text: &str) -> Found {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme)))?;
    let rest = &text[scheme.len()..];
    let host = host(rest);
    let behind = rest[host.len()..].chars().next();
    let whole = || run(rest, |c| c == '\\');
    let address = if matches!(behind, Some('/' | '?' | '#')) { whole() } else { host };
    let len = scheme.len() + address.trim_end_matches(is_trailing).len();
    // What stands before an @ is a user's name, there to make an address look like another's.
    let is_link = behind != Some('@') && is_host(host.trim_end_matches(is_trailing));
    Some(if is_link { (len, Some(ReferenceKind::Link)) } else { (scheme.len() + whole().len(), None) })
}

/// What stands for a host and its port.
fn host(text: &str) -> &str {
    let is_of_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let address = text.strip_prefix('[').and_then(|after| after.trim_start_matches(is_of_address).strip_prefix(']'));
    let rest = address.unwrap_or(text);
    let is_of_name = |c: char| matches!(c, '-' | '.' | ':') || is_of_word(c) && !is_ignorable(c);
    &text[..text.len() - rest.trim_start_matches(is_of_name).len()]
}

/// Whether it is one to the standard's parser: the port, numbers with dots and addresses in brackets have rules of their own.
/// What other letters mean (IDNA) is left open, for no two libraries are at one about it.
fn is_host(host: &str) -> bool {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']') { c } else { 'z' };
    let host: String = host.chars().map(plain).collect();
    Url::parse(&format!("http://{host}/")).is_ok() && !host.is_empty()
}

fn mention(text: &str) -> Found {
    let sigil = text.chars().next().map_or(0, char::len_utf8);
    let rest = &text[sigil..];
    let (len, name) = match quoted(rest) {
        Some(quoted) => quoted,
        None => {
            let word = run(rest, |c| matches!(c, '@' | '＠'));
            let name = without_ending(word);
            if name.len() == word.len() && rest[word.len()..].starts_with(['@', '＠']) {
                // An address of somewhere else: @alice@example.org.
                return None;
            }
            (name.len(), name.to_owned())
        }
    };
    let name = Name::parse(&name).ok()?;
    Some((sigil + len, Some(ReferenceKind::Mention(name))))
}

/// A name in quotation marks, straight or as phones put them: how long it is with them, and what they hold.
fn quoted(text: &str) -> Option<(usize, String)> {
    let mut chars = text.char_indices();
    let (_, opening) = chars.next()?;
    let closing: &[char] = match opening {
        '"' => &['"'],
        '“' | '”' => &['”'],
        '„' => &['“', '”'],
        _ => return None,
    };
    let mut name = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            c if closing.contains(&c) => return Some((at + c.len_utf8(), name)),
            // So that each is looked at once, however many are never closed.
            '“' | '”' | '„' if opening != '"' => return None,
            '\\' if opening == '"' && chars.as_str().starts_with(['"', '\\']) => {
                name.extend(chars.next().map(|(_, escaped)| escaped));
            }
            c => name.push(c),
        }
    }
    None
}

fn tag(text: &str) -> Found {
    let sigil = text.chars().next().map_or(0, char::len_utf8);
    let rest = &text[sigil..];
    // A mark would belong to the #, as in the keycap #️⃣.
    if rest.chars().next().is_none_or(is_mark) {
        return None;
    }
    let len = rest.find(|c| !is_of_word(c) && !is_joiner(c)).unwrap_or(rest.len());
    let word = &rest[..len];
    if !word.chars().any(|c| is_in(GeneralCategoryGroup::Letter, c) && !is_ignorable(c)) || word.starts_with(is_joiner)
    {
        return None;
    }
    Some((sigil + len, Some(ReferenceKind::Tag(text::fold(word)))))
}

/// What only follows a link or a name at its end: punctuation of the sentence, and a bracket that opens something else.
fn is_trailing(c: char) -> bool {
    const PUNCTUATION: &str = ".,:;!?'‘’*~،؛؟۔।॥";
    PUNCTUATION.contains(c) || closing_of(c).is_some()
}

/// Without what only follows a name: punctuation, and the ending of a genitive.
fn without_ending(word: &str) -> &str {
    let mut name = word;
    loop {
        let shorter = name.trim_end_matches(is_trailing);
        let shorter = ["'s", "’s"].into_iter().find_map(|ending| shorter.strip_suffix(ending)).unwrap_or(shorter);
        if shorter.len() == name.len() {
            return name;
        }
        name = shorter;
    }
}

/// What stands at the beginning of a text until white space, a quotation mark or the like, or until a bracket closes that was
/// not opened in it.
fn run(text: &str, also_ends: impl Fn(char) -> bool) -> &str {
    let mut open = Vec::new();
    let end = text.find(|c| {
        if let Some(closing) = closing_of(c) {
            open.push(closing);
        } else if is_closing(c) {
            return open.pop_if(|closing| *closing == c).is_none();
        }
        ends(c) || also_ends(c)
    });
    &text[..end.unwrap_or(text.len())]
}

fn ends(c: char) -> bool {
    const QUOTES: &str = "\"“”„‟«»‹›`";
    // Chinese and Japanese put no space after these.
    const OTHERS: &str = "<>|…—、。，．：；！？～｡､";
    c.is_whitespace() || c.is_control() || QUOTES.contains(c) || OTHERS.contains(c)
}

const BRACKETS: &[(char, char)] = &[
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('（', '）'),
    ('［', '］'),
    ('「', '」'),
    ('『', '』'),
    ('【', '】'),
    ('《', '》'),
    ('〈', '〉'),
];

fn closing_of(c: char) -> Option<char> {
    BRACKETS.iter().find(|(opening, _)| *opening == c).map(|(_, closing)| *closing)
}

fn is_closing(c: char) -> bool {
    BRACKETS.iter().any(|(_, closing)| *closing == c)
}

/// Within a word an @ is part of a mail address, after a slash of a web address.
fn may_mention_after(before: Option<char>) -> bool {
    before.is_none_or(|c| {
        !matches!(c, '@' | '＠' | '/' | '\\') && (!is_of_word(c) || is_selector(c) || is_written_unspaced(c))
    })
}

/// A tag right behind Chinese is none: that would make two of #话题#.
fn may_tag_after(before: Option<char>) -> bool {
    before.is_none_or(|c| !matches!(c, '#' | '＃' | '&' | '/') && (!is_of_word(c) || is_selector(c)))
}

fn is_of_word(c: char) -> bool {
    const WORD: GeneralCategoryGroup =
        GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark).union(GeneralCategoryGroup::Number);
    c == '_' || is_in(WORD, c)
}

fn is_mark(c: char) -> bool {
    is_in(GeneralCategoryGroup::Mark, c)
}

fn is_in(group: GeneralCategoryGroup, c: char) -> bool {
    group.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// Words of Persian and Indic languages have them inside.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Marks that end an emoji: they are no part of a word.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{20E3}')
}

/// Letters of scripts that put no spaces between words, so that a mention may follow one.
fn is_written_unspaced(c: char) -> bool {
    const SCRIPTS: [Script; 7] =
        [Script::Han, Script::Hiragana, Script::Katakana, Script::Thai, Script::Lao, Script::Khmer, Script::Myanmar];
    c == 'ー' || SCRIPTS.contains(&CodePointMapData::<Script>::new().get(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentioned(text: &str, name: &str) -> bool {
        mentions(text, &Name::parse(name).unwrap().fold())
    }

    #[test]
    fn somebody_is_mentioned_however_the_name_is_written() {
        for text in
            ["hi @alice!", "@ALICE", "(see\n@Alice)", "\"@alice\"", "@alice…", "＠ａｌｉｃｅ", "@\"alice\"", "@alice's"]
        {
            assert!(mentioned(text, "alice"), "{text}");
        }
        for text in ["alice", "@alicea", "mail bob@alice", "@", "@ alice", "https://example.org/@alice", "#alice"] {
            assert!(!mentioned(text, "alice"), "{text}");
        }
        assert!(mentioned("@\"ms okafor\", hello", "Ms Okafor"));
        assert!(!mentioned("@\"ms okafor\", hello", "ms"));
    }

    #[test]
    fn links_are_found_among_the_rest() {
        let text = "@a https://example.org/, #b (http://c.example)";
        let found: Vec<_> = links(text).into_iter().map(|link| &text[link]).collect();
        assert_eq!(found, ["https://example.org/", "http://c.example"]);
    }

    #[test]
    fn many_beginnings_that_come_to_nothing_are_read_once() {
        // What stands between two of them is bounded by the next: were each to look to the end, this would take minutes.
        let beginnings =
            ["@“", "@\"", "@(", "http://a(", "http://a/(", "http://", "http://@", "#_", "@a's", "(", ")", "@"];
        for beginning in beginnings {
            let text = beginning.repeat(400_000 / beginning.len());
            assert!(references(&text).iter().all(|reference| reference.span.end <= text.len()), "{beginning}");
        }
    }
}
