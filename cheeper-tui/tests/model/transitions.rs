//! Every message, and what follows from it.

use cheeper_protocol::{Event, Seq, ServerFrame, follow::Link};
use cheeper_tui::{effect::Effect, find::Progress, msg::Msg, scroll::Place, storage::Kept};

use crate::screen::{Screen, screen};

fn says(effects: &[Effect]) -> Vec<String> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(frame) => Some(frame.to_json()),
        _ => None,
    });
    sent.collect()
}

fn kept(effects: &[Effect]) -> Option<&Kept> {
    effects.iter().find_map(|effect| match effect {
        Effect::Save(kept) => Some(kept),
        _ => None,
    })
}

fn draft(screen: &Screen) -> &str {
    screen.model.composer.text()
}

#[test]
fn it_begins_by_connecting_and_tells_the_title() {
    let mut model = screen(60, 10).model;
    assert!(matches!(model.follow.link(), Link::Connecting { .. }));
    model.title.clear();
    let effects = cheeper_tui::update::update(&mut model, Msg::Tick);
    assert_eq!(effects, [Effect::Title("cheeper localhost:5000".to_owned())]);
}

#[test]
fn a_cheep_waits_in_the_outbox_until_it_is_acked() {
    let screen = screen(60, 10).keys("hi<enter>");
    assert!(kept(&screen.effects).is_some_and(|kept| kept.outbox.len() == 1 && kept.draft.is_empty()));
    let screen = screen.welcomed(0).hears(r#"{"type":"hello","id":"hello","name":"alice","claimed":false}"#);
    assert!(says(&screen.effects).iter().any(|frame| frame.contains(r#""id":"id""#)));
    let screen = screen.hears(r#"{"type":"ack","id":"id","seq":1,"at":"2026-11-24T12:00:00.000Z"}"#);
    assert!(kept(&screen.effects).is_some_and(|kept| kept.outbox.is_empty()));
}

#[test]
fn what_is_refused_comes_back_with_the_sentence_and_what_it_answers() {
    let screen = screen(60, 10).live().cheeps(3).keys("<alt+up>rhi<enter>");
    assert!(says(&screen.effects)[0].contains(r#""reply_to":3"#));
    let refused = r#"{"type":"error","id":"id","code":"id_conflict","message":"No.","retryable":false}"#;
    let screen = screen.hears(refused);
    assert_eq!((draft(&screen), screen.model.notice.as_deref()), ("hi", Some("No.")));
    assert_eq!(screen.model.reply_to, Seq::new(3));
}

#[test]
fn too_long_a_cheep_stays_and_says_why_and_an_empty_one_is_nothing() {
    let screen = screen(60, 10).keys(&"x".repeat(281)).keys("<enter>");
    assert_eq!(draft(&screen).len(), 281);
    assert!(screen.model.notice.is_some());
    let screen = screen.keys("<ctrl+u>  <enter>");
    assert!(screen.effects.is_empty() && screen.model.notice.is_none());
}

#[test]
fn r_connects_at_once_while_offline_and_is_a_letter_otherwise() {
    let closed = || Msg::Closed { code: None, why: None };
    let screen = screen(60, 10).then(closed()).keys("r");
    assert_eq!(screen.effects, [Effect::Connect]);
    let screen = screen.welcomed(0).keys("r").then(closed()).keys("r");
    assert_eq!(draft(&screen), "rr");
}

#[test]
fn a_paste_is_text_whatever_is_in_it() {
    let screen = screen(60, 10).live().then(Msg::Paste("two\r\nlines\r\u{3}".to_owned()));
    assert_eq!(draft(&screen), "two\nlines\n\u{3}");
    assert_eq!(screen.model.follow.outbox().len(), 0);
    let screen = screen.keys("<ctrl+f>").then(Msg::Paste("a\nb".to_owned()));
    assert_eq!(screen.model.input().text(), "a b");
}

#[test]
fn a_paste_without_end_is_cut_and_says_so() {
    let screen = screen(60, 10).live().then(Msg::Paste("家".repeat(1_000_000)));
    assert_eq!(draft(&screen).chars().count(), 16 * 1024 / 3);
    assert!(screen.model.notice.as_deref().is_some_and(|notice| notice.contains("too long")));
    let screen = screen.keys("x").then(Msg::Edited(Some("y".repeat(20_000))));
    assert_eq!(draft(&screen).len(), 16 * 1024);
}

#[test]
fn a_cheep_that_no_frame_can_hold_comes_back_with_the_reason() {
    // One character, for those who count as people do.
    let text = format!("é{}", "\u{301}".repeat(8_185));
    let screen = screen(60, 10).live().then(Msg::Paste(text.clone())).keys("<enter>");
    assert_eq!(says(&screen.effects), [""; 0], "the server would end the connection over it");
    assert_eq!((draft(&screen), screen.model.follow.outbox().len()), (text.as_str(), 0));
    assert!(screen.model.notice.as_deref().is_some_and(|notice| notice.contains("at most 16384")));
    assert_eq!(says(&screen.keys("<ctrl+u>hi<enter>").effects).len(), 1, "what comes after it is sent");
}

#[test]
fn what_was_dropped_to_bound_the_memory_is_asked_for_again() {
    let kept = u64::try_from(cheeper_tui::timeline::KEPT).unwrap();
    let mut screen = screen(60, 12).live();
    for seq in 1..=kept + 1_000 {
        let Ok(ServerFrame::Event(Event::Cheep(mut cheep))) =
            ServerFrame::parse(&crate::screen::cheep(1, "bob", "hi", ""))
        else {
            panic!()
        };
        cheep.seq = Seq::new(seq).unwrap();
        screen = screen.then(Msg::Frame(ServerFrame::Event(Event::Cheep(cheep))));
    }
    assert_eq!(screen.model.main.timeline.entries().len(), cheeper_tui::timeline::KEPT);
    let screen = screen.keys("<home>");
    assert!(says(&screen.effects)[0].contains(r#""before":1001"#), "{:?}", screen.effects);
}

#[test]
fn a_draft_and_what_it_answers_are_kept_as_they_change() {
    let screen = screen(60, 10).live().cheeps(2).keys("<alt+up>r");
    assert_eq!(kept(&screen.effects).map(|kept| kept.reply_to), Some(Seq::new(2)));
    let screen = screen.keys("h");
    assert_eq!(kept(&screen.effects).map(|kept| kept.draft.as_str()), Some("h"));
    let screen = screen.keys("<left>");
    assert!(screen.effects.is_empty(), "nothing new to keep: {:?}", screen.effects);
}

#[test]
fn the_wheel_scrolls_and_a_click_selects_or_follows() {
    let screen = screen(60, 12).live().cheeps(30).then(Msg::Wheel { up: true });
    assert!(matches!(screen.model.main.place, Place::At { .. }));
    let row = screen.rows().iter().position(|row| row.ends_with("cheep number 24")).unwrap();
    let screen = screen.then(Msg::Click(5, u16::try_from(row).unwrap()));
    assert_eq!(screen.model.main.selected, Seq::new(24));
    let screen = screen.then(Msg::Click(5, u16::try_from(row).unwrap()));
    assert_eq!(screen.model.main.selected, None);
    // A row further down is where the pill is.
    let pill = u16::try_from(row).unwrap() + 3;
    let screen = screen.cheeps(1);
    assert!(screen.rows()[usize::from(pill)].contains("1 new cheep"), "{:?}", screen.rows());
    assert_eq!(screen.then(Msg::Click(55, pill)).model.main.place, Place::Following);
    let screen = self::screen(60, 12).live().cheeps(30).then(Msg::Wheel { up: true }).then(Msg::Wheel { up: false });
    assert_eq!(screen.model.main.place, Place::Following);
}

#[test]
fn a_resize_keeps_what_is_read_at_the_top() {
    let screen = screen(60, 20).live().cheeps(60).keys("<pgup><pgup>");
    let top = |screen: &Screen| screen.rows()[2].trim().to_owned();
    let before = top(&screen);
    let screen = screen.then(Msg::Resized(100, 30)).then(Msg::Resized(60, 20));
    assert_eq!(top(&screen), before);
}

#[test]
fn scrolling_to_the_top_asks_for_older_ones_and_they_come_without_a_jump() {
    let screen = screen(60, 12).welcomed(300).page("gap", 101..=300, 300).keys("<home>");
    assert!(says(&screen.effects).iter().any(|frame| frame.contains(r#""before":101"#)), "{:?}", screen.effects);
    let before = screen.rows();
    assert!(before[2].contains("November") && before[3].ends_with("cheep number 101"), "{before:?}");
    let after = screen.page("older", 1..=100, 300).rows();
    assert!(after[2].ends_with("cheep number 100"), "the line of the day makes room: {after:?}");
    assert_eq!(after[3..], before[3..]);
}

#[test]
fn a_mention_in_the_past_does_not_ring() {
    let screen = screen(60, 12).welcomed(1);
    let page = r#"{"type":"page","id":"gap","events":[{"type":"cheep","seq":1,"at":"2026-11-23T12:00:00.000Z",
        "name":"bob","cheep":"@alice"}],"from":1,"to":1,"head":1,"more":false}"#;
    let screen = screen.hears(page);
    assert!(screen.model.main.timeline.entries()[0].calls);
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::Ring(_))));
}

#[test]
fn a_live_mention_rings_and_our_own_does_not() {
    let screen = screen(60, 12).live().cheeps(1).cheep("bob", "hi @Alice!", "");
    assert!(screen.effects.contains(&Effect::Ring("bob: hi @Alice!".to_owned())), "{:?}", screen.effects);
    let rings = |screen: &Screen| screen.effects.iter().any(|effect| matches!(effect, Effect::Ring(_)));
    let mut screen = screen.cheep("bob", "@alice @alice", "");
    assert!(!rings(&screen), "not twice in a second");
    screen.model.now += 1_000;
    let mut screen = screen.cheep("bob", "@alice?", "");
    assert!(rings(&screen));
    screen.model.now += 1_000;
    assert!(!rings(&screen.cheep("alice", "I am @alice", "")));
}

#[test]
fn a_selected_cheep_is_copied_and_its_links_opened() {
    let text = "see https://a.example and http://b.example/x.";
    let screen = screen(60, 12).live().cheep("bob", text, "").keys("<alt+up>c");
    assert_eq!(screen.effects, [Effect::Copy(text.to_owned())]);
    let screen = screen.keys("o");
    assert_eq!(screen.effects, [Effect::Open("https://a.example".to_owned())]);
    let screen = screen.keys("2");
    assert_eq!(screen.effects, [Effect::Open("http://b.example/x".to_owned())]);
    let screen = screen.keys("3");
    assert!(screen.effects.is_empty() && screen.model.notice.is_some());
    let screen = screen.keys("<esc>3");
    assert_eq!(draft(&screen), "3");
}

#[test]
fn selecting_goes_up_and_down_and_typing_goes_on_writing() {
    let screen = screen(60, 12).live().cheeps(30).keys("<alt+up><up><up><down>");
    assert_eq!(screen.model.main.selected, Seq::new(29));
    let screen = screen.keys("<alt+down><alt+down>");
    assert_eq!((screen.model.main.selected, screen.model.main.place), (None, Place::Following));
    let screen = screen.keys("<alt+up>hello");
    assert_eq!((draft(&screen), screen.model.main.selected), ("hello", None));
}

#[test]
fn finding_goes_from_hit_to_hit_and_further_back_when_told_to() {
    let screen = screen(60, 12).welcomed(300).page("gap", 101..=300, 300).keys("<ctrl+f>number 15");
    assert_eq!(screen.model.main.selected, Seq::new(159));
    let screen = screen.keys("<enter><up><down>");
    assert_eq!(screen.model.main.selected, Seq::new(158));
    let screen = screen.keys("<ctrl+u>number 99<enter>");
    assert!(says(&screen.effects).iter().any(|frame| frame.contains(r#""before":101"#)), "{:?}", screen.effects);
    let screen = screen.page("older", 1..=100, 300).then(Msg::Tick);
    assert_eq!(screen.model.main.selected, Seq::new(99));
    let screen = screen.keys("<esc>r");
    assert_eq!(screen.model.reply_to, Seq::new(99), "the hit is selected");
}

#[test]
fn tab_completes_those_who_cheeped_and_those_who_are_here() {
    let screen = screen(60, 12).live().cheep("bo", "hi", "").cheep("dora", "hi", "").cheep("bo", "hi", "").keys("@");
    assert!(says(&screen.effects)[0].contains(r#""type":"who""#));
    let screen = screen.hears(r#"{"type":"who","id":"who","names":["alice","bo","Bob"],"online":3}"#).keys("b<tab>");
    let completion = screen.model.completion.as_ref().unwrap();
    assert_eq!(completion.candidates, ["@bo", "@Bob"]);
    assert_eq!(draft(&screen), "@bo ");
    let screen = screen.keys("<tab>x");
    assert_eq!(draft(&screen), "@Bob x");
    assert_eq!(screen.model.completion, None);
}

#[test]
fn a_search_without_a_hit_ends() {
    let mut screen = screen(60, 12).live().cheeps(30).keys("<ctrl+f>nowhere");
    while screen.model.find.as_ref().is_some_and(|find| matches!(find.progress, Progress::Looking { .. })) {
        assert_eq!(screen.model.deadline(), Some(screen.model.now), "it goes on at once");
        screen = screen.then(Msg::Tick);
    }
    assert_eq!(screen.model.find.map(|find| find.progress), Some(Progress::None));
}

#[test]
fn the_editor_gives_its_text_back_or_nothing_changes() {
    let screen = screen(60, 12).keys("one<ctrl+x><ctrl+e>");
    assert_eq!(screen.effects, [Effect::Edit("one".to_owned())]);
    let screen = screen.then(Msg::Edited(None));
    assert_eq!(draft(&screen), "one");
    let screen = screen.then(Msg::Edited(Some("two\nlines\n".to_owned())));
    assert_eq!(draft(&screen), "two\nlines");
    assert_eq!(draft(&screen.keys("<ctrl+_>")), "one");
}

#[test]
fn waking_makes_sure_of_the_line_and_draws_afresh() {
    let screen = screen(60, 12).live().then(Msg::Woke);
    assert!(says(&screen.effects)[0].contains("ping") && screen.effects.contains(&Effect::Redraw));
    let screen = screen.then(Msg::Closed { code: None, why: None }).then(Msg::Woke);
    assert!(screen.effects.contains(&Effect::Connect));
}

#[test]
fn time_brings_the_next_attempt() {
    let mut screen = screen(60, 12).live().then(Msg::Closed { code: Some(1012), why: None });
    screen.model.now = screen.model.deadline().unwrap() - 1;
    let screen = screen.then(Msg::Tick);
    assert!(screen.effects.is_empty());
    let mut screen = screen;
    screen.model.now += 1;
    assert_eq!(screen.then(Msg::Tick).effects, [Effect::Connect]);
}

#[test]
fn a_reset_begins_afresh_and_keeps_what_is_written() {
    let screen = screen(60, 12).live().cheeps(5).keys("<alt+up>half written");
    let screen = screen.then(Msg::Closed { code: None, why: None }).then(Msg::Woke);
    let welcome = r#"{"type":"welcome","protocol":1,"server":"t","timeline":"other","head":1,"online":1,"limits":
        {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#;
    let screen = screen.hears(welcome).page("gap", 1..=1, 1);
    let seqs: Vec<u64> = screen.model.main.timeline.entries().iter().map(|entry| entry.seq.get()).collect();
    assert_eq!((seqs, draft(&screen)), (vec![1], "half written"));
}

#[test]
fn words_from_outside_are_shown_until_the_next_key() {
    let screen = screen(60, 12).then(Msg::Told("The disk is full.".to_owned()));
    assert!(screen.rows().iter().any(|row| row.contains("The disk is full.")));
    assert_eq!(screen.keys("<left>").model.notice, None);
}

#[test]
fn quitting_suspending_and_drawing_afresh_are_left_to_the_app() {
    for (key, effect) in [("<ctrl+c>", Effect::Quit), ("<ctrl+z>", Effect::Suspend), ("<ctrl+l>", Effect::Redraw)] {
        assert_eq!(screen(60, 12).keys("<f1>").keys(key).effects, [effect]);
    }
}

#[test]
fn the_title_counts_what_was_not_seen() {
    let screen = screen(60, 12).live().cheeps(30).keys("<pgup>").cheeps(2);
    assert!(screen.effects.contains(&Effect::Title("(2) cheeper localhost:5000".to_owned())));
    assert!(screen.keys("<end>").effects.contains(&Effect::Title("cheeper localhost:5000".to_owned())));
}

#[test]
fn help_scrolls_where_it_does_not_fit_and_closes() {
    let screen = screen(60, 12).keys("<f1>");
    assert_eq!(screen.model.help, Some(0));
    let screen = screen.keys("<pgdn><down><up>");
    assert_eq!(screen.model.help, Some(9));
    assert_eq!(screen.keys("x").model.help, None);
}
