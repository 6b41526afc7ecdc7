//! What is noted of what is done, and how much of that is kept.

use cheeper_protocol::{Action, Entry, Timestamp};

use super::{Change, State, is_arrival};
use crate::timeline::person::LinkId;

/// Of entries in which people came in or claimed a name, at least the newest of these many are kept.
const KEPT_ARRIVALS: usize = if cfg!(test) { 3 } else { 10_000 };
/// Older ones go whenever there are so many more entries: to look for them takes a look at all.
const FORGET_EVERY: u64 = if cfg!(test) { 3 } else { 1000 };

/// The next entry of the audit, and what is to be written down with it.
pub(super) fn note<S: State>(
    at: Timestamp,
    by: Option<LinkId>,
    action: Action,
    log: &S,
) -> Result<(Entry, Vec<Change<'static>>), S::Error> {
    let number = log.last_entry()? + 1;
    let mut changes = Vec::new();
    if number.is_multiple_of(FORGET_EVERY) {
        // The new one is not in the log yet.
        let newer = if is_arrival(&action) { KEPT_ARRIVALS - 2 } else { KEPT_ARRIVALS - 1 };
        changes.extend(log.arrival(newer)?.map(|before| Change::ForgetArrivals { before }));
    }
    let entry = Entry { entry: number, at, by: by.map(|link| link.0), action, undone_by: None };
    changes.push(Change::Note(entry.clone()));
    Ok((entry, changes))
}
