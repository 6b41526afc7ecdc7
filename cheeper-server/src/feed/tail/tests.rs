//! Whatever comes in whatever steps, and wherever a reader stands, the ring gives the log as it is now.

use std::sync::{Arc, Mutex};

use cheeper_protocol::{
    CheepText, Delete, DeletedBy, Edit, Emoji, Reaction, Timestamp,
    testkit::{cheep, name, seq},
};
use proptest::prelude::*;

use super::{run::RUN_BYTES, *};
use crate::feed::{
    drawn::{as_it_is_now, logs},
    frame,
    text::TextForm,
};

fn cheeps(first: u64, lengths: &[usize]) -> Vec<Event> {
    let cheep = |(at, length): (usize, &usize)| Event::Cheep(cheep(first + at as u64, &"x".repeat(*length)));
    lengths.iter().enumerate().map(cheep).collect()
}

/// Everything from `first` on, piece by piece.
fn read(tail: &Tail, first: Seq, max_bytes: usize) -> Vec<u8> {
    let (mut next, mut bytes) = (first, Vec::new());
    while let Some(piece) = tail.piece(next, max_bytes).unwrap() {
        bytes.extend_from_slice(piece.bytes());
        assert!(piece.next() > next);
        next = piece.next();
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However a reader is cut short, going on from the split gives every byte once and in order.
    #[test]
    fn a_reader_that_is_cut_anywhere_goes_on_without_hole_or_repeat(
        batches in prop::collection::vec(prop::collection::vec(1..3000_usize, 1..60), 1..6),
        cut in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        max_bytes in 1..100_000_usize,
    ) {
        let tail = Tail::new(Seq::ZERO, usize::MAX);
        let mut next = 1;
        for batch in &batches {
            tail.push(&cheeps(next, batch));
            next += batch.len() as u64;
        }
        let first = seq(1 + from.index(usize::try_from(next).unwrap() - 1) as u64);
        let whole = read(&tail, first, usize::MAX);
        let piece = tail.piece(first, max_bytes).unwrap().unwrap();
        let written = cut.index(piece.bytes().len() + 1);
        let (resume, rest) = piece.split(written);
        let after = if rest.is_empty() { resume } else { resume.next() };
        let mut again = piece.bytes()[..written].to_vec();
        again.extend_from_slice(rest);
        again.extend(read(&tail, after, max_bytes));
        prop_assert!(again == whole);
    }

    #[test]
    fn it_stays_within_its_bytes_and_says_what_it_dropped(
        batches in prop::collection::vec(prop::collection::vec(1..3000_usize, 1..60), 1..12),
    ) {
        let tail = Tail::new(Seq::ZERO, 100_000);
        let mut next = 1;
        for batch in &batches {
            tail.push(&cheeps(next, batch));
            next += batch.len() as u64;
        }
        prop_assert_eq!(tail.head(), seq(next - 1));
        let oldest = (1..next).find(|&first| tail.piece(seq(first), 1).is_ok()).unwrap();
        prop_assert!(read(&tail, seq(oldest), usize::MAX).len() <= 100_000 + RUN_BYTES);
        for first in 1..next {
            let expected = if first < oldest { Err(NotHere) } else { Ok(next - first) };
            let read = Read::Events { first: seq(first), last: seq(next - 1) };
            let found = tail.part(&read, |part| part.events.len() as u64);
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn whoever_is_woken_finds_what_is_new() {
    let tail = Arc::new(Tail::new(Seq::ZERO, usize::MAX));
    let found = Arc::new(Mutex::new(Vec::new()));
    let (woken, finds) = (Arc::downgrade(&tail), found.clone());
    let waker = move |new: &[Event]| finds.lock().unwrap().push((new.len(), woken.upgrade().unwrap().head()));
    tail.wake_with(Box::new(waker));
    tail.push(&cheeps(1, &[5, 5]));
    tail.push(&cheeps(3, &[5]));
    assert_eq!(*found.lock().unwrap(), [(2, seq(2)), (1, seq(3))]);
}

#[test]
fn nothing_after_the_head_is_not_an_error_and_everything_before_an_empty_ring_is() {
    let tail = Tail::new(seq(7), 1000);
    assert!(tail.piece(seq(8), 9).is_ok_and(|piece| piece.is_none()));
    assert!(tail.piece(seq(7), 9).is_err());
    assert_eq!(tail.part(&Read::Events { first: seq(8), last: seq(8) }, |_| ()), Err(NotHere));
}
/// Frames of these events.
fn frames<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut frames = Vec::new();
    events.into_iter().for_each(|event| frame::write_text(&event.to_json(), &mut frames));
    frames
}

/// A ring into which a log came in batches that end at these places.
fn ring(log: &[Event], cuts: &[prop::sample::Index], capacity_bytes: usize) -> Tail {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).chain([0, log.len()]).collect();
    cuts.sort_unstable();
    let tail = Tail::new(Seq::ZERO, capacity_bytes);
    cuts.windows(2).for_each(|cut| tail.push(&log[cut[0]..cut[1]]));
    tail
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_ring_is_the_log_as_it_is_now_from_every_place(
        log in logs(80, 600),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        capacity_bytes in prop_oneof![Just(usize::MAX), 1000..30_000_usize],
        from in any::<prop::sample::Index>(),
        max_bytes in 1..30_000_usize,
    ) {
        let tail = ring(&log, &cuts, capacity_bytes);
        let now = as_it_is_now(&log);
        let oldest = (1..=log.len() + 1).find(|&first| tail.piece(seq(first as u64), 1).is_ok()).unwrap();
        for first in [oldest, oldest + from.index(log.len() + 2 - oldest)] {
            prop_assert!(read(&tail, seq(first as u64), max_bytes) == frames(&now[first - 1..]), "from {first}");
        }
        // Its bytes are counted as they are.
        let bytes: usize = tail.ring().slices(seq(oldest as u64)).unwrap().map(|slice| slice.bytes().len()).sum();
        prop_assert!(bytes == frames(&now[oldest - 1..]).len() && bytes == tail.ring().bytes());
        let is_one_run = tail.ring().slices(seq(oldest as u64)).unwrap().count() <= 1;
        prop_assert!(bytes <= capacity_bytes || is_one_run);
    }

    /// A start reads the newest events into the ring as they are then, and what comes later changes them all the same.
    #[test]
    fn a_ring_that_begins_with_what_is_stored_goes_on_alike(
        log in logs(80, 200),
        cut in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(log.len() + 1);
        let from = from.index(cut + 1);
        let tail = Tail::new(seq(from as u64), usize::MAX);
        tail.push(&as_it_is_now(&log[..cut])[from..]);
        log[cut..].iter().for_each(|event| tail.push(std::slice::from_ref(event)));
        prop_assert!(read(&tail, seq(from as u64 + 1), usize::MAX) == frames(&as_it_is_now(&log)[from..]));
    }
}

fn edit(at: u64, target: u64, text: &str) -> Event {
    let cheep = CheepText::cleaned(text);
    Event::Edit(Edit { seq: seq(at), at: Timestamp::UNIX_EPOCH, target: seq(target), cheep, id: None })
}

fn delete(at: u64, target: u64) -> Event {
    let (seq, target, by) = (seq(at), seq(target), DeletedBy::Author);
    Event::Delete(Delete { seq, at: Timestamp::UNIX_EPOCH, target, by, reply_to: None, parent_replies: None, id: None })
}

fn reaction(at: u64, target: u64) -> Event {
    Event::Reaction(Reaction {
        seq: seq(at),
        at: Timestamp::UNIX_EPOCH,
        target: seq(target),
        name: name("bob"),
        emoji: Emoji::parse("🎉").unwrap(),
        on: true,
        count: 1,
        next: None,
        id: None,
    })
}

#[test]
fn nothing_in_the_ring_tells_what_was_deleted() {
    let first = [Event::Cheep(cheep(1, "the first secret")), Event::Cheep(cheep(2, "another"))];
    let rest = [edit(3, 1, "the second secret"), reaction(4, 1), edit(5, 1, "the third secret"), delete(6, 1)];
    // Each by itself, and all together.
    for steps in [first.iter().chain(&rest).map(std::slice::from_ref).collect(), vec![&first[..], &rest[..]]] {
        let tail = Tail::new(Seq::ZERO, usize::MAX);
        for step in steps {
            tail.push(step);
        }
        let piece = tail.piece(seq(1), usize::MAX).unwrap().unwrap();
        for text in [piece.bytes(), &piece.text(TextForm::Lines), &piece.text(TextForm::ServerSent)] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains("secret") && !text.contains("🎉") && text.contains("another"), "{text}");
            assert_eq!(text.matches(r#""type":"void""#).count(), 3, "{text}");
        }
    }
}

#[test]
fn a_text_that_was_made_for_many_is_made_anew() {
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    tail.push(&cheeps(1, &[5, 5]));
    let before = tail.piece(seq(1), usize::MAX).unwrap().unwrap();
    let text = before.text(TextForm::Lines);
    tail.push(&[delete(3, 2)]);
    let after = tail.piece(seq(1), usize::MAX).unwrap().unwrap();
    assert!(before.text(TextForm::Lines) == text, "who reads it at the moment goes on with it");
    assert_eq!(String::from_utf8_lossy(&after.text(TextForm::Lines)).matches("xxxxx").count(), 1);
}

/// No event is known that this happens to: it is what keeps a deleted text out of the ring even so.
#[test]
fn what_cannot_be_read_is_not_kept_once_it_changes() {
    let patch = Changes::default().patch(&[delete(5, 2)], |_| Err(Unreadable));
    assert_eq!(patch.unreadable, Some(seq(2)));
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    (1..=4).for_each(|number| tail.push(&cheeps(number, &[5])));
    let mut ring = tail.ring.write().unwrap();
    ring.drop_oldest(usize::MAX, patch.unreadable);
    assert_eq!((ring.oldest(), ring.head), (seq(3), seq(4)));
    ring.drop_oldest(usize::MAX, Some(seq(4)));
    assert_eq!((ring.oldest(), ring.head, ring.bytes()), (seq(5), seq(4), 0));
}

/// Nobody is told that there is more before it, or they would ask for that again and again.
#[test]
fn a_damaged_first_event_is_passed_over() {
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    tail.push(&[Event::Unknown { seq: seq(1) }]);
    tail.push(&cheeps(2, &[1, 1]));
    let page = |pivot, back| {
        let read = Read::Cheeps { pivot: seq(pivot), back, forth: 0, last: seq(3) };
        let seqs = |part: &Part<(Seq, &[u8])>| part.events.iter().map(|(seq, _)| seq.get()).collect::<Vec<_>>();
        tail.part(&read, |part| (seqs(part), part.more_before)).unwrap()
    };
    assert_eq!(page(3, 1), (vec![3], true));
    assert_eq!(page(3, 9), (vec![2, 3], false));
    assert_eq!(page(1, 9), (vec![], false));
    let read = Read::Events { first: seq(1), last: seq(1) };
    let json = tail.part(&read, |part| String::from_utf8(part.events[0].1.to_vec()).unwrap()).unwrap();
    assert_eq!(json, r#"{"type":"unknown","seq":1}"#);
}

#[test]
fn what_is_not_kept_any_longer_is_not_here_either_nor_is_what_was_done_to_it() {
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    for first in [1, 11, 21] {
        tail.push(&cheeps(first, &[5; 10]));
    }
    let reaction = Event::Reaction(Reaction {
        seq: seq(31),
        at: Timestamp::UNIX_EPOCH,
        target: seq(2),
        name: name("bob"),
        emoji: Emoji::parse("🐦").unwrap(),
        on: true,
        count: 1,
        next: None,
        id: None,
    });
    tail.push(&[reaction]);
    tail.push(&cheeps(32, &[5; 10]));
    assert!(!tail.raise_floor(seq(1)), "that is where it was");
    assert!(tail.piece(seq(1), 1).is_ok());
    assert!(tail.raise_floor(seq(15)) && !tail.raise_floor(seq(15)));
    assert_eq!((tail.floor(), tail.head()), (seq(15), seq(41)));
    // The reaction is void in the store, so it is to be had there alone, with what lies before it.
    assert_eq!(tail.piece(seq(31), 1).err(), Some(NotHere));
    assert!(tail.piece(seq(32), 1).is_ok());
    let newest = |back| {
        let read = Read::Cheeps { pivot: seq(41), back, forth: 0, last: seq(41) };
        tail.part(&read, |part| (part.events.len(), part.more_before))
    };
    assert_eq!(newest(5), Ok((5, true)));
    assert_eq!(newest(11), Err(NotHere), "the store has one more");
    assert!(tail.raise_floor(seq(32)));
    assert_eq!(newest(11), Ok((10, false)), "here are all that are kept");
    assert!(tail.raise_floor(seq(42)));
    assert_eq!(newest(1), Ok((0, false)));
    tail.push(&cheeps(42, &[5]));
    assert_eq!(newest(1), Ok((0, false)), "of those up to then");
}
