//! Pages of the timeline: which events a request gets, and their JSON. Nothing here reads the store.

use std::ops;

use cheeper_protocol::{Event, History, Range, RequestId, Seq, limits};

use crate::timeline::Span;

/// The part of a timeline that a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Its events; the request began right after the pivot.
    pub span: Span,
    /// There is more in the direction that was asked for.
    pub more: bool,
    /// The asker's cursor means nothing here; this is the newest part.
    pub reset: bool,
}

impl Selection {
    /// The part of it that was read: `events`, ascending and without a hole.
    #[must_use]
    pub fn cut_to(self, events: &[Event]) -> Self {
        let (Some(first), Some(last)) = (events.first().map(Event::seq), events.last().map(Event::seq)) else {
            return self;
        };
        let more = self.more || first > self.span.first || last < self.span.last;
        Self { span: Span { first, last, ..self.span }, more, ..self }
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
    /// Its last event, or the place after which it has none.
    pub last: Seq,
}

/// What a request gets of a timeline that ends at `head`.
pub fn select(history: &History, head: Seq) -> Selection {
    let limit = history.limit.min(limits::PAGE) as u64;
    match history.range {
        Range::Newest => newest(head, limit),
        Range::Before(seq) => newest(seq.previous().min(head), limit),
        Range::After(seq) if seq > head => Selection { reset: true, ..newest(head, limit) },
        Range::After(seq) => {
            let last = forth(seq, limit, head);
            selection(seq.next(), last, seq, last < head)
        }
        Range::Around(seq) => around(seq.min(head), limit, head),
    }
}

/// The page with the events of a selection, each as [`Event::to_json`] made it. If they are more than
/// [`limits::PAGE_BYTES`], those farthest from where the request began are left out; one is always kept, so that
/// whoever asks on gets on.
pub fn encode(id: Option<&RequestId>, history: &History, selection: &Selection, head: Seq, events: &[&[u8]]) -> Page {
    let span = &selection.span;
    let pivot = index_after(span.pivot, span.first).min(events.len());
    let id = id.map(|id| format!("\"id\":{},", serde_json::Value::from(id.as_str()))).unwrap_or_default();
    let reset = if selection.reset { ",\"reset\":true" } else { "" };
    let begin = format!("{{\"type\":\"page\",{id}\"cheeps\":[");
    let end = |more: bool| format!("],\"head\":{head},\"more\":{more}{reset}}}");

    let kept = nearest(events, pivot, limits::PAGE_BYTES.saturating_sub(begin.len() + end(false).len()));
    let more = selection.more || kept.len() < events.len();
    let mut json = begin;
    for (nth, event) in events[kept.clone()].iter().enumerate() {
        if nth > 0 {
            json.push(',');
        }
        json.push_str(&String::from_utf8_lossy(event));
    }
    json.push_str(&end(more));
    let last = if kept.is_empty() { span.last } else { forth(span.first, kept.end as u64 - 1, span.last) };
    Page { json, forward: matches!(history.range, Range::After(_)) && !selection.reset, more, last }
}

/// The newest up to `last`.
fn newest(last: Seq, limit: u64) -> Selection {
    let first = back(last, limit).next();
    selection(first, last, last, first.get() > 1)
}

/// Half up to `seq`, half after it; what one side lacks, the other may use.
fn around(seq: Seq, limit: u64, head: Seq) -> Selection {
    let newer = head.get() - seq.get();
    let upto = limit.div_ceil(2).max(limit.saturating_sub(newer)).min(seq.get());
    let (first, last) = (back(seq, upto).next(), forth(seq, limit - upto, head));
    selection(first, last, seq, first.get() > 1 || last < head)
}

fn selection(first: Seq, last: Seq, pivot: Seq, more: bool) -> Selection {
    Selection { span: Span { first, last, pivot }, more, reset: false }
}

fn back(seq: Seq, by: u64) -> Seq {
    Seq::new(seq.get().saturating_sub(by)).unwrap_or(seq)
}

fn forth(seq: Seq, by: u64, most: Seq) -> Seq {
    Seq::new(seq.get().saturating_add(by)).map_or(most, |seq| seq.min(most))
}

/// How many events from `first` on come up to `seq`.
fn index_after(seq: Seq, first: Seq) -> usize {
    usize::try_from(seq.next().get().saturating_sub(first.get())).unwrap_or(usize::MAX)
}

/// The events nearest to the gap before `pivot` that fit in `bytes` with a comma each, but at least one.
fn nearest(events: &[&[u8]], pivot: usize, bytes: usize) -> ops::Range<usize> {
    let (mut start, mut end) = (pivot, pivot);
    let mut used = 0;
    loop {
        let down = start > 0 && (end == events.len() || pivot - start <= end - pivot);
        let next = match (down, events.get(end)) {
            (true, _) => events[start - 1],
            (false, Some(event)) => event,
            (false, None) => return start..end,
        };
        used += next.len() + 1;
        if used > bytes && start < end {
            return start..end;
        }
        if down { start -= 1 } else { end += 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use cheeper_protocol::{Cheep, CheepText, Name, ServerFrame, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::timeline::{Author, Command, Engine as _, Post, Timeline as _, memory::Memory};

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    fn ask(range: Range, limit: usize) -> History {
        History { range, limit }
    }

    fn found(range: Range, limit: usize, head: u64) -> (u64, u64, bool, bool) {
        let Selection { span, more, reset } = select(&ask(range, limit), seq(head));
        (span.first.get(), span.last.get(), more, reset)
    }

    fn cheep(number: u64, text: CheepText) -> Event {
        Event::Cheep(Cheep {
            seq: seq(number),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse("alice").unwrap(),
            cheep: text,
            verified: number.is_multiple_of(2),
            reply_to: Seq::new(number / 2).filter(|to| *to > Seq::ZERO),
            id: RequestId::parse("\"quoted\"\n").ok(),
        })
    }

    #[test]
    fn newest_ends_at_the_head() {
        assert_eq!(found(Range::Newest, 3, 10), (8, 10, true, false));
        assert_eq!(found(Range::Newest, 10, 10), (1, 10, false, false));
        assert_eq!(found(Range::Newest, 3, 0), (1, 0, false, false));
    }

    #[test]
    fn before_is_exclusive_and_beyond_the_head_is_the_newest() {
        assert_eq!(found(Range::Before(seq(8)), 3, 10), (5, 7, true, false));
        assert_eq!(found(Range::Before(seq(4)), 3, 10), (1, 3, false, false));
        assert_eq!(found(Range::Before(seq(1)), 3, 10), (1, 0, false, false));
        assert_eq!(found(Range::Before(seq(99)), 3, 10), (8, 10, true, false));
    }

    #[test]
    fn after_is_exclusive_and_beyond_the_head_starts_afresh() {
        assert_eq!(found(Range::After(seq(4)), 3, 10), (5, 7, true, false));
        assert_eq!(found(Range::After(seq(7)), 3, 10), (8, 10, false, false));
        assert_eq!(found(Range::After(seq(10)), 3, 10), (11, 10, false, false));
        assert_eq!(found(Range::After(seq(11)), 3, 10), (8, 10, true, true));
        assert_eq!(found(Range::After(seq(1)), 3, 0), (1, 0, false, true));
    }

    #[test]
    fn around_has_its_seq_in_the_middle_and_uses_what_one_side_lacks() {
        assert_eq!(found(Range::Around(seq(50)), 4, 100), (49, 52, true, false));
        assert_eq!(found(Range::Around(seq(50)), 5, 100), (48, 52, true, false));
        assert_eq!(found(Range::Around(seq(50)), 1, 100), (50, 50, true, false));
        assert_eq!(found(Range::Around(seq(1)), 6, 100), (1, 6, true, false));
        assert_eq!(found(Range::Around(seq(0)), 6, 100), (1, 6, true, false));
        assert_eq!(found(Range::Around(seq(99)), 6, 100), (95, 100, true, false));
        assert_eq!(found(Range::Around(seq(500)), 6, 100), (95, 100, true, false));
        assert_eq!(found(Range::Around(seq(2)), 6, 4), (1, 4, false, false));
    }

    #[test]
    fn a_request_gets_at_most_a_page() {
        assert_eq!(found(Range::Newest, usize::MAX, 1000), (801, 1000, true, false));
    }

    fn pages() -> impl Strategy<Value = (u64, History)> {
        let range = (0..700_u64, 0..4).prop_map(|(number, kind)| match kind {
            0 => Range::Newest,
            1 => Range::Before(seq(number)),
            2 => Range::After(seq(number)),
            _ => Range::Around(seq(number)),
        });
        (0..600_u64, range, 1..400_usize).prop_map(|(head, range, limit)| (head, ask(range, limit)))
    }

    proptest! {
        #[test]
        fn a_span_lies_within_the_timeline_and_the_limit((head, history) in pages()) {
            let Selection { span, more, .. } = select(&history, seq(head));
            prop_assert!(span.first >= seq(1) && span.last <= seq(head));
            prop_assert!(span.first <= span.last.next());
            let count = span.last.next().get() - span.first.get();
            prop_assert!(count <= history.limit.min(limits::PAGE) as u64);
            // Full, unless there is no more in the asked direction.
            prop_assert!(!more || count == history.limit.min(limits::PAGE) as u64);
        }
    }

    proptest! {
        // Each case reads up to 256 KiB back.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_page_reads_back_as_the_events_nearest_to_where_it_began(
            (head, history) in pages(),
            chars in prop::collection::vec(1..4000_usize, 1..5),
            id in prop::option::of("\\PC{1,16}"),
        ) {
            let id = id.map(|id| RequestId::parse(&id).unwrap());
            let selection = select(&history, seq(head));
            let span = selection.span;
            let texts: Vec<CheepText> = chars.iter().map(|&chars| CheepText::cleaned(&"é\"".repeat(chars))).collect();
            let whole: Vec<Event> = (span.first.get()..=span.last.get())
                .zip(texts.iter().cycle())
                .map(|(number, text)| cheep(number, text.clone()))
                .collect();
            let encoded: Vec<String> = whole.iter().map(Event::to_json).collect();
            let events: Vec<&[u8]> = encoded.iter().map(String::as_bytes).collect();
            let page = encode(id.as_ref(), &history, &selection, seq(head), &events);

            prop_assert!(page.json.len() <= limits::PAGE_BYTES);
            let Ok(ServerFrame::Page(read)) = ServerFrame::parse(&page.json) else {
                return Err(TestCaseError::fail("not a page"));
            };
            prop_assert_eq!((read.id, read.head, read.more, read.reset), (id, seq(head), page.more, selection.reset));
            let kept = read.cheeps;
            prop_assert_eq!(page.last, kept.last().map_or(span.last, Event::seq));
            prop_assert_eq!(page.more, selection.more || kept.len() < whole.len());
            prop_assert!(!kept.is_empty() || whole.is_empty());
            match history.range {
                Range::After(_) if !selection.reset => prop_assert_eq!(&kept[..], &whole[..kept.len()]),
                Range::Around(seq) => {
                    let at = kept.first().map_or(0, |first| index_after(first.seq(), span.first) - 1);
                    prop_assert_eq!(&kept[..], &whole[at..at + kept.len()]);
                    let wanted = seq.min(span.last).max(span.first);
                    prop_assert!(whole.is_empty() || kept.iter().any(|event| event.seq() == wanted));
                }
                _ => prop_assert_eq!(&kept[..], &whole[whole.len() - kept.len()..]),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// A timeline stops reading early, and nobody can tell: the page of what was read is the page of the whole span.
        #[test]
        fn a_page_of_what_was_read_is_the_page_of_the_whole_span(
            chars in prop::collection::vec(1..1500_usize, 1..240),
            asked in prop::collection::vec((0..4_u8, 0..250_u64, 1..220_usize), 1..6),
        ) {
            let log = Arc::new(Mutex::new(Vec::new()));
            let heard = log.clone();
            let publish = Box::new(move |events: &[Event]| heard.lock().unwrap().extend_from_slice(events));
            let timeline = Memory::new("a timeline").start(publish).unwrap();
            for chars in chars {
                let author = Author { name: Name::parse("alice").unwrap(), secret: None };
                let cheep = CheepText::cleaned(&"🐦".repeat(chars));
                timeline.submit(Command::Post(Post { author, cheep, reply_to: None, id: None }), Box::new(drop));
            }
            let log = log.lock().unwrap();
            let head = seq(log.len() as u64);
            let encoded: Vec<String> = log.iter().map(Event::to_json).collect();
            for (kind, number, limit) in asked {
                let range = match kind {
                    0 => Range::Newest,
                    1 => Range::Before(seq(number)),
                    2 => Range::After(seq(number)),
                    _ => Range::Around(seq(number)),
                };
                let history = ask(range, limit);
                let whole = select(&history, head);
                let (sender, receiver) = mpsc::channel();
                timeline.read(whole.span, Box::new(move |events| sender.send(events).unwrap()));
                let read = receiver.recv().unwrap().unwrap();
                let page = |selection: &Selection| {
                    let Span { first, last, .. } = selection.span;
                    let places = index_after(first.previous(), seq(1))..index_after(last, seq(1));
                    let events: Vec<&[u8]> = encoded[places].iter().map(String::as_bytes).collect();
                    encode(None, &history, selection, head, &events)
                };
                prop_assert_eq!(page(&whole.cut_to(&read)), page(&whole));
            }
        }
    }
}
