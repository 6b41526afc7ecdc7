use cheeper_protocol::Name;
use proptest::prelude::*;

use super::{complete::Completion, *};

fn composed(edits: &[Edit]) -> Composer {
    let mut composer = Composer::default();
    for edit in edits {
        composer.edit(edit);
    }
    composer
}

fn typed(edits: &[Edit]) -> (String, usize) {
    let composer = composed(edits);
    (composer.text, composer.cursor)
}

fn insert(text: &str) -> Edit {
    Edit::Insert(text.to_owned())
}

fn letters(text: &str) -> Vec<Edit> {
    text.chars().map(|c| Edit::Insert(c.to_string())).collect()
}

#[test]
fn one_step_is_one_grapheme() {
    let family = "👩‍👩‍👧";
    assert_eq!(typed(&[insert("a"), insert(family), Edit::DeleteLeft]), ("a".to_owned(), 1));
    assert_eq!(typed(&[insert(family), insert("b"), Edit::Left, Edit::Left, Edit::DeleteRight]).0, "b");
    assert_eq!(typed(&[insert("e"), insert("\u{301}"), Edit::DeleteLeft]).0, "");
}

#[test]
fn a_pasted_return_is_a_new_line() {
    assert_eq!(typed(&[insert("a\r\nb\rc")]).0, "a\nb\nc");
}

#[test]
fn what_was_killed_can_be_put_elsewhere_and_taken_back() {
    let killed = [insert("one two"), Edit::KillWordLeft, Edit::LineStart, Edit::Yank];
    assert_eq!(typed(&killed).0, "twoone ");
    assert_eq!(typed(&[&killed[..], &[Edit::Undo]].concat()).0, "one ");
    let after = [insert("one two three"), Edit::LineStart, Edit::WordRight, Edit::KillWordRight];
    assert_eq!(typed(&after).0, "one three");
}

#[test]
fn a_word_is_taken_back_at_once_and_done_again() {
    let words = letters("one two");
    let undo = |steps: &[Edit]| typed(&[&words[..], steps].concat()).0;
    assert_eq!(undo(&[Edit::Undo]), "one ");
    assert_eq!(undo(&[Edit::Undo, Edit::Undo, Edit::Undo]), "");
    assert_eq!(undo(&[Edit::Undo, Edit::Undo, Edit::Redo, Edit::Redo]), "one two");
    assert_eq!(undo(&[Edit::Undo, insert("2"), Edit::Redo]), "one 2", "a change ends the way forth");
}

#[test]
fn what_was_sent_can_be_recalled() {
    let mut composer = Composer::default();
    for text in ["first", "second", "second"] {
        composer.edit(&insert(text));
        composer.take();
    }
    let mut recall = |edit| {
        composer.edit(&edit);
        composer.text().to_owned()
    };
    let recalled = [Edit::RecallOlder, Edit::RecallOlder, Edit::RecallOlder, Edit::RecallNewer, Edit::RecallNewer];
    assert_eq!(recalled.map(&mut recall), ["second", "first", "first", "second", ""]);
}

#[test]
fn up_and_down_go_through_the_lines_as_they_are_wrapped() {
    let mut composer = composed(&[insert("hello world\n家家家")]);
    assert!(!composer.move_line(false, 8), "there is no line below the last");
    assert!(composer.move_line(true, 8));
    assert_eq!(composer.before_cursor(), "hello world", "the line above is shorter");
    assert!(composer.move_line(true, 8));
    assert_eq!(composer.before_cursor(), "hello");
    assert!(!composer.move_line(true, 8));
    assert!(composer.move_line(false, 8) && composer.move_line(false, 8));
    assert_eq!(composer.before_cursor(), "hello world\n家家", "in the middle of nothing");
}

fn names() -> Vec<Name> {
    ["bob", "Alan", "alice", "two words", "all in", "Ms Okafor", "o'neil's"]
        .map(|name| Name::parse(name).unwrap())
        .to_vec()
}

#[test]
fn tab_goes_through_the_names_that_fit() {
    let mut composer = composed(&[insert("hi @al")]);
    let mut completion = Completion::begin(&mut composer, names().iter()).unwrap();
    assert_eq!(composer.text(), "hi @Alan ");
    assert_eq!(completion.candidates, ["@Alan", "@alice", "@\"all in\""]);
    completion.turn(&mut composer, true);
    assert_eq!(composer.text(), "hi @alice ");
    completion.turn(&mut composer, true);
    assert_eq!(composer.text(), "hi @\"all in\" ");
    completion.turn(&mut composer, true);
    assert_eq!(composer.text(), "hi @Alan ");
    completion.turn(&mut composer, false);
    assert_eq!(composer.text(), "hi @\"all in\" ");
}

#[test]
fn tab_writes_a_name_so_that_it_is_read_as_a_mention() {
    let completed = |typed| {
        let mut composer = composed(&[insert(typed)]);
        Completion::begin(&mut composer, names().iter()).map(|_| composer.text().to_owned())
    };
    for begun in ["@ms", "@Ms O", "@\"Ms", "@“ms ok", "＠ms"] {
        assert_eq!(completed(begun).as_deref(), Some("@\"Ms Okafor\" "), "{begun}");
    }
    assert_eq!(completed("(@\"bo").as_deref(), Some("(@bob "));
    assert_eq!(completed("你好@o").as_deref(), Some("你好@\"o'neil's\" "));
    for nothing in ["hi", "me@al", "@al x", "@zo", "@@al", "https://example.org/@al", "@bob\n", "@\"bob\""] {
        assert_eq!(completed(nothing), None, "{nothing}");
    }
}

#[test]
fn the_cursor_passes_a_grapheme_that_stands_on_several_lines() {
    let wide = "👩\u{301}\u{200d}👩";
    let mut composer = composed(&[Edit::Insert(format!("a\n{wide}\nb"))]);
    let inside = 3..2 + wide.len();
    while composer.move_line(true, 1) {
        assert!(!inside.contains(&composer.cursor), "{}", composer.cursor);
    }
    assert_eq!(composer.cursor, 0);
    while composer.move_line(false, 1) {
        assert!(!inside.contains(&composer.cursor), "{}", composer.cursor);
    }
    assert!(composer.cursor > inside.end, "it gets past");
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        "[a é👩\u{200D}\u{301}\n]{0,3}".prop_map(Edit::Insert),
        prop::sample::select(vec![
            Edit::Left,
            Edit::Right,
            Edit::WordLeft,
            Edit::WordRight,
            Edit::LineStart,
            Edit::LineEnd,
            Edit::DeleteLeft,
            Edit::DeleteRight,
            Edit::KillWordLeft,
            Edit::KillWordRight,
            Edit::KillToStart,
            Edit::KillToEnd,
            Edit::Yank,
            Edit::Undo,
            Edit::Redo,
            Edit::RecallOlder,
            Edit::RecallNewer,
        ])
    ]
}

proptest! {
    #[test]
    fn the_cursor_is_never_inside_a_grapheme(
        edits in prop::collection::vec(any_edit(), 0..40), lines in prop::collection::vec(any::<bool>(), 0..3), width in 1..9_usize,
    ) {
        let mut composer = composed(&edits);
        for up in lines {
            composer.move_line(up, width);
        }
        let Composer { text, cursor, .. } = composer;
        let mut ends = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
        prop_assert!(cursor == 0 || ends.any(|end| end == cursor), "{:?} {}", text, cursor);
    }

    #[test]
    fn all_that_was_done_can_be_taken_back(edits in prop::collection::vec("[a é👩\n]{1,3}".prop_map(Edit::Insert), 1..20)) {
        let mut composer = composed(&edits);
        let text = composer.text.clone();
        let mut steps = 0;
        while !composer.text.is_empty() {
            composer.edit(&Edit::Undo);
            steps += 1;
        }
        for _ in 0..steps {
            composer.edit(&Edit::Redo);
        }
        prop_assert_eq!(composer.text, text);
    }
}
