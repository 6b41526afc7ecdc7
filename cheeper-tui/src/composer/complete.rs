//! Completing an @name from its beginning.

use std::ops::Range;

use super::Composer;

/// An @name being completed: Tab goes through the candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    pub candidates: Vec<String>,
    pub chosen: usize,
    /// Where the name stands in the text, without the `@`.
    range: Range<usize>,
}

impl Completion {
    /// Begins at the @ before the cursor: with the first of the `names` that go on as it does, whatever their case.
    pub fn begin<'a>(composer: &mut Composer, names: impl Iterator<Item = &'a str>) -> Option<Self> {
        const MOST: usize = 50;
        let before = composer.before_cursor();
        let at = before.rfind('@').filter(|at| !before[*at..].contains(char::is_whitespace))?;
        if before[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            // An e-mail address, say.
            return None;
        }
        let range = at + 1..before.len();
        let typed = before[range.clone()].to_lowercase();
        // A name with a space in it cannot be mentioned.
        let fits = |name: &&str| name.to_lowercase().starts_with(&typed) && !name.contains(char::is_whitespace);
        let candidates: Vec<String> = names.filter(fits).take(MOST).map(str::to_owned).collect();
        if candidates.is_empty() {
            return None;
        }
        let mut completion = Self { candidates, chosen: 0, range };
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
