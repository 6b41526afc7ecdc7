//! Searching without an index.

use cheeper_protocol::{Event, Refusal, Search, Seq};

use super::{document::Document, query::Query};

/// The events that a search finds up to `last`, the newest first.
pub(in super::super) fn scan<'a>(events: &'a [Event], search: &Search, last: Seq) -> Result<Vec<&'a Event>, Refusal> {
    let query = Query::parse(search.q.as_str())?;
    let finds = |event: &&Event| {
        let is_wanted = event.seq() <= last && search.before.is_none_or(|before| event.seq() < before);
        is_wanted && event.as_cheep().is_some_and(|cheep| query.matches(&Document::of(cheep)))
    };
    Ok(events.iter().rev().filter(finds).collect())
}
