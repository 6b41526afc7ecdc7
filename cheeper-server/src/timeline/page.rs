//! Which events a page holds, and its JSON. Seqs are dense, so every page is a contiguous span of them. Pure.

use cheeper_protocol::{
    Cheep, Event, History, Range, RequestId, Seq,
    limits::{PAGE, PAGE_BYTES},
};
use serde::Serialize;
use serde_json::value::RawValue;

/// The events that a page is to hold: `first` to `last`, none if `last` is before `first`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub first: Seq,
    pub last: Seq,
    /// There is more in the asked direction.
    pub more: bool,
    /// The cursor lay beyond the head: this is the newest part instead.
    pub reset: bool,
}

/// A page, encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub json: String,
    /// Its newest event; without events, the place before the ones it could have had.
    pub last: Seq,
    pub more: bool,
    /// It goes on from a cursor towards the head, so a reader can go on from `last`.
    pub forward: bool,
}

/// The span that answers `history` on a timeline whose newest event is `head`.
pub fn span(history: &History, head: Seq) -> Span {
    let limit = history.limit.clamp(1, PAGE) as u64;
    let newest = |last: Seq| {
        let first = seq(last.get().saturating_sub(limit) + 1);
        Span { first, last, more: first.get() > 1, reset: false }
    };
    match history.range {
        Range::Newest => newest(head),
        Range::Before(before) => newest(before.previous().min(head)),
        Range::After(after) | Range::Around(after) if after > head => Span { reset: true, ..newest(head) },
        Range::After(after) => {
            let last = seq(after.get() + limit).min(head);
            Span { first: after.next(), last, more: last < head, reset: false }
        }
        Range::Around(middle) => {
            // What one side cannot fill, the other may use.
            let newer = (head.get() - middle.get()).min(limit - limit.div_ceil(2));
            let older = middle.get().min(limit - newer);
            let newer = (head.get() - middle.get()).min(limit - older);
            let first = seq(middle.get() - older + 1);
            let last = seq(middle.get() + newer);
            Span { first, last, more: first.get() > 1 || last < head, reset: false }
        }
    }
}

/// The JSON of one event, as it is sent live and stands in pages.
#[expect(clippy::missing_panics_doc, reason = "strings, numbers and lists of them are always JSON")]
pub fn encode_event(cheep: &Cheep) -> String {
    serde_json::to_string(&Event::Cheep(cheep.clone())).expect("a cheep of strings and numbers is always JSON")
}

#[derive(Serialize)]
struct Frame<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    cheeps: Vec<&'a RawValue>,
    head: Seq,
    more: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
}

/// The page of these events, which are those of `span` as JSON. What does not fit into `limits::PAGE_BYTES` is left out
/// at the far end of the asked direction, and then there is `more`.
#[expect(clippy::missing_panics_doc, reason = "strings, numbers and lists of them are always JSON")]
pub fn encode(id: Option<&RequestId>, history: &History, span: &Span, head: Seq, events: &[&[u8]]) -> Page {
    let forward = matches!(history.range, Range::After(_)) && !span.reset;
    let middle = match history.range {
        Range::Around(middle) if !span.reset => index(span.first, middle),
        _ if forward => 0,
        _ => events.len().saturating_sub(1),
    };
    let kept = fitting(events, middle);
    let more = span.more || kept.len() < events.len();
    let first = seq(span.first.get() + kept.start as u64);
    let last = seq(first.get() + kept.len() as u64).previous();
    let cheeps = events[kept].iter().filter_map(|event| serde_json::from_slice(event).ok()).collect();
    let frame = Frame { r#type: "page", id, cheeps, head, more, reset: span.reset };
    let json = serde_json::to_string(&frame).expect("a frame of JSON parts is always JSON");
    Page { json, last, more, forward }
}

/// The largest run of events around `middle` whose JSON fits: it grows by the nearest event that still does.
fn fitting(events: &[&[u8]], middle: usize) -> std::ops::Range<usize> {
    const AROUND: usize = 256;
    let mut room = PAGE_BYTES - AROUND;
    let mut kept = middle.min(events.len())..middle.min(events.len());
    let mut take = |at: usize| {
        let size = events[at].len() + 1;
        let fits = size <= room;
        room -= if fits { size } else { 0 };
        fits
    };
    let (mut up, mut down) = (true, true);
    while up || down {
        up = up && kept.end < events.len() && take(kept.end);
        kept.end += usize::from(up);
        down = down && kept.start > 0 && take(kept.start - 1);
        kept.start -= usize::from(down);
    }
    kept
}

fn index(first: Seq, seq: Seq) -> usize {
    usize::try_from(seq.get().saturating_sub(first.get())).unwrap_or(usize::MAX)
}

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap_or(Seq::ZERO)
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{CheepText, Name, ServerFrame, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn at(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    fn range() -> impl Strategy<Value = Range> {
        let seq = (0..500_u64).prop_map(at);
        prop_oneof![
            Just(Range::Newest),
            seq.clone().prop_map(Range::Before),
            seq.clone().prop_map(Range::After),
            seq.prop_map(Range::Around)
        ]
    }

    fn events(span: &Span, length: usize) -> Vec<String> {
        (span.first.get()..=span.last.get())
            .map(|number| {
                encode_event(&Cheep {
                    seq: at(number),
                    at: Timestamp::UNIX_EPOCH,
                    name: Name::parse("alice").unwrap(),
                    cheep: CheepText::cleaned(&"x".repeat(length)),
                    verified: false,
                    reply_to: None,
                    id: None,
                })
            })
            .collect()
    }

    #[test]
    fn around_uses_what_the_other_side_has_no_use_for() {
        let around = |middle, limit| span(&History { range: Range::Around(at(middle)), limit }, at(10));
        let ends = |span: Span| (span.first.get(), span.last.get(), span.more);
        assert_eq!(ends(around(5, 4)), (4, 7, true));
        assert_eq!(ends(around(1, 4)), (1, 4, true));
        assert_eq!(ends(around(10, 4)), (7, 10, true));
        assert_eq!(ends(around(5, 100)), (1, 10, false));
        assert_eq!(ends(around(0, 3)), (1, 3, true));
    }

    #[test]
    fn a_cursor_beyond_the_head_is_told_to_start_afresh() {
        let span = span(&History { range: Range::After(at(11)), limit: 3 }, at(10));
        assert_eq!((span.first.get(), span.last.get(), span.reset), (8, 10, true));
        let page = encode(None, &History { range: Range::After(at(11)), limit: 3 }, &span, at(10), &[]);
        assert!(!page.forward);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_span_lies_within_the_timeline_and_the_limit(range in range(), limit in 1..400_usize, head in 0..400_u64) {
            let span = span(&History { range, limit }, at(head));
            let size = (span.last.get() + 1).saturating_sub(span.first.get());
            prop_assert!(size <= limit.min(PAGE) as u64);
            prop_assert!(span.last.get() <= head);
            prop_assert!(span.first.get() >= 1);
            match range {
                Range::After(after) if after.get() < head => prop_assert_eq!(span.first, after.next()),
                Range::Before(before) if before.get() > 1 && before.get() <= head => {
                    prop_assert_eq!(span.last, before.previous());
                }
                Range::Around(middle) if (1..=head).contains(&middle.get()) => {
                    prop_assert!(span.first <= middle && middle <= span.last);
                }
                _ => {}
            }
        }

        #[test]
        fn a_page_fits_and_holds_the_near_end(range in range(), head in 1..400_u64, length in 1..4000_usize) {
            let history = History { range, limit: PAGE };
            let span = span(&history, at(head));
            let events = events(&span, length);
            let bytes: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
            let page = encode(None, &history, &span, at(head), &bytes);
            prop_assert!(page.json.len() <= PAGE_BYTES);
            let Ok(ServerFrame::Page(read)) = ServerFrame::parse(&page.json) else { panic!("{}", page.json) };
            let seqs: Vec<u64> = read.cheeps.iter().map(|event| event.seq().get()).collect();
            prop_assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            prop_assert_eq!(page.last.get(), seqs.last().copied().unwrap_or(span.first.get() - 1));
            prop_assert_eq!(read.more, span.more || seqs.len() < events.len());
            if let (Some(&first), Some(&last)) = (seqs.first(), seqs.last()) {
                match range {
                    Range::After(_) if !span.reset => prop_assert_eq!(first, span.first.get()),
                    Range::Around(middle) if !span.reset => {
                        prop_assert!(first <= middle.get().max(1) && middle.get() <= last);
                    }
                    _ => prop_assert_eq!(last, span.last.get()),
                }
            }
        }
    }
}
