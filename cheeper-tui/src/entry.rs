//! One cheep as the client keeps it: as it is now, with what would be too dear to find out for every picture. Pure.

use std::{cell::Cell, rc::Rc};

use cheeper_protocol::{
    Cheep, CheepState, CheepText, DeletedBy, Event, FoldedName, Name, ReactionCount, Seq, Timestamp, mentions,
};

use crate::wrap::wrap;

/// Somebody who has cheeped, once for all of their cheeps.
#[derive(Debug, PartialEq)]
pub struct Person {
    pub name: Name,
    pub fold: FoldedName,
    /// Its letters are of scripts that do not go together: some may be others than they seem.
    pub mixes_scripts: bool,
}

impl Person {
    pub fn new(name: Name) -> Self {
        Self { fold: name.fold(), mixes_scripts: name.mixes_scripts(), name }
    }
}

/// Stands after a name that mixes scripts.
pub const MIXES_SCRIPTS: &str = " ⚠";

/// A cheep as it is now.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: Seq,
    pub at: Timestamp,
    pub person: Rc<Person>,
    /// Empty once it is deleted.
    pub text: CheepText,
    pub reply_to: Option<Seq>,
    pub verified: bool,
    /// The person here is mentioned by somebody else.
    pub calls: bool,
    /// What later events have made of it. Most are as they were posted, and a hundred thousand are kept.
    state: Option<Box<CheepState>>,
    /// A width, and the rows of the text in it: whatever goes over the screen asks for the same again.
    rows: Cell<(usize, usize)>,
}

impl Entry {
    /// The cheep of a person, as it is kept for `me`.
    pub(crate) fn new(cheep: Cheep, person: Rc<Person>, me: &FoldedName) -> Self {
        let Cheep { seq, at, name: _, cheep: text, verified, reply_to, parent_replies: _, id: _, state } = cheep;
        let calls = person.fold != *me && mentions(text.as_str(), me);
        let state = (state != CheepState::default()).then(|| Box::new(state));
        Self { seq, at, person, text, reply_to, verified, calls, state, rows: Cell::default() }
    }

    /// The cheep, less what nobody asks for once it is here.
    pub fn to_cheep(&self) -> Cheep {
        Cheep {
            seq: self.seq,
            at: self.at,
            name: self.person.name.clone(),
            cheep: self.text.clone(),
            verified: self.verified,
            reply_to: self.reply_to,
            parent_replies: None,
            id: None,
            state: self.state.as_deref().cloned().unwrap_or_default(),
        }
    }

    /// Takes a change, unless it is in it already or is none of this cheep. There is one rule for that, and it is the cheep's.
    pub(crate) fn apply(&mut self, event: &Event, me: &FoldedName) {
        let mut cheep = self.to_cheep();
        if cheep.apply(event) {
            *self = Self::new(cheep, Rc::clone(&self.person), me);
        }
    }

    /// Who took it back, if somebody did.
    pub fn deleted(&self) -> Option<DeletedBy> {
        self.state.as_ref()?.deleted
    }

    pub fn is_edited(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.edited_at.is_some())
    }

    pub fn reactions(&self) -> &[ReactionCount] {
        self.state.as_ref().map_or(&[], |state| &state.reactions)
    }

    /// How many answers stand.
    pub fn replies(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.replies)
    }

    /// Whether there is something to say under the text.
    pub fn has_notes(&self) -> bool {
        self.is_edited() || !self.reactions().is_empty() || self.replies() > 0
    }

    /// How many rows it takes with so many columns for the text: what it answers, the text, what there is to say under it.
    pub fn body(&self, width: usize) -> usize {
        usize::from(self.reply_to.is_some()) + self.rows(width) + usize::from(self.has_notes())
    }

    /// How many rows the text takes in so many columns; what stands in its place once it is deleted takes one.
    fn rows(&self, width: usize) -> usize {
        let (known, rows) = self.rows.get();
        if known == width && rows > 0 {
            return rows;
        }
        let rows = wrap(self.text.as_str(), width).len();
        self.rows.set((width, rows));
        rows
    }
}

/// Whether this person is among those who are known to have reacted so.
pub fn is_among(reaction: &ReactionCount, me: &FoldedName) -> bool {
    reaction.names.iter().any(|name| name.fold() == *me)
}
