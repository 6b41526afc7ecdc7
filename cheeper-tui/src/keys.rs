//! What a key or a paste means.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};

use crate::{composer::Edit, msg::Msg};

/// The message for a terminal event; `None` if it means nothing here.
pub fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => on_key(key),
        Event::Paste(text) => Some(Msg::Edit(Edit::Insert(text))),
        Event::Resize(width, height) => Some(Msg::Resized(width, height)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => Some(Msg::PageUp),
            MouseEventKind::ScrollDown => Some(Msg::PageDown),
            _ => None,
        },
        _ => None,
    }
}

fn on_key(key: KeyEvent) -> Option<Msg> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let shift = key.modifiers.contains(KeyModifiers::SHIFT);
    let newline = || Some(Msg::Edit(Edit::Insert("\n".to_owned())));
    let edit = |edit| Some(Msg::Edit(edit));
    match key.code {
        KeyCode::Enter if alt || shift => newline(),
        KeyCode::Enter => Some(Msg::Submit),
        KeyCode::Char(c) if control => match c.to_ascii_lowercase() {
            'c' | 'q' => Some(Msg::Quit),
            'j' => newline(),
            'a' => edit(Edit::LineStart),
            'e' => edit(Edit::LineEnd),
            'b' => edit(Edit::Left),
            'f' => edit(Edit::Right),
            'd' => edit(Edit::DeleteRight),
            'h' => edit(Edit::DeleteLeft),
            'w' => edit(Edit::KillWordLeft),
            'u' => edit(Edit::KillToStart),
            'k' => edit(Edit::KillToEnd),
            'y' => edit(Edit::Yank),
            '_' | '7' | 'z' => edit(Edit::Undo),
            _ => None,
        },
        KeyCode::Char('b') if alt => edit(Edit::WordLeft),
        KeyCode::Char('f') if alt => edit(Edit::WordRight),
        KeyCode::Char(_) if alt => None,
        KeyCode::Char(c) => Some(Msg::Char(c)),
        KeyCode::Left if control || alt => edit(Edit::WordLeft),
        KeyCode::Right if control || alt => edit(Edit::WordRight),
        KeyCode::Left => edit(Edit::Left),
        KeyCode::Right => edit(Edit::Right),
        KeyCode::Backspace if control || alt => edit(Edit::KillWordLeft),
        KeyCode::Backspace => edit(Edit::DeleteLeft),
        KeyCode::Delete => edit(Edit::DeleteRight),
        KeyCode::Up => Some(Msg::Up),
        KeyCode::Down => Some(Msg::Down),
        KeyCode::PageUp => Some(Msg::PageUp),
        KeyCode::PageDown => Some(Msg::PageDown),
        KeyCode::Home => Some(Msg::Top),
        KeyCode::End => Some(Msg::End),
        KeyCode::F(1) => Some(Msg::Help),
        KeyCode::Esc => Some(Msg::Escape),
        _ => None,
    }
}
