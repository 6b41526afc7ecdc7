//! Keys and frames in, picture out.

use cheeper_protocol::Seq;
use cheeper_tui::{
    msg::Msg,
    storage::{Kept, Read},
    theme::{Background, Depth, Theme},
};
use ratatui::style::Color;

use crate::screen::{Screen, cheep, screen, screen_with};

fn talk(width: u16, height: u16) -> Screen {
    screen(width, height)
        .live()
        .cheep("alice", "hello, everyone", r#","verified":true"#)
        .cheep("bob", "@alice hi! have a look at https://example.org", "")
        .cheep("dora", "a long cheep wraps under its own text, never under the name, and not in a word", "")
}

#[test]
fn connecting() {
    insta::assert_snapshot!(screen(60, 10).picture());
}

#[test]
fn empty() {
    insta::assert_snapshot!(screen(60, 10).live().picture());
}

#[test]
fn live() {
    insta::assert_snapshot!(talk(80, 14).keys("what's happening?").picture());
}

#[test]
fn wide_characters_and_long_words() {
    let screen = screen(44, 14).live().cheep("第二条", &"家".repeat(40), "").cheep("eve", &"x".repeat(60), "");
    insta::assert_snapshot!(screen.keys("家👩‍👩‍👧e\u{301}").picture());
}

#[test]
fn ten_lines() {
    let text = (1..=11).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(screen(44, 18).live().cheep("eve", &text, "").picture());
}

#[test]
fn scrolled_back() {
    insta::assert_snapshot!(screen(60, 12).live().cheeps(30).keys("<pgup>").picture());
}

#[test]
fn pill() {
    let screen = screen(60, 12).live().cheeps(30).keys("<pgup>");
    insta::assert_snapshot!(screen.cheep("dora", "news", "").cheep("dora", "more news", "").picture());
}

#[test]
fn unread_line() {
    let read = Read { timeline: "t".to_owned(), seq: Seq::new(4).unwrap() };
    let screen = screen_with(60, 14, Kept { read: Some(read), ..Kept::default() }).welcomed(6);
    insta::assert_snapshot!(screen.page("gap", 1..=6, 6).picture());
}

#[test]
fn pending() {
    insta::assert_snapshot!(screen(60, 10).live().cheeps(2).keys("on its way<enter>").picture());
}

#[test]
fn pending_without_room_beside_it() {
    let text = "x".repeat(38);
    insta::assert_snapshot!(screen(60, 10).live().cheeps(2).keys(&text).keys("<enter>").picture());
}

#[test]
fn refused() {
    let screen = screen(60, 10).live().keys("again<enter>");
    let refused = r#"{"type":"error","id":"id","code":"id_conflict","message":"This id was used.","retryable":false}"#;
    insta::assert_snapshot!(screen.hears(refused).picture());
}

#[test]
fn name_taken() {
    let screen = screen(60, 12).welcomed(0);
    let taken = r#"{"type":"error","id":"hello","code":"name_taken","message":"It is taken.","retryable":false}"#;
    insta::assert_snapshot!(screen.hears(taken).picture());
}

fn offline(width: u16) -> Screen {
    let closed = Msg::Closed { code: None, why: Some("nobody listens there".to_owned()) };
    let mut screen = screen(width, 10).live().cheeps(2).then(closed).keys("later<enter>");
    screen.model.now = 120;
    screen
}

#[test]
fn offline_with_unsent() {
    insta::assert_snapshot!(offline(90).picture());
}

#[test]
fn offline_in_a_narrow_window() {
    insta::assert_snapshot!(offline(44).picture());
}

#[test]
fn several_lines_are_written() {
    insta::assert_snapshot!(screen(60, 12).live().keys("one<alt+enter>two<ctrl+j>three<up>").picture());
}

#[test]
fn too_long() {
    insta::assert_snapshot!(screen(60, 12).live().keys(&"x".repeat(290)).keys("<enter>").picture());
}

#[test]
fn reply() {
    let screen = talk(70, 14).cheep("dora", "so do I", r#","reply_to":1"#).cheep("eve", "what?", r#","reply_to":9"#);
    insta::assert_snapshot!(screen.keys("<alt+up><alt+up>rYes<enter><alt+up>r").picture());
}

#[test]
fn selected() {
    insta::assert_snapshot!(talk(70, 14).keys("<alt+up><alt+up>").picture());
}

#[test]
fn find() {
    insta::assert_snapshot!(talk(70, 14).keys("<ctrl+f>HELLO").picture());
}

#[test]
fn find_further_back() {
    let screen = screen(70, 12).welcomed(300).page("gap", 101..=300, 300);
    insta::assert_snapshot!(screen.keys("<ctrl+f>number 7<enter>").picture());
}

#[test]
fn a_name_that_mixes_scripts() {
    // Cyrillic letters before Latin ones; and a Japanese name, whose scripts go together.
    let screen = talk(80, 14).cheep("раypal", "pay here", r#","verified":true"#).cheep("家のねこ", "meow", "");
    insta::assert_snapshot!(screen.keys("<alt+up><up>").picture());
}

#[test]
fn help() {
    insta::assert_snapshot!(screen(80, 24).live().keys("<f1>").picture());
}

#[test]
fn completion() {
    let screen = talk(60, 12).cheep("Dorothea", "me too", "");
    insta::assert_snapshot!(screen.keys("so says @do<tab><tab>").picture());
}

#[test]
fn tiny_20x5() {
    insta::assert_snapshot!(screen(20, 5).live().cheeps(9).keys("hello").picture());
}

#[test]
fn small_40x10() {
    insta::assert_snapshot!(screen(40, 10).live().cheeps(9).keys("hello").picture());
}

#[test]
fn large_200x60() {
    insta::assert_snapshot!(talk(200, 60).cheeps(60).keys("hello").picture());
}

fn themed(depth: Depth, background: Background) -> Screen {
    let mut screen = talk(70, 12).keys("hello");
    screen.model.theme = Theme { depth, background };
    screen
}

#[test]
fn sixteen_colours() {
    insta::assert_snapshot!(themed(Depth::Sixteen, Background::Dark).picture());
}

#[test]
fn light() {
    insta::assert_snapshot!(themed(Depth::True, Background::Light).picture());
}

#[test]
fn no_color() {
    let screen = themed(Depth::None, Background::Dark);
    insta::assert_snapshot!(screen.picture());
    let (buffer, _) = screen.buffer();
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn scrolled_back_and_to_the_end_again() {
    let screen = screen(60, 12).live().cheeps(30);
    let before = screen.picture();
    assert_eq!(screen.keys("<pgup><pgup><end>").picture(), before);
}

#[test]
fn no_size_is_too_small_to_draw() {
    for (width, height) in [(1, 1), (2, 2), (5, 3), (200, 1), (1, 60), (300, 100)] {
        let screen = talk(width, height).keys("hello @d<tab><pgup><alt+up>r<ctrl+f>x");
        screen.picture();
        screen.keys("<f1>").picture();
    }
}

#[test]
fn what_a_stranger_typed_is_drawn_as_text_only() {
    let hostile = "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}gnp.exe\u{200b}\r\n\u{85}end";
    let (buffer, _) = screen(60, 12).live().cheep("eve", hostile, "").buffer();
    let drawn: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(drawn.contains("[2J") && !drawn.contains(char::is_control) && !drawn.contains('\u{202e}'), "{drawn:?}");
}

/// Cheeps with everything that can become of them.
fn changed(width: u16, height: u16) -> Screen {
    let reactions = r#","rev":9,"edited_at":"2026-11-23T12:00:00.000Z","replies":2,"reactions":[
        {"emoji":"♥","count":3,"names":["bob","dora","alice"]},{"emoji":"🎉","count":1,"names":["bob"]},
        {"emoji":"👩‍👩‍👧","count":60,"names":["dora"]}]"#;
    screen(width, height)
        .live()
        .cheep("alice", "hello, everyone", &format!(r#","verified":true{reactions}"#))
        .cheep("alexandrina", "", r#","rev":10,"deleted":"host""#)
        .cheep("bob", "it is gone", r#","reply_to":2,"rev":11,"replies":1"#)
        .cheep("dora", "", r#","reply_to":1,"rev":12,"deleted":"author","replies":1"#)
}

#[test]
fn edited_deleted_answered_and_reacted_to() {
    insta::assert_snapshot!(changed(60, 16).picture());
}

#[test]
fn changes_in_a_narrow_window() {
    insta::assert_snapshot!(changed(30, 16).picture());
}

#[test]
fn reacting() {
    insta::assert_snapshot!(talk(80, 14).keys("<alt+up>+🐦").picture());
}

#[test]
fn deleting() {
    let own = r#","verified":true"#;
    insta::assert_snapshot!(screen(60, 10).live().cheep("alice", "oops", own).keys("<alt+up>d").picture());
}

#[test]
fn editing() {
    let own = r#","verified":true"#;
    insta::assert_snapshot!(screen(60, 10).live().cheep("alice", "helo", own).keys("<alt+up>e").picture());
}

#[test]
fn a_thread() {
    let screen = talk(70, 14).cheep("dora", "so do I", r#","reply_to":1,"parent_replies":1"#).keys("<alt+up>t");
    let thread = [
        cheep(1, "alice", "hello, everyone", r#","replies":1,"rev":4"#),
        cheep(4, "dora", "so do I", r#","reply_to":1"#),
    ];
    let page = r#"{"type":"page","id":"side 0","from":1,"to":4,"head":4,"more":false,"events":["#;
    insta::assert_snapshot!(screen.hears(&format!("{page}{}]}}", thread.join(","))).picture());
}

#[test]
fn a_search() {
    insta::assert_snapshot!(talk(70, 14).keys("<ctrl+f>hello<tab>").picture());
}
