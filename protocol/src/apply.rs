//! The one rule by which changes are applied.
//!
//! A change carries the state that results, never a difference. A cheep takes it if it is newer than all that the cheep
//! has taken ([`Cheep::rev`]); so pages, live events and replays may come in any mix, and no two screens end up different.

use crate::{
    change::Reaction,
    cheep::{Cheep, CheepText},
    event::Event,
    limits::REACTION_NAMES,
    state::ReactionCount,
};

impl Cheep {
    /// Takes a change of this cheep, unless it is in it already or is none. True if it was taken.
    pub fn apply(&mut self, event: &Event) -> bool {
        if event.seq() <= self.rev() || !event.changes().any(|changed| changed == self.seq) {
            return false;
        }
        match event {
            Event::Cheep(reply) => self.count_replies(reply.parent_replies),
            Event::Edit(edit) => {
                self.cheep = edit.cheep.clone();
                self.state.edited_at = Some(edit.at);
            }
            Event::Delete(delete) if delete.target == self.seq => {
                self.cheep = CheepText::default();
                self.state.deleted = Some(delete.by);
                self.state.edited_at = None;
                self.state.reactions.clear();
            }
            Event::Delete(delete) => self.count_replies(delete.parent_replies),
            Event::Reaction(reaction) => react(&mut self.state.reactions, reaction),
            Event::Void { .. } | Event::Unknown { .. } => return false,
        }
        self.state.rev = Some(event.seq());
        true
    }

    fn count_replies(&mut self, replies: Option<u64>) {
        self.state.replies = replies.unwrap_or(self.state.replies);
    }
}

fn react(kinds: &mut Vec<ReactionCount>, reaction: &Reaction) {
    let Reaction { name, emoji, on, count, next, .. } = reaction;
    let at = kinds.iter().position(|kind| kind.emoji == *emoji);
    match at {
        Some(at) if *count == 0 => {
            kinds.remove(at);
        }
        Some(at) => {
            let kind = &mut kinds[at];
            kind.count = *count;
            kind.names.retain(|known| known != name);
            kind.names.extend(if *on { Some(name.clone()) } else { next.clone() });
            kind.names.truncate(REACTION_NAMES);
        }
        None if *on => kinds.push(ReactionCount { emoji: emoji.clone(), count: *count, names: vec![name.clone()] }),
        None => {}
    }
}
