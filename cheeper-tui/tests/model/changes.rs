//! Cheeps that are corrected, deleted and reacted to: by others, and by the person here.

use cheeper_protocol::{Emoji, RequestId, Seq, follow::Submission};
use cheeper_tui::{effect::Effect, msg::Msg, scroll::Place};

use crate::screen::{Screen, screen};

const OWN: &str = r#","verified":true"#;

fn says(screen: &Screen) -> Vec<String> {
    let sent = screen.effects.iter().filter_map(|effect| match effect {
        Effect::Send(frame) => Some(frame.to_json()),
        _ => None,
    });
    sent.collect()
}

fn draft(screen: &Screen) -> &str {
    screen.model.composer.text()
}

fn notice(screen: &Screen) -> &str {
    screen.model.notice.as_deref().unwrap_or_default()
}

/// The rows with something in them, without the header and what is below the timeline.
fn shown(screen: &Screen) -> Vec<String> {
    let rows = screen.rows();
    let timeline = &rows[2..rows.len() - 3];
    timeline.iter().map(|row| row.trim().to_owned()).filter(|row| !row.is_empty()).collect()
}

/// What stands under the text of the first cheep, whether that is selected or not.
fn note(screen: &Screen) -> String {
    shown(screen)[2].trim_start_matches('▌').trim_start().to_owned()
}

fn edit(seq: u64, target: u64, text: &str) -> String {
    let json = serde_json::json!({ "type": "edit", "seq": seq, "at": "2026-11-23T12:00:00.000Z", "target": target, "cheep": text });
    json.to_string()
}

fn delete(seq: u64, target: u64, by: &str) -> String {
    let json = serde_json::json!({ "type": "delete", "seq": seq, "at": "2026-11-23T12:00:00.000Z", "target": target, "by": by });
    json.to_string()
}

fn reaction(seq: u64, target: u64, name: &str, emoji: &str, (on, count): (bool, u64)) -> String {
    let json = serde_json::json!({
        "type": "reaction", "seq": seq, "at": "2026-11-23T12:00:00.000Z", "target": target, "name": name, "emoji": emoji,
        "on": on, "count": count
    });
    json.to_string()
}

#[test]
fn changes_show_at_once_and_in_place() {
    let screen = screen(60, 14).live().cheep("bob", "frist", "").cheep("dora", "second", "");
    let screen = screen.hears(&edit(3, 1, "first")).hears(&reaction(4, 1, "dora", "🎉", (true, 1)));
    let screen = screen.hears(&reaction(5, 1, "alice", "🎉", (true, 2))).hears(&delete(6, 2, "host"));
    let rows = shown(&screen);
    assert!(rows[1].ends_with("first") && rows[2] == "└ [🎉  2] · (edited)" && rows.len() == 4, "{rows:?}");
    assert!(rows[3].contains("dora") && rows[3].ends_with("×deleted by a host"), "{rows:?}");
    let screen = screen.hears(&reaction(7, 1, "alice", "🎉", (false, 1)));
    assert_eq!(shown(&screen)[2], "└ 🎉  1 · (edited)");
}

#[test]
fn answers_are_counted_and_quotes_follow_what_they_quote() {
    let screen = screen(60, 14).live().cheep("bob", "what is it?", "");
    let screen = screen.cheep("dora", "a log", r#","reply_to":1,"parent_replies":1"#);
    assert_eq!(shown(&screen)[2..4], ["└ 1 answer", "00:02  dora       ↱ bob: what is it?"]);
    let screen = screen.hears(&edit(3, 1, "what is\nthat?"));
    let rows = shown(&screen);
    assert!(rows.contains(&"└ 1 answer · (edited)".to_owned()), "{rows:?}");
    assert!(rows.iter().any(|row| row.ends_with("↱ bob: what is that?")), "{rows:?}");
    let rows = shown(&screen.hears(&delete(4, 1, "author")));
    assert!(rows.iter().any(|row| row.ends_with("↱ bob: a cheep that was deleted")), "{rows:?}");
    assert!(rows.contains(&"└ 1 answer".to_owned()) && !rows.concat().contains("that?"), "{rows:?}");
}

#[test]
fn what_is_read_stands_still_when_the_cheep_that_is_cut_off_shrinks_or_grows() {
    let long = (1..=9).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
    let screen = screen(60, 14).live().cheeps(20).cheep("bob", &long, "").cheeps(20);
    // Up, until only its end is left on screen.
    let is_cut_off =
        |screen: &Screen| matches!(screen.model.main.place, Place::At { seq, row: 1.. } if Some(seq) == Seq::new(21));
    let up = |screen: Screen| if is_cut_off(&screen) { screen } else { screen.then(Msg::Wheel { up: true }) };
    let screen = (0..9).fold(screen, |screen, _| up(screen));
    assert!(is_cut_off(&screen));
    let before = screen.rows();
    let screen = screen.hears(&delete(42, 21, "author"));
    let after = screen.rows();
    let first = before.iter().position(|row| row.ends_with("cheep number 22")).unwrap();
    assert_eq!(after[first..11], before[first..11]);
    assert!(after[first - 1].ends_with("deleted by its author"), "{after:?}");
    let screen = screen.hears(&edit(43, 22, "cheep number 22\nand more"));
    assert!(screen.rows()[first + 1].ends_with("and more"), "one that begins on screen grows downwards");
}

#[test]
fn deleted_text_is_not_found_and_has_nothing_to_copy() {
    let screen = screen(60, 14).live().cheep("bob", "secret @alice", "").cheep("bob", "hi", "");
    let screen = screen.hears(&delete(3, 1, "author")).keys("<ctrl+f>secret");
    assert_eq!(screen.model.main.selected, None);
    let screen = screen.keys("<esc><alt+up><up>c");
    assert_eq!((notice(&screen), screen.model.main.selected), ("This cheep was deleted.", Seq::new(1)));
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
    assert!(!screen.model.main.timeline.entries()[0].calls);
    for key in ["+", "e", "d"] {
        assert_eq!(notice(&screen_with_key(key)), "This cheep was deleted.");
    }
}

/// The key, pressed while an own cheep is selected that was deleted.
fn screen_with_key(key: &str) -> Screen {
    screen(60, 14).live().cheep("alice", "mine", OWN).hears(&delete(2, 1, "author")).keys("<alt+up>").keys(key)
}

#[test]
fn a_number_reacts_and_the_same_again_takes_it_back() {
    let screen = screen(60, 14).live().cheep("bob", "news", "").keys("<alt+up>+2");
    assert_eq!(says(&screen), [r#"{"id":"id","type":"react","target":1,"emoji":"👍","on":true}"#]);
    assert!(screen.model.prompt.is_none());
    // It is on its way still, and counts.
    assert_eq!(note(&screen), "└ [👍  …]");
    let screen = screen.keys("+2");
    assert_eq!(screen.model.follow.outbox().len(), 2);
    assert!(notice(&screen).contains("still on its way: this takes it back"), "{}", notice(&screen));
    assert_eq!(note(&screen), "└ 👍  …");
    let screen = self::screen(60, 14).live().cheep("bob", "news", "").hears(&reaction(2, 1, "alice", "👍", (true, 1)));
    let screen = screen.keys("<alt+up>+2");
    assert!(says(&screen)[0].contains(r#""on":false"#), "{:?}", screen.effects);
}

#[test]
fn what_is_on_its_way_shows_on_the_cheep_until_it_is_done() {
    let screen = screen(60, 14).live().cheep("alice", "helo", OWN).keys("<alt+up>e<ctrl+u>hello<enter>");
    assert_eq!(shown(&screen)[1..], ["00:01  alice ✓    helo", "└ edit not saved yet"]);
    // Who goes on correcting does so from what they wrote.
    let screen = screen.keys("<alt+up>e");
    assert_eq!(draft(&screen), "hello");
    let screen = screen
        .keys("<esc>")
        .hears(&edit(2, 1, "hello"))
        .hears(r#"{"type":"ack","id":"id","seq":2,"at":"2026-11-23T12:00:00.000Z"}"#);
    assert_eq!(shown(&screen)[1..], ["00:01  alice ✓    hello", "└ (edited)"]);
    let screen = screen.hears(&reaction(3, 1, "bob", "🎉", (true, 1))).keys("<alt+up>+3");
    assert_eq!(note(&screen), "└ [🎉  1 …] · (edited)");
    let screen = screen.keys("dy");
    assert_eq!(note(&screen), "└ not deleted yet · [🎉  1 …] · (edited)");
}

#[test]
fn what_is_read_stands_still_when_something_is_done_to_the_cheep_that_is_cut_off() {
    let long = (1..=9).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
    let screen = screen(60, 14).live().cheeps(20).cheep("alice", &long, OWN).cheeps(20);
    let is_cut_off =
        |screen: &Screen| matches!(screen.model.main.place, Place::At { seq, row: 1.. } if Some(seq) == Seq::new(21));
    let up = |screen: Screen| if is_cut_off(&screen) { screen } else { screen.then(Msg::Wheel { up: true }) };
    let screen = (0..12).fold(screen, |screen, _| up(screen));
    assert!(is_cut_off(&screen), "{:?}", screen.model.main.place);
    let stands = |screen: &Screen| screen.rows().iter().position(|row| row.ends_with("cheep number 23"));
    let before = stands(&screen);
    assert!(before.is_some());
    let submission = Submission::React {
        id: RequestId::parse("id").unwrap(),
        target: Seq::new(21).unwrap(),
        emoji: Emoji::parse("🎉").unwrap(),
        on: true,
    };
    let mut screen = screen.then(Msg::Click(0, 2));
    assert_eq!(screen.model.main.selected, Seq::new(21));
    screen = screen.keys("+3");
    assert_eq!(screen.model.follow.outbox().collect::<Vec<_>>(), [&submission]);
    assert_eq!(stands(&screen), before);
    let screen = screen
        .hears(&reaction(42, 21, "alice", "🎉", (true, 1)))
        .hears(r#"{"type":"ack","id":"id","seq":42,"at":"2026-11-23T12:00:00.000Z"}"#);
    assert_eq!((screen.model.follow.outbox().len(), stands(&screen)), (0, before));
}

#[test]
fn any_emoji_can_be_typed_or_pasted_and_nothing_else() {
    let screen = screen(60, 14).live().cheep("bob", "news", "").keys("<alt+up>+no<enter>");
    assert!(says(&screen).is_empty() && notice(&screen).contains("one emoji"), "{}", notice(&screen));
    assert_eq!((screen.model.input().text(), draft(&screen)), ("no", ""));
    let screen = screen.keys("<backspace><backspace>").then(Msg::Paste("👩‍👩‍👧".to_owned())).keys("<enter>");
    assert!(says(&screen)[0].contains(r#""emoji":"👩‍👩‍👧","on":true"#), "{:?}", screen.effects);
    let screen = screen.keys("+x<esc>");
    assert!(screen.model.prompt.is_none() && screen.model.main.selected.is_some());
}

#[test]
fn an_own_cheep_is_corrected_and_the_draft_comes_back() {
    let screen =
        screen(60, 14).live().cheep("bob", "hi", "").cheep("alice", "helo", OWN).keys("<alt+up><up>rmeanwhile");
    let screen = screen.keys("<alt+up>e");
    assert_eq!((draft(&screen), screen.model.draft()), ("helo", ("meanwhile", Seq::new(1))));
    assert!(screen.rows().iter().any(|row| row.contains("editing")), "{:?}", screen.rows());
    let screen = screen.keys("<esc>");
    assert_eq!((draft(&screen), screen.model.reply_to), ("meanwhile", Seq::new(1)));
    let screen = screen.keys("<alt+up>e<backspace>lo<enter>");
    assert_eq!(says(&screen), [r#"{"id":"id","type":"edit","target":2,"cheep":"hello"}"#]);
    assert_eq!((draft(&screen), screen.model.reply_to), ("meanwhile", Seq::new(1)));
    // The draft is what is kept all the while.
    let kept = screen.effects.iter().find_map(|effect| match effect {
        Effect::Save(kept) => Some((kept.draft.as_str(), kept.outbox.len())),
        _ => None,
    });
    assert_eq!(kept, Some(("meanwhile", 1)));
}

#[test]
fn a_refused_correction_comes_back_with_the_sentence() {
    let screen = screen(60, 14).live().cheep("alice", "helo", OWN).keys("<alt+up>e<ctrl+u>hello<enter>");
    let refused = r#"{"type":"error","id":"id","code":"forbidden","message":"No.","retryable":false}"#;
    let screen = screen.keys("later").hears(refused);
    assert_eq!((draft(&screen), notice(&screen)), ("hello", "No."));
    assert_eq!(draft(&screen.keys("<esc>")), "later");
}

#[test]
fn what_is_not_ones_own_is_not_changed() {
    for (name, more) in [("bob", OWN), ("alice", "")] {
        for key in ["e", "d"] {
            let screen = screen(60, 14).live().cheep(name, "hi", more).keys("<alt+up>").keys(key);
            assert!(notice(&screen).contains("under a name that they had claimed"), "{}", notice(&screen));
            assert!(screen.model.editing.is_none() && screen.model.prompt.is_none());
        }
    }
}

#[test]
fn deleting_asks_first() {
    let screen = screen(60, 14).live().cheep("alice", "oops", OWN).keys("<alt+up>d");
    assert!(says(&screen).is_empty() && screen.rows().iter().any(|row| row.contains("y yes  n no")));
    let screen = screen.keys("n");
    assert!(says(&screen).is_empty() && screen.model.prompt.is_none());
    let screen = screen.keys("dy");
    assert_eq!(says(&screen), [r#"{"id":"id","type":"delete","target":1}"#]);
    let refused = r#"{"type":"error","id":"id","code":"forbidden","message":"Not yours.","retryable":false}"#;
    assert_eq!(notice(&screen.hears(refused)), "Not yours.");
}

#[test]
fn nothing_is_asked_any_more_on_another_timeline() {
    let screen = screen(60, 14).live().cheep("alice", "oops", OWN).keys("half written<alt+up>e");
    let screen = screen.then(Msg::Closed { code: None, why: None }).then(Msg::Woke).hears(&other_welcome());
    assert!(screen.model.editing.is_none());
    assert_eq!(draft(&screen), "half written");
}

fn other_welcome() -> String {
    r#"{"type":"welcome","protocol":1,"server":"t","timeline":"other","head":1,"online":1,"limits":
        {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#
        .to_owned()
}
