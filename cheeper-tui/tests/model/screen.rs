//! A client whose keys are pressed and whose pictures are looked at by tests.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cheeper_protocol::{Name, Secret, ServerFrame, follow::Identity};
use cheeper_tui::{
    effect::Effect,
    keys::Keymap,
    model::Model,
    msg::Msg,
    storage::Kept,
    update::{start, update},
    view,
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, layout::Position};

pub(crate) struct Screen {
    pub(crate) model: Model,
    /// What the last message led to.
    pub(crate) effects: Vec<Effect>,
    keymap: Keymap,
    cheeps: u64,
}

/// Alice's, not yet connected.
pub(crate) fn screen(width: u16, height: u16) -> Screen {
    screen_with(width, height, Kept::default())
}

pub(crate) fn screen_with(width: u16, height: u16, kept: Kept) -> Screen {
    let identity = Identity { name: Name::parse("alice").unwrap(), secret: Secret::parse("alice's own secret").ok() };
    let mut model = Model::new("localhost:5000".to_owned(), identity, kept);
    let keymap = Keymap::new(&[]);
    model.keys = keymap.describe();
    let effects = start(&mut model);
    Screen { model, effects, keymap, cheeps: 0 }.then(Msg::Resized(width, height))
}

impl Screen {
    pub(crate) fn then(mut self, msg: Msg) -> Self {
        self.effects = update(&mut self.model, msg);
        self
    }

    /// Presses keys: characters stand for themselves, others are named as in `<enter>` or `<ctrl+f>`.
    pub(crate) fn keys(mut self, keys: &str) -> Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let (key, after) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((name, after)) => (named(name), after),
                None => (KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &rest[c.len_utf8()..]),
            };
            rest = after;
            if let Some(msg) = self.keymap.message(Event::Key(key), self.model.context()) {
                self = self.then(msg);
            }
        }
        self
    }

    pub(crate) fn hears(self, json: &str) -> Self {
        self.then(Msg::Frame(ServerFrame::parse(json).unwrap()))
    }

    /// Welcomed by a server whose newest cheep is `head`.
    pub(crate) fn welcomed(self, head: u64) -> Self {
        self.hears(&format!(
            r#"{{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":{head},"online":17,"limits":
            {{"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}}}"#
        ))
    }

    /// Welcomed by a server with nothing on it, and named.
    pub(crate) fn live(self) -> Self {
        self.welcomed(0)
            .hears(r#"{"type":"page","id":"gap","events":[],"from":1,"to":0,"head":0,"more":false}"#)
            .hears(r#"{"type":"hello","id":"hello","name":"alice","claimed":true}"#)
    }

    /// Hears a page of cheeps by Bob, in answer to the question of this id.
    pub(crate) fn page(mut self, id: &str, seqs: std::ops::RangeInclusive<u64>, head: u64) -> Self {
        self.cheeps = self.cheeps.max(*seqs.end());
        let (from, to) = (*seqs.start(), *seqs.end());
        let cheeps: Vec<String> = seqs.map(|seq| cheep(seq, "bob", &format!("cheep number {seq}"), "")).collect();
        let cheeps = cheeps.join(",");
        self.hears(&format!(
            r#"{{"type":"page","id":"{id}","events":[{cheeps}],"from":{from},"to":{to},"head":{head},"more":true}}"#
        ))
    }

    pub(crate) fn cheep(mut self, name: &str, text: &str, more: &str) -> Self {
        self.cheeps += 1;
        let json = cheep(self.cheeps, name, text, more);
        self.hears(&json)
    }

    pub(crate) fn cheeps(self, count: u32) -> Self {
        (0..count).fold(self, |screen, _| {
            let text = format!("cheep number {}", screen.cheeps + 1);
            screen.cheep("bob", &text, "")
        })
    }

    pub(crate) fn buffer(&self) -> (Buffer, Position) {
        let area = self.model.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, frame)).unwrap();
        let cursor = terminal.get_cursor_position().unwrap();
        (terminal.backend().buffer().clone(), cursor)
    }

    /// What is drawn, where the cursor stands, and a number that changes with any colour or other look.
    pub(crate) fn picture(&self) -> String {
        let (buffer, cursor) = self.buffer();
        let mut styles = DefaultHasher::new();
        for cell in &buffer.content {
            (cell.fg, cell.bg, cell.modifier).hash(&mut styles);
        }
        let mut backend = TestBackend::new(buffer.area.width, buffer.area.height);
        let cells = buffer.content.iter().enumerate().map(|(at, cell)| {
            let (x, y) = buffer.pos_of(at);
            (x, y, cell)
        });
        ratatui::backend::Backend::draw(&mut backend, cells).unwrap();
        format!("{backend}cursor {},{} styles {:016x}", cursor.x, cursor.y, styles.finish())
    }

    /// The rows of the timeline's part of the picture, without what is right of them.
    pub(crate) fn rows(&self) -> Vec<String> {
        let (buffer, _) = self.buffer();
        let rows = (0..buffer.area.height).map(|y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect());
        rows.map(|row: String| row.trim_end().to_owned()).collect()
    }
}

pub(crate) fn cheep(seq: u64, name: &str, text: &str, more: &str) -> String {
    let (hour, minute) = (seq / 60 % 24, seq % 60);
    let json = serde_json::json!({ "name": name, "cheep": text }).to_string();
    let rest = json.trim_start_matches('{');
    format!(r#"{{"type":"cheep","seq":{seq},"at":"2026-11-23T{hour:02}:{minute:02}:00.000Z"{more},{rest}"#)
}

fn named(name: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut key = name;
    while let Some((modifier, rest)) = key.split_once('+') {
        modifiers |= match modifier {
            "ctrl" => KeyModifiers::CONTROL,
            "alt" => KeyModifiers::ALT,
            "shift" => KeyModifiers::SHIFT,
            other => panic!("{other} in {name}"),
        };
        key = rest;
    }
    let code = match key {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "left" => KeyCode::Left,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "f1" => KeyCode::F(1),
        key => KeyCode::Char(key.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}
