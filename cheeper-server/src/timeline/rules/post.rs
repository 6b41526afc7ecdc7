//! Posts: what comes onto the timeline.

use cheeper_protocol::{Cheep, CheepState, Code, Event, Timestamp};

use super::{
    Asked, Change, Decision, State,
    claim::{Usable, usable},
    earlier, is_same_text,
    mute::muted,
    nothing_new, refuse, refused,
};
use crate::timeline::command::{Identity, Outcome, Post, Posted};

pub(super) fn decide<'a, S: State>(post: &'a Post<Identity>, at: Timestamp, log: &S) -> Result<Decision<'a>, S::Error> {
    let author = &post.author;
    let Usable { name, claimed } = match usable(author, log)? {
        Ok(usable) => usable,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if let Some(first) = earlier(author, post.id.as_ref(), log)? {
        let is_same = match first.asked {
            Asked::Post { superseded } => {
                first.cheep.reply_to == post.reply_to && is_same_text(&first.cheep, superseded, &post.cheep, log)
            }
            Asked::Edit { .. } | Asked::Delete | Asked::React(_) => false,
        };
        return Ok(if is_same {
            nothing_new(Outcome::Posted(Posted { cheep: first.cheep, duplicate: true }))
        } else {
            refuse(Code::IdConflict, "id")
        });
    }
    if let Some(refusal) = muted(author, at, log)? {
        return Ok(refused(refusal));
    }
    let mut parent = match post.reply_to {
        None => None,
        Some(to) => match log.cheep(to)? {
            None => return Ok(refuse(Code::BadReply, "reply_to")),
            some => some,
        },
    };
    let cheep = Cheep {
        seq: log.head().next(),
        at,
        name,
        cheep: post.cheep.clone(),
        verified: claimed,
        reply_to: post.reply_to,
        parent_replies: parent.as_ref().map(|parent| parent.state.replies + 1),
        id: post.id.clone(),
        state: CheepState::default(),
    };
    let outcome = Ok(Outcome::Posted(Posted { cheep: cheep.clone(), duplicate: false }));
    let event = Event::Cheep(cheep);
    if let Some(parent) = &mut parent {
        parent.apply(&event);
    }
    let changed = parent.into_iter().collect();
    Ok(Decision { outcome, changes: vec![Change::Event { event, author: Some(&author.folded), changed }] })
}
