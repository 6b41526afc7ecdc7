//! Threads and searches: lists of their own over the timeline.

use cheeper_protocol::Seq;
use cheeper_tui::{effect::Effect, msg::Msg, side::Subject};

use crate::screen::{Screen, cheep, screen};

fn says(screen: &Screen) -> Vec<String> {
    let sent = screen.effects.iter().filter_map(|effect| match effect {
        Effect::Send(frame) => Some(frame.to_json()),
        _ => None,
    });
    sent.collect()
}

fn page(id: &str, cheeps: &[String], (from, to, head): (u64, u64, u64), more: bool) -> String {
    let cheeps = cheeps.join(",");
    format!(r#"{{"type":"page","id":"{id}","events":[{cheeps}],"from":{from},"to":{to},"head":{head},"more":{more}}}"#)
}

fn delete(seq: u64, target: u64) -> String {
    format!(r#"{{"type":"delete","seq":{seq},"at":"2026-11-23T12:00:00.000Z","target":{target},"by":"author"}}"#)
}

fn seqs(screen: &Screen) -> Vec<u64> {
    screen.model.pane().timeline.entries().iter().map(|entry| entry.seq.get()).collect()
}

/// Cheep 3 is selected, and its thread asked for.
fn asked() -> Screen {
    screen(60, 16).live().cheeps(3).cheep("dora", "four", r#","reply_to":3,"parent_replies":1"#).keys("<alt+up><up>t")
}

fn three() -> String {
    cheep(3, "bob", "three", r#","replies":1,"rev":4"#)
}

fn four() -> String {
    cheep(4, "dora", "four", r#","reply_to":3,"parent_replies":1"#)
}

#[test]
fn a_thread_shows_a_cheep_with_its_answers_and_goes_on_live() {
    let screen = asked();
    assert_eq!(says(&screen), [r#"{"id":"side 0","type":"thread","seq":3}"#]);
    assert!(screen.rows()[0].starts_with(" thread"), "{:?}", screen.rows());
    let screen = screen.hears(&page("side 0", &[three(), four()], (3, 4, 4), false));
    assert_eq!((seqs(&screen), screen.model.pane().selected), (vec![3, 4], Seq::new(3)));
    // Answers that belong to it are added as they come, an answer to an answer too; others are not.
    let screen = screen.cheep("eve", "hm", r#","reply_to":4,"parent_replies":1"#);
    let screen = screen.cheep("eve", "elsewhere", r#","reply_to":1,"parent_replies":1"#).hears(&delete(7, 4));
    assert_eq!(seqs(&screen), [3, 4, 5]);
    assert!(screen.rows().iter().any(|row| row.contains("deleted by its author")), "{:?}", screen.rows());
    assert_eq!(screen.model.main.timeline.unseen(), 2, "the timeline is not on screen");
    let screen = screen.keys("j<esc>");
    assert!(screen.model.sides.is_empty());
    assert_eq!((seqs(&screen), screen.model.pane().selected), (vec![1, 2, 3, 4, 5, 6], Seq::new(3)));
}

#[test]
fn an_answer_that_is_older_than_what_came_live_is_brought_up_to_date() {
    let screen = asked().hears(&delete(5, 4)).hears(&cheep(6, "eve", "six", r#","reply_to":3,"parent_replies":1"#));
    let screen = screen.hears(&page("side 0", &[three(), four()], (3, 4, 4), false));
    assert_eq!(seqs(&screen), [3, 4, 6]);
    assert!(!screen.rows().iter().any(|row| row.contains("four")), "{:?}", screen.rows());
}

#[test]
fn a_long_thread_is_read_on_at_its_end() {
    let screen = asked().hears(&page("side 0", &[three()], (3, 3, 4), true));
    assert_eq!(says(&screen), [r#"{"id":"side 1","type":"thread","seq":3,"after":3}"#], "its end is on screen");
    let screen = screen.cheep("eve", "five", r#","reply_to":3,"parent_replies":2"#);
    assert_eq!(seqs(&screen), [3], "what comes meanwhile waits for the page");
    let screen = screen.hears(&page("side 1", &[four()], (4, 4, 4), false));
    assert_eq!(seqs(&screen), [3, 4, 5]);
}

#[test]
fn what_was_asked_on_a_lost_connection_is_asked_again() {
    let screen = asked().then(Msg::Closed { code: None, why: None }).then(Msg::Woke).welcomed(4);
    assert!(says(&screen).contains(&r#"{"id":"side 1","type":"thread","seq":3}"#.to_owned()), "{:?}", says(&screen));
    let late = r#"{"type":"error","id":"side 1","code":"internal","message":"Later.","retryable":true}"#;
    let screen = screen.hears(late);
    assert!(says(&screen).is_empty());
    let screen = screen.then(Msg::Tick);
    assert_eq!(says(&screen), [r#"{"id":"side 2","type":"thread","seq":3}"#]);
    let gone = r#"{"type":"error","id":"side 2","code":"not_found","message":"No such cheep.","retryable":false}"#;
    let screen = screen.hears(gone);
    assert_eq!((screen.model.notice.as_deref(), screen.model.sides.len()), (Some("No such cheep."), 0));
}

#[test]
fn a_reply_from_a_thread_shows_in_it_until_it_is_there() {
    let screen = asked().hears(&page("side 0", &[three(), four()], (3, 4, 4), false)).keys("rYes<enter>");
    assert!(says(&screen)[0].contains(r#""cheep":"Yes","reply_to":3"#), "{:?}", says(&screen));
    assert!(screen.rows().iter().any(|row| row.contains("not sent yet")), "{:?}", screen.rows());
    let screen = screen.hears(&cheep(5, "alice", "Yes", r#","reply_to":3,"parent_replies":2,"id":"id""#));
    assert_eq!(seqs(&screen), [3, 4, 5]);
    assert!(!screen.rows().iter().any(|row| row.contains("not sent yet")), "{:?}", screen.rows());
}

#[test]
fn everything_is_searched_by_the_server_page_by_page() {
    let screen = screen(60, 16).live().cheeps(3).keys("<ctrl+f>old <tab>");
    assert!(screen.rows().iter().any(|row| row.starts_with(" search › old")), "{:?}", screen.rows());
    let screen = screen.keys("news<enter>");
    assert_eq!(says(&screen), [r#"{"id":"side 0","type":"search","q":"old news","limit":200}"#]);
    let hits = |range: std::ops::RangeInclusive<u64>| -> Vec<String> {
        range.map(|seq| cheep(seq, "bob", "old news", "")).collect()
    };
    let screen = screen.hears(&page("side 0", &hits(2..=3), (2, 3, 3), true));
    assert_eq!((seqs(&screen), screen.model.pane().selected), (vec![2, 3], Seq::new(3)));
    let screen = screen.keys("kk");
    assert_eq!(says(&screen), [r#"{"id":"side 1","type":"search","q":"old news","before":2,"limit":200}"#]);
    let screen = screen.hears(&page("side 1", &hits(1..=1), (1, 1, 3), false));
    assert_eq!(seqs(&screen), [1, 2, 3]);
    // From what was found to its thread, and back again.
    let screen = screen.keys("kt");
    assert!(
        matches!(screen.model.sides.last().map(|side| &side.subject), Some(Subject::Thread(seq)) if Some(*seq) == Seq::new(1))
    );
    let screen = screen.keys("<esc>");
    assert!(matches!(screen.model.sides.last().map(|side| &side.subject), Some(Subject::Search(_))));
}

#[test]
fn nothing_found_is_said_and_nothing_typed_is_not_searched_for() {
    let screen = screen(60, 16).live().cheeps(3).keys("<ctrl+f><tab><enter>");
    assert!(says(&screen).is_empty() && screen.model.sides.is_empty());
    let screen = screen.keys("zzz<enter>").hears(&page("side 0", &[], (1, 3, 3), false));
    assert!(screen.rows().iter().any(|row| row.contains("Nothing was found for zzz")), "{:?}", screen.rows());
    assert!(screen.rows()[0].starts_with(" search  (Esc: back)  zzz"), "{:?}", screen.rows());
    let screen = screen.keys("<esc>");
    assert!(screen.model.sides.is_empty());
}

#[test]
fn a_search_that_could_not_look_at_the_newest_says_so() {
    let screen = screen(80, 16).live().cheeps(3).keys("<ctrl+f><tab>zzz<enter>");
    let screen = screen.hears(&page("side 0", &[], (1, 2, 3), false));
    assert!(
        screen.rows().iter().any(|row| row.contains("(the newest are not searched yet) for zzz")),
        "{:?}",
        screen.rows()
    );
}

#[test]
fn having_the_server_search_leaves_the_timeline_where_it_was() {
    let place = |screen: &Screen| (screen.model.main.place, screen.model.main.selected);
    let screen = screen(60, 12).live().cheeps(40);
    let before = place(&screen);
    // Typed at once, or after a look at what is here.
    let screen = screen.keys("<ctrl+f><tab>number 7");
    assert_eq!(place(&screen), before);
    let screen = screen.keys("<esc><ctrl+f>number 7");
    assert_eq!(place(&screen).1, Seq::new(7));
    let screen = screen.keys("<tab>");
    assert_eq!(place(&screen), before);
    let screen = screen.keys("<tab>");
    assert_eq!(place(&screen).1, Seq::new(7), "it is looked for here again");
    let screen =
        screen.keys("<tab><enter>").hears(&page("side 0", &[cheep(7, "bob", "number 7", "")], (1, 40, 40), false));
    assert_eq!(place(&screen.keys("<esc>")), before);
}

#[test]
fn what_the_server_does_not_search_for_stays_to_be_corrected() {
    let screen = screen(60, 16).live().cheeps(3).keys("<ctrl+f><tab>***<enter>");
    let refused =
        r#"{"type":"error","id":"side 0","code":"bad_field","field":"q","message":"Nothing.","retryable":false}"#;
    let screen = screen.hears(refused);
    assert_eq!((screen.model.notice.as_deref(), screen.model.sides.len()), (Some("Nothing."), 0));
    assert!(screen.rows().iter().any(|row| row.starts_with(" search › ***")), "{:?}", screen.rows());
    let screen = screen.keys("<ctrl+u>old<enter>");
    assert_eq!(says(&screen), [r#"{"id":"side 1","type":"search","q":"old","limit":200}"#]);
}

#[test]
fn the_hint_of_the_search_fits() {
    for (width, last) in [(80, "Esc back"), (70, "Esc back"), (40, "Esc back")] {
        let screen = screen(width, 16).live().keys("<ctrl+f><tab>");
        assert!(screen.rows().iter().any(|row| row.ends_with(last)), "{:?}", screen.rows());
    }
}

#[test]
fn a_search_waits_for_the_server() {
    let screen = screen(60, 16).keys("<ctrl+f><tab>old<enter>");
    assert!(says(&screen).is_empty());
    assert!(screen.rows().iter().any(|row| row.contains("as soon as the server")), "{:?}", screen.rows());
    let screen = screen.welcomed(0);
    assert!(says(&screen).iter().any(|frame| frame.contains(r#""q":"old""#)), "{:?}", says(&screen));
}

/// What came live before the page did was changed live as well: what is shown is how it is now.
#[test]
fn an_answer_that_came_and_went_before_the_page_is_not_shown_as_it_was() {
    let screen =
        asked().hears(&cheep(5, "eve", "a secret", r#","reply_to":3,"parent_replies":2"#)).hears(&delete(6, 5));
    let screen = screen.hears(&page("side 0", &[three(), four()], (3, 4, 4), false));
    assert_eq!(seqs(&screen), [3, 4, 5]);
    assert!(!screen.rows().iter().any(|row| row.contains("a secret")), "{:?}", screen.rows());
}
