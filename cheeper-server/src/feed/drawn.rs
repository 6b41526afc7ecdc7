//! Logs drawn at random, with changes of all kinds among their cheeps, and what readers are to see of them.

use std::collections::BTreeMap;

use cheeper_protocol::{
    Cheep, CheepText, Delete, DeletedBy, Edit, Emoji, Event, Reaction, Seq, Timestamp,
    testkit::{cheep, name, seq},
};
use proptest::{prelude::*, sample::Index};

/// What somebody tries to do.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Post { length: usize, to: Option<Index> },
    Edit { which: Index, length: usize },
    Delete(Index),
    React { which: Index, who: usize, emoji: usize },
}

/// Logs of fewer than `most` events, whose texts have fewer than `length` characters.
pub(super) fn logs(most: usize, length: usize) -> impl Strategy<Value = Vec<Event>> {
    let which = any::<Index>;
    let step = prop_oneof![
        6 => (1..length, prop::option::weighted(0.3, which())).prop_map(|(length, to)| Step::Post { length, to }),
        2 => (which(), 1..length).prop_map(|(which, length)| Step::Edit { which, length }),
        1 => which().prop_map(Step::Delete),
        4 => (which(), 0..4_usize, 0..3_usize).prop_map(|(which, who, emoji)| Step::React { which, who, emoji }),
    ];
    prop::collection::vec(step, 1..most).prop_map(|steps| log(&steps))
}

/// What the steps that can be made make of a log, each event as it was when it came.
fn log(steps: &[Step]) -> Vec<Event> {
    let (mut cheeps, mut events) = (BTreeMap::new(), Vec::new());
    for step in steps {
        let next = seq(events.len() as u64 + 1);
        let Some(event) = make(step, next, &cheeps) else { continue };
        for target in event.changes() {
            assert!(cheeps.get_mut(&target).is_some_and(|cheep: &mut Cheep| cheep.apply(&event)));
        }
        if let Event::Cheep(cheep) = &event {
            cheeps.insert(next, cheep.clone());
        }
        events.push(event);
    }
    events
}

fn make(step: &Step, next: Seq, cheeps: &BTreeMap<Seq, Cheep>) -> Option<Event> {
    let at = Timestamp::UNIX_EPOCH;
    let which = |index: &Index| (!cheeps.is_empty()).then(|| cheeps.values().nth(index.index(cheeps.len())).unwrap());
    let standing = |index: &Index| which(index).filter(|cheep| !cheep.is_deleted());
    Some(match step {
        Step::Post { length, to } => {
            let parent = to.as_ref().and_then(which);
            let (reply_to, replies) = (parent.map(|parent| parent.seq), parent.map(|parent| parent.state.replies + 1));
            Event::Cheep(Cheep { reply_to, parent_replies: replies, ..cheep(next.get(), &text(next, *length)) })
        }
        Step::Edit { which, length } => {
            let text = CheepText::cleaned(&text(next, *length));
            Event::Edit(Edit { seq: next, at, target: standing(which)?.seq, cheep: text, id: None })
        }
        Step::Delete(which) => {
            let Cheep { seq: target, reply_to, .. } = *standing(which)?;
            let parent_replies = reply_to.map(|parent| cheeps[&parent].state.replies - 1);
            Event::Delete(Delete { seq: next, at, target, by: DeletedBy::Author, reply_to, parent_replies, id: None })
        }
        Step::React { which, who, emoji } => {
            let cheep = standing(which)?;
            let (name, emoji) = (name(["alice", "bob", "carol", "dora"][*who]), ["♥️", "👍", "🎉"][*emoji]);
            let emoji = Emoji::parse(emoji).unwrap();
            let kind = cheep.state.reactions.iter().find(|kind| kind.emoji == emoji);
            let on = kind.is_none_or(|kind| !kind.names.contains(&name));
            let before = kind.map_or(0, |kind| kind.count);
            let count = if on { before + 1 } else { before - 1 };
            Event::Reaction(Reaction { seq: next, at, target: cheep.seq, name, emoji, on, count, next: None, id: None })
        }
    })
}

/// A text by which the event is known that it came with.
fn text(seq: Seq, length: usize) -> String {
    format!("text of {seq} {}", "x".repeat(length))
}

/// What readers are to see of a log, read once from its beginning.
pub(super) fn as_it_is_now(log: &[Event]) -> Vec<Event> {
    let later = |at: usize| &log[at + 1..];
    let now = |(at, event): (usize, &Event)| {
        let seq = event.seq();
        let edited = |target| later(at).iter().any(|event| matches!(event, Event::Edit(edit) if edit.target == target));
        let deleted =
            |target| later(at).iter().any(|event| matches!(event, Event::Delete(delete) if delete.target == target));
        match event {
            Event::Cheep(cheep) => {
                let mut cheep = cheep.clone();
                for event in later(at) {
                    cheep.apply(event);
                }
                Event::Cheep(cheep)
            }
            Event::Edit(edit) if edited(edit.target) || deleted(edit.target) => Event::Void { seq },
            Event::Reaction(reaction) if deleted(reaction.target) => Event::Void { seq },
            other => other.clone(),
        }
    };
    log.iter().enumerate().map(now).collect()
}
