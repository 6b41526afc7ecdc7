//! What this person has had done to a cheep that the server has not taken yet. Pure.

use std::collections::HashSet;

use cheeper_protocol::{
    CheepText, Emoji, Seq,
    follow::{Follow, Submission},
};

/// What is on its way to become of one cheep.
#[derive(Debug, Default, PartialEq)]
pub struct Changing<'a> {
    /// How it is to read.
    pub edit: Option<&'a CheepText>,
    pub is_deleted: bool,
    /// Each emoji once: whether it is to stand in the end.
    pub reactions: Vec<(&'a Emoji, bool)>,
}

impl<'a> Changing<'a> {
    /// What is on its way to become of this one.
    pub fn of(follow: &'a Follow, seq: Seq) -> Self {
        let mut changing = Self::default();
        for submission in follow.outbox().filter(|submission| submission.target() == Some(seq)) {
            match submission {
                Submission::Post { .. } => {}
                Submission::Edit { cheep, .. } => changing.edit = Some(cheep),
                Submission::Delete { .. } => changing.is_deleted = true,
                // They are done one after the other, so the last one counts.
                Submission::React { emoji, on, .. } => {
                    match changing.reactions.iter_mut().find(|(other, _)| *other == emoji) {
                        Some((_, wish)) => *wish = *on,
                        None => changing.reactions.push((emoji, *on)),
                    }
                }
            }
        }
        changing
    }

    /// Whether this emoji is to stand in the end, if something is on its way about it.
    pub fn reaction(&self, emoji: &Emoji) -> Option<bool> {
        self.reactions.iter().find(|(other, _)| *other == emoji).map(|(_, on)| *on)
    }
}

/// The cheeps that something is to become of.
pub fn targets(follow: &Follow) -> HashSet<Seq> {
    follow.outbox().filter_map(Submission::target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_wish_counts() {
        let kept = [
            r#"{"type":"react","id":"a","target":7,"emoji":"🎉","on":true}"#,
            r#"{"type":"edit","id":"b","target":7,"cheep":"one"}"#,
            r#"{"type":"react","id":"c","target":7,"emoji":"🎉","on":false}"#,
            r#"{"type":"edit","id":"d","target":7,"cheep":"two"}"#,
            r#"{"type":"delete","id":"e","target":8}"#,
            r#"{"type":"post","id":"f","cheep":"hello","reply_to":9}"#,
        ];
        let follow = Follow::new(None, kept.map(|kept| serde_json::from_str(kept).unwrap()).into());
        let seq = |number| Seq::new(number).unwrap();
        let (party, text) = (Emoji::parse("🎉").unwrap(), CheepText::cleaned("two"));
        let changing = Changing::of(&follow, seq(7));
        assert_eq!(changing, Changing { edit: Some(&text), is_deleted: false, reactions: vec![(&party, false)] });
        assert_eq!(changing.reaction(&party), Some(false));
        assert!(Changing::of(&follow, seq(8)).is_deleted);
        assert_eq!(targets(&follow), [seq(7), seq(8)].into());
    }
}
