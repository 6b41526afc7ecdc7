//! Who may not write, and for how long.

use cheeper_protocol::{Code, Refusal, Role, Timestamp};

use super::State;
use crate::timeline::command::Identity;

/// Why somebody may not write now, if so: of several mutes the one that lasts longest counts. Nobody mutes a host.
pub(super) fn muted<S: State>(who: &Identity, at: Timestamp, log: &S) -> Result<Option<Refusal>, S::Error> {
    if who.role == Role::Host {
        return Ok(None);
    }
    let mutes = log.mutes(&who.folded, who.person)?;
    let standing = mutes.into_iter().filter(|mute| mute.until.is_none_or(|until| until > at));
    let longest = standing.max_by_key(|mute| (mute.until.is_none(), mute.until, !mute.is_of_person));
    Ok(longest.map(|mute| {
        let refusal = if mute.is_of_person {
            Refusal::new(Code::Muted, "A host has muted you, whatever name you use.")
        } else {
            Refusal::from(Code::Muted).in_field("name")
        };
        let wait = mute.until.map(|until| until.as_millisecond().abs_diff(at.as_millisecond()));
        Refusal { retry_after_ms: wait, ..refusal }
    }))
}
