//! What the fake server gives to read.

use std::{iter, ops};

use super::log::Log;
use crate::{
    Cheep, Code, Event, History, Page, Range, Refusal, RequestId, Search, Seq, ServerFrame, Thread,
    limits::{PAGE_BYTES, THREAD_ANCESTORS},
};

const FIRST: Seq = Seq::ZERO.next();

/// All that could be read, and what of it is wanted most.
struct Wanted<'a> {
    all: Vec<&'a Event>,
    /// Where the reading begins, between two of them; what lies farthest from there is left out if it is too much.
    pivot: usize,
    /// What is wanted of them.
    window: ops::Range<usize>,
    /// The seqs that all of them speak for.
    span: (Seq, Seq),
}

impl Wanted<'_> {
    /// The page, and whether something lies before and after it that was asked for.
    fn page(&self, id: Option<&RequestId>, head: Seq) -> (Page, bool, bool) {
        let page = |window: &ops::Range<usize>| {
            let events: Vec<Event> = self.all[window.clone()].iter().copied().cloned().collect();
            let (before, after) = (window.start > 0, window.end < self.all.len());
            let from = events.first().filter(|_| before).map_or(self.span.0, Event::seq);
            let to = events.last().filter(|_| after).map_or(self.span.1, Event::seq);
            let (more, reset, floor, missing) = (false, false, None, false);
            (Page { id: id.cloned(), events, from, to, head, more, reset, floor, missing }, before, after)
        };
        let mut window = self.window.clone();
        while window.len() > 1 && ServerFrame::Page(page(&window).0).to_json().len() > PAGE_BYTES {
            let (back, forth) = (self.pivot - window.start, window.end - self.pivot);
            if back > forth { window.start += 1 } else { window.end -= 1 }
        }
        page(&window)
    }
}

pub(super) fn history(log: &Log, id: Option<&RequestId>, asked: History, most: usize) -> Page {
    let (head, limit) = (log.head(), asked.limit.min(most));
    match asked.range {
        Range::After(seq) if seq <= head => {
            let all: Vec<&Event> = log.now.iter().filter(|event| event.seq() > seq).take(limit).collect();
            let last = all.last().map_or(head, |event| event.seq());
            let wanted = Wanted { pivot: 0, window: 0..all.len(), span: (seq.next(), last), all };
            let (page, ..) = wanted.page(id, head);
            Page { more: page.to < head, ..page }
        }
        Range::After(_) => Page { reset: true, ..backward(cheeps_until(log, head), id, head, (head, limit)) },
        Range::Newest => backward(cheeps_until(log, head), id, head, (head, limit)),
        Range::Before(seq) => {
            let last = seq.previous().min(head);
            backward(cheeps_until(log, last), id, head, (last, limit))
        }
        Range::Around(seq) => {
            let all = cheeps_until(log, head);
            let pivot = all.partition_point(|event| event.seq() <= seq);
            // What one side lacks, the other may use.
            let older = limit.div_ceil(2).max(limit.saturating_sub(all.len() - pivot)).min(pivot);
            let window = pivot - older..all.len().min(pivot + limit - older);
            let (page, before, after) = Wanted { all, pivot, window, span: (FIRST, head) }.page(id, head);
            Page { more: before || after, ..page }
        }
    }
}

fn cheeps_until(log: &Log, last: Seq) -> Vec<&Event> {
    log.now.iter().filter(|event| event.as_cheep().is_some() && event.seq() <= last).collect()
}

/// The newest of these.
fn backward(all: Vec<&Event>, id: Option<&RequestId>, head: Seq, (last, limit): (Seq, usize)) -> Page {
    let window = all.len().saturating_sub(limit)..all.len();
    let (page, more, _) = Wanted { pivot: all.len(), window, span: (FIRST, last), all }.page(id, head);
    Page { more, ..page }
}

/// A cheep, the nearest of those that it answers, and all answers below it.
pub(super) fn thread(log: &Log, id: Option<&RequestId>, asked: Thread, most: usize) -> Result<Page, Refusal> {
    let parent = |seq: &Seq| log.cheep(*seq).and_then(|cheep| cheep.reply_to);
    let lineage = |seq: Seq| iter::successors(Some(seq), parent);
    if log.cheep(asked.seq).is_none() {
        return Err(Refusal::from(Code::NotFound).in_field("seq"));
    }
    let above: Vec<Seq> = lineage(asked.seq).skip(1).take(THREAD_ANCESTORS).collect();
    let is_of_it = |seq: Seq| above.contains(&seq) || lineage(seq).any(|ancestor| ancestor == asked.seq);
    let mut all = cheeps_until(log, log.head());
    all.retain(|event| is_of_it(event.seq()) && asked.after.is_none_or(|after| event.seq() > after));
    let window = 0..all.len().min(most);
    let first = asked.after.map_or(FIRST, Seq::next);
    let (page, _, more) = Wanted { all, pivot: 0, window, span: (first, log.head()) }.page(id, log.head());
    Ok(Page { more, ..page })
}

/// The newest cheeps with this in them, in any case: a real server understands more.
pub(super) fn search(log: &Log, id: Option<&RequestId>, asked: &Search, most: usize) -> Page {
    let (head, sought) = (log.head(), asked.q.as_str().to_lowercase());
    let last = asked.before.map_or(head, |before| before.previous().min(head));
    let has = |cheep: &Cheep| cheep.cheep.as_str().to_lowercase().contains(&sought);
    let mut all = cheeps_until(log, last);
    all.retain(|event| event.as_cheep().is_some_and(has));
    backward(all, id, head, (last, asked.limit.min(most)))
}
