//! Keys and frames in, picture out.

use cheeper_protocol::{Name, ServerFrame, follow::Identity};
use cheeper_tui::{
    composer::Edit,
    model::Model,
    msg::Msg,
    update::{start, update},
    view,
};
use ratatui::{Terminal, backend::TestBackend};

struct Screen {
    model: Model,
    ids: u32,
}

fn screen(width: u16, height: u16) -> Screen {
    let identity = Identity { name: Name::parse("alice").unwrap(), secret: None };
    let mut model = Model::new("localhost:5000".to_owned(), identity, Vec::new(), String::new());
    start(&mut model);
    Screen { model, ids: 0 }.then(Msg::Resized(width, height))
}

impl Screen {
    fn then(mut self, msg: Msg) -> Self {
        update(&mut self.model, msg);
        self
    }

    fn hears(self, json: &str) -> Self {
        self.then(Msg::Frame(ServerFrame::parse(json).unwrap()))
    }

    fn types(self, text: &str) -> Self {
        self.then(Msg::Edit(Edit::Insert(text.to_owned())))
    }

    /// Welcomed by a server with nothing on it, and named.
    fn live(self) -> Self {
        self.hears(
            r#"{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":0,"online":17,"limits":
            {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#,
        )
        .hears(r#"{"type":"page","id":"gap","cheeps":[],"head":0,"more":false}"#)
        .hears(r#"{"type":"hello","id":"hello","name":"alice","claimed":true}"#)
    }

    fn cheep(mut self, name: &str, text: &str, more: &str) -> Self {
        self.ids += 1;
        let (seq, minute) = (self.ids, self.ids % 60);
        let json = serde_json::json!({ "name": name, "cheep": text }).to_string();
        let rest = json.trim_start_matches('{');
        let json = format!(r#"{{"type":"cheep","seq":{seq},"at":"2026-11-23T12:{minute:02}:00.000Z"{more},{rest}"#);
        self.hears(&json)
    }

    fn cheeps(self, count: u32) -> Self {
        (1..=count).fold(self, |screen, nth| screen.cheep("bob", &format!("cheep number {nth}"), ""))
    }

    fn picture(&self) -> String {
        let area = self.model.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, frame)).unwrap();
        terminal.backend().to_string()
    }
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
    let screen = screen(80, 14)
        .live()
        .cheep("alice", "hello, everyone", r#","verified":true"#)
        .cheep("bob", "@alice hi! have a look at https://example.org", "")
        .cheep("dora", "a long cheep wraps under its own text, never under the name, and not in a word", "")
        .types("what's happening?");
    insta::assert_snapshot!(screen.picture());
}

#[test]
fn wide_characters_and_long_words() {
    let screen = screen(44, 14).live().cheep("第二条", &"家".repeat(40), "").cheep("eve", &"x".repeat(60), "");
    insta::assert_snapshot!(screen.picture());
}

#[test]
fn scrolled_back_with_news() {
    let screen = screen(60, 12).live().cheeps(30).then(Msg::PageUp);
    insta::assert_snapshot!(screen.cheep("dora", "news", "").cheep("dora", "more news", "").picture());
}

#[test]
fn scrolled_back_and_to_the_end_again() {
    let screen = screen(60, 12).live().cheeps(30);
    let before = screen.picture();
    assert_eq!(screen.then(Msg::PageUp).then(Msg::PageUp).then(Msg::End).picture(), before);
}

#[test]
fn pending() {
    insta::assert_snapshot!(screen(60, 10).live().cheeps(2).types("on its way").then(Msg::Submit).picture());
}

#[test]
fn refused() {
    let screen = screen(60, 10).live().types("again").then(Msg::Submit);
    let refused = r#"{"type":"error","id":"id","code":"id_conflict","message":"This id was used.","retryable":false}"#;
    insta::assert_snapshot!(screen.hears(refused).picture());
}

#[test]
fn name_taken() {
    let screen = screen(60, 10).live().then(Msg::Closed(None)).then(Msg::Char('r'));
    let welcome = r#"{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":0,"online":2,"limits":
        {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#;
    let taken = r#"{"type":"error","id":"hello","code":"name_taken","message":"It is taken.","retryable":false}"#;
    insta::assert_snapshot!(screen.hears(welcome).hears(taken).picture());
}

#[test]
fn offline_with_unsent() {
    let screen = screen(76, 10).live().cheeps(2).then(Msg::Closed(None)).types("later").then(Msg::Submit);
    insta::assert_snapshot!(screen.picture());
}

#[test]
fn several_lines_are_written() {
    insta::assert_snapshot!(screen(60, 12).live().types("one\ntwo\nthree").picture());
}

#[test]
fn too_long() {
    insta::assert_snapshot!(screen(60, 12).live().types(&"x".repeat(290)).then(Msg::Submit).picture());
}

#[test]
fn help() {
    insta::assert_snapshot!(screen(80, 24).live().then(Msg::Help).picture());
}

#[test]
fn small() {
    insta::assert_snapshot!(screen(40, 10).live().cheeps(9).types("hello").picture());
}

#[test]
fn tiny() {
    insta::assert_snapshot!(screen(20, 5).live().cheeps(9).types("hello").picture());
}

#[test]
fn no_size_is_too_small_to_draw() {
    for (width, height) in [(1, 1), (2, 2), (5, 3), (200, 1), (1, 60)] {
        screen(width, height).live().cheeps(9).types("hello").then(Msg::PageUp).then(Msg::Help).picture();
    }
}
