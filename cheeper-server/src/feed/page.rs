//! Pages of the timeline: what a request reads, and the JSON of what was read. Nothing here reads the store.

use std::ops;

use cheeper_protocol::{History, Range, RequestId, Search, Seq, Thread, limits};

use crate::timeline::{Part, Read};

/// What a page is asked for with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// A part of the timeline.
    History(History),
    /// A cheep with what it answers and what answers it.
    Thread(Thread),
    /// Cheeps that have something in them.
    Search(Search),
}

/// What is read for a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The part of the timeline.
    pub read: Read,
    /// The asker's cursor means nothing here; this is the newest part.
    pub reset: bool,
    /// The first event that is kept, as far as it is known.
    pub floor: Seq,
    /// What the asker lacks is not all kept.
    pub missing: bool,
}

impl Selection {
    /// The same of a timeline that ends at `head` and keeps nothing before `floor`: what comes after a cursor begins there, as
    /// much of it as was asked for.
    #[must_use]
    pub fn above(self, floor: Seq, head: Seq) -> Self {
        match self.read {
            Read::Events { first, last } if first < floor => {
                let count = last.next().get().saturating_sub(first.get());
                let last = forth(floor.previous(), count, head).max(floor.previous());
                Self { read: Read::Events { first: floor, last }, floor, missing: true, ..self }
            }
            read => Self { read, floor, ..self },
        }
    }
}

/// A page, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub json: String,
    /// It goes from older to newer: what comes after it is asked for next.
    pub forward: bool,
    /// There is more in the direction that was asked for.
    pub more: bool,
    /// The last seq that it speaks for.
    pub last: Seq,
}

/// What a request gets of a timeline that ends at `head`.
pub fn select(question: &Question, head: Seq) -> Selection {
    let history = match question {
        Question::History(history) => history,
        Question::Thread(thread) => return selection(Read::Thread { thread: *thread, last: head }),
        Question::Search(search) => {
            let search = Search { limit: search.limit.min(limits::PAGE), ..search.clone() };
            return selection(Read::Search { search, last: head });
        }
    };
    let limit = history.limit.min(limits::PAGE);
    let cheeps = |pivot: Seq, forth| Read::Cheeps { pivot: pivot.min(head), back: limit, forth, last: head };
    match history.range {
        Range::Newest => selection(cheeps(head, 0)),
        Range::Before(seq) => selection(cheeps(seq.previous(), 0)),
        Range::After(seq) if seq > head => Selection { reset: true, ..selection(cheeps(head, 0)) },
        Range::After(seq) => selection(Read::Events { first: seq.next(), last: forth(seq, limit as u64, head) }),
        // What one side lacks, the other may use.
        Range::Around(seq) => selection(cheeps(seq, limit)),
    }
}

fn selection(read: Read) -> Selection {
    Selection { read, reset: false, floor: Seq::ZERO.next(), missing: false }
}

/// The page of what was read: events, each as [`Event::to_json`](cheeper_protocol::Event::to_json) made it, with its seq. If
/// they are more than [`limits::PAGE_BYTES`], those farthest from where the request began are left out; one is always kept,
/// so that whoever asks on gets on.
pub fn encode(id: Option<&RequestId>, selection: &Selection, head: Seq, part: &Part<(Seq, &[u8])>) -> Page {
    let id = id.map(|id| format!("\"id\":{},", serde_json::Value::from(id.as_str()))).unwrap_or_default();
    let reset = if selection.reset { ",\"reset\":true" } else { "" };
    let begin = format!("{{\"type\":\"page\",{id}\"events\":[");
    let end = |from: Seq, to: Seq, more: bool, floor: Seq, missing: bool| {
        let floor = if floor > Seq::ZERO.next() { format!(",\"floor\":{floor}") } else { String::new() };
        let missing = if missing { ",\"missing\":true" } else { "" };
        format!("],\"from\":{from},\"to\":{to},\"head\":{head},\"more\":{more}{reset}{floor}{missing}}}")
    };
    let last = Seq::new(limits::SEQ_MAX).unwrap_or(head);
    let room = limits::PAGE_BYTES.saturating_sub(begin.len() + end(last, last, false, last, true).len());

    let kept = kept(&selection.read, part, room);
    let more_before = part.more_before || kept.start > 0;
    // Who reads backwards asks for nothing after where the reading began.
    let is_backward = matches!(selection.read, Read::Cheeps { forth: 0, .. } | Read::Search { .. });
    let more_after = !is_backward && (part.more_after || kept.end < part.events.len());
    let (first, end_of_all) = span(selection, part.last);
    let events = &part.events[kept];
    // It may have risen since it was asked for. All that is kept is given in a row, so that shows.
    let has_risen = match (&selection.read, events.first()) {
        (Read::Events { .. }, Some((oldest, _))) => *oldest > first,
        (Read::Events { .. }, None) => first <= end_of_all,
        (Read::Cheeps { .. } | Read::Thread { .. } | Read::Search { .. }, _) => false,
    };
    let (from, to) = match (events.first(), events.last()) {
        (Some((oldest, _)), Some((newest, _))) => {
            (if more_before || has_risen { *oldest } else { first }, if more_after { *newest } else { end_of_all })
        }
        // None was wanted or none is kept, so nothing is known of any.
        _ if more_before || more_after || has_risen => (end_of_all.next(), end_of_all),
        _ => (first, end_of_all),
    };
    let forward = matches!(selection.read, Read::Events { .. });
    let more = match &selection.read {
        Read::Events { .. } => to < head,
        Read::Thread { .. } => more_after,
        Read::Cheeps { .. } | Read::Search { .. } => more_before || more_after,
    };
    let mut json = begin;
    for (nth, (_, event)) in events.iter().enumerate() {
        if nth > 0 {
            json.push(',');
        }
        json.push_str(&String::from_utf8_lossy(event));
    }
    let floor = if has_risen { from } else { selection.floor };
    json.push_str(&end(from, to, more, floor, selection.missing || has_risen));
    Page { json, forward, more, last: to }
}

/// The first and the last seq that a page speaks for if nothing of what was asked for is left out.
fn span(selection: &Selection, last: Seq) -> (Seq, Seq) {
    let beginning = selection.floor;
    let (first, last) = match &selection.read {
        Read::Events { first, .. } => (*first, last),
        Read::Cheeps { forth: 0, pivot, .. } => (beginning, *pivot),
        Read::Thread { thread, .. } => (thread.after.map_or(beginning, Seq::next), last),
        Read::Cheeps { .. } => (beginning, last),
        Read::Search { search, .. } => (beginning, search.before.map_or(last, |before| before.previous().min(last))),
    };
    // Before the floor there is nothing to speak for.
    (first, if first == beginning { last.max(first.previous()) } else { last })
}

/// Which of the events a page has.
fn kept(read: &Read, part: &Part<(Seq, &[u8])>, room: usize) -> ops::Range<usize> {
    let events = &part.events;
    let (pivot, span) = match read {
        Read::Events { .. } | Read::Thread { .. } => (0, 0..events.len().min(limits::PAGE)),
        Read::Search { .. } => (events.len(), 0..events.len()),
        Read::Cheeps { pivot, forth, back, .. } => {
            let at = events.partition_point(|(seq, _)| seq <= pivot);
            (at, if *forth == 0 { 0..at } else { around(at, events.len(), *back) })
        }
    };
    nearest(events, span, pivot, room)
}

/// Half up to a place, half after it; what one side lacks, the other may use.
fn around(at: usize, all: usize, limit: usize) -> ops::Range<usize> {
    let older = limit.div_ceil(2).max(limit.saturating_sub(all - at)).min(at);
    at - older..all.min(at + limit - older)
}

fn forth(seq: Seq, by: u64, most: Seq) -> Seq {
    Seq::new(seq.get().saturating_add(by)).map_or(most, |seq| seq.min(most))
}

/// The events of a span nearest to the gap before `pivot` that fit in `bytes` with a comma each, but at least one.
fn nearest(events: &[(Seq, &[u8])], span: ops::Range<usize>, pivot: usize, bytes: usize) -> ops::Range<usize> {
    let pivot = pivot.clamp(span.start, span.end);
    let (mut start, mut end) = (pivot, pivot);
    let mut used = 0;
    loop {
        let down = start > span.start && (end == span.end || pivot - start <= end - pivot);
        let next = match (down, end < span.end) {
            (true, _) => events[start - 1].1,
            (false, true) => events[end].1,
            (false, false) => return start..end,
        };
        used += next.len() + 1;
        if used > bytes && start < end {
            return start..end;
        }
        if down { start -= 1 } else { end += 1 }
    }
}

#[cfg(test)]
mod tests;
