//! Completing a mention from its beginning.

use std::ops::Range;

use cheeper_protocol::{Name, ReferenceKind, mention_of, references};

use super::Composer;

/// A mention being completed: Tab goes through the candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Mentions as they are written, with `@`, and quotation marks where the name needs them.
    pub candidates: Vec<String>,
    pub chosen: usize,
    /// Where the mention stands in the text.
    range: Range<usize>,
}

impl Completion {
    /// Begins at the @ before the cursor: with the first of the `names` that go on as it does, whatever their case.
    pub fn begin<'a>(composer: &mut Composer, names: impl Iterator<Item = &'a Name>) -> Option<Self> {
        const MOST: usize = 50;
        let (at, typed) = begun(composer.before_cursor())?;
        let typed = typed.to_lowercase();
        let fits = |name: &&Name| name.as_str().to_lowercase().starts_with(&typed);
        let candidates: Vec<String> = names.filter(fits).take(MOST).map(mention_of).collect();
        if candidates.is_empty() {
            return None;
        }
        let mut completion = Self { candidates, chosen: 0, range: at..composer.before_cursor().len() };
        completion.fill_in(composer);
        Some(completion)
    }

    /// Goes on to the next candidate, or to the one before.
    pub fn turn(&mut self, composer: &mut Composer, forward: bool) {
        let count = self.candidates.len();
        self.chosen = (self.chosen + if forward { 1 } else { count - 1 }) % count;
        self.fill_in(composer);
    }

    fn fill_in(&mut self, composer: &mut Composer) {
        let with = format!("{} ", self.candidates[self.chosen]);
        composer.replace(self.range.clone(), &with);
        self.range.end = self.range.start + with.len();
    }
}

/// Where a mention has begun that reaches to the end of a text, and what is there of its name. It may have spaces, with or
/// without a quotation mark before it.
fn begun(text: &str) -> Option<(usize, &str)> {
    let (at, sigil) = text.rmatch_indices(['@', '＠']).next()?;
    // Whether one can begin there is for the parser to say: in a mail address, say, or a link, none can.
    let with_a_name = format!("{}@a", &text[..at]);
    let last = references(&with_a_name).pop()?;
    let can_begin = last.span.start == at && matches!(last.kind, ReferenceKind::Mention(_));
    let typed = &text[at + sigil.len()..];
    can_begin.then(|| (at, typed.strip_prefix(['"', '“', '”', '„']).unwrap_or(typed)))
}
