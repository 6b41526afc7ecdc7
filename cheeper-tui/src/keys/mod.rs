//! What a key, a paste or the mouse means.

mod chord;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};

pub use self::chord::Chord;
use crate::{
    action::{Action, Context},
    msg::Msg,
};

/// Which keys, pressed one after the other, mean which action.
pub struct Keymap {
    bindings: Vec<(Vec<Chord>, Action)>,
    /// The beginning of what may become several keys.
    pressed: Vec<Chord>,
}

impl Keymap {
    /// The default keys, less those of actions that have others.
    pub fn new(changed: &[(Action, Vec<Vec<Chord>>)]) -> Self {
        let mut bindings = Vec::new();
        for action in Action::ALL {
            match changed.iter().find(|(changed, _)| changed == action) {
                Some((_, keys)) => bindings.extend(keys.iter().map(|keys| (keys.clone(), *action))),
                None => bindings.extend(default_keys(*action).map(|keys| (keys, *action))),
            }
        }
        Self { bindings, pressed: Vec::new() }
    }

    /// The keys of every action, for people.
    pub fn describe(&self) -> Vec<(String, &'static str)> {
        let keys = |action: Action| {
            let bound = self.bindings.iter().filter(|(_, bound)| *bound == action);
            bound.map(|(keys, _)| chord::describe(keys)).collect::<Vec<_>>().join("  ")
        };
        Action::ALL.iter().map(|action| (keys(*action), action.what())).collect()
    }

    /// The message for a terminal event; `None` if it means nothing here, or not yet.
    pub fn message(&mut self, event: Event, context: Context) -> Option<Msg> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let typed = match key.code {
                    KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
                    _ => None,
                };
                match self.press(Chord::of(key), context) {
                    Pressed::Means(action) => Some(Msg::Do(action)),
                    Pressed::Begins => None,
                    Pressed::Nothing => typed.map(Msg::Type),
                }
            }
            Event::Paste(text) => Some(Msg::Paste(text)),
            Event::Resize(width, height) => Some(Msg::Resized(width, height)),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => Some(Msg::Wheel { up: true }),
                MouseEventKind::ScrollDown => Some(Msg::Wheel { up: false }),
                MouseEventKind::Down(MouseButton::Left) => Some(Msg::Click(mouse.column, mouse.row)),
                _ => None,
            },
            _ => None,
        }
    }

    fn press(&mut self, chord: Chord, context: Context) -> Pressed {
        self.pressed.push(chord);
        let fits = |action: Action| context.includes(action.context());
        let begun = self.bindings.iter().filter(|(keys, action)| keys.starts_with(&self.pressed) && fits(*action));
        // A key that means something special here does not mean what it usually does.
        match begun.max_by_key(|(_, action)| action.context() != Context::Always) {
            Some((keys, action)) if keys.len() == self.pressed.len() => {
                let action = *action;
                self.pressed.clear();
                Pressed::Means(action)
            }
            Some(_) => Pressed::Begins,
            None => {
                let was_begun = self.pressed.len() > 1;
                self.pressed.clear();
                // What goes wrong after the first of several keys is not typed.
                if was_begun { Pressed::Begins } else { Pressed::Nothing }
            }
        }
    }
}

/// What a key came to.
enum Pressed {
    Means(Action),
    /// It is, or was, one of several.
    Begins,
    Nothing,
}

/// The keys that an action has if nobody says otherwise.
fn default_keys(action: Action) -> impl Iterator<Item = Vec<Chord>> {
    action.default_keys().iter().filter_map(|keys| chord::parse(keys).ok())
}

/// Reads keys such as `ctrl+x ctrl+e`.
pub fn parse(keys: &str) -> Result<Vec<Chord>, String> {
    chord::parse(keys)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    fn press(map: &mut Keymap, code: KeyCode, modifiers: KeyModifiers, context: Context) -> Option<Msg> {
        map.message(Event::Key(KeyEvent::new(code, modifiers)), context)
    }

    #[test]
    fn every_default_key_can_be_read_and_means_one_thing() {
        let mut seen: Vec<(Vec<Chord>, Context)> = Vec::new();
        for action in Action::ALL {
            for keys in action.default_keys() {
                let keys = (chord::parse(keys).unwrap(), action.context());
                assert!(!seen.contains(&keys), "{} has a key of another action", action.name());
                seen.push(keys);
            }
        }
    }

    #[test]
    fn a_key_means_what_it_is_bound_to_and_a_letter_itself() {
        let map = &mut Keymap::new(&[]);
        let none = KeyModifiers::NONE;
        assert_eq!(press(map, KeyCode::Enter, none, Context::Always), Some(Msg::Do(Action::Send)));
        assert_eq!(press(map, KeyCode::Enter, KeyModifiers::SHIFT, Context::Always), Some(Msg::Do(Action::NewLine)));
        assert_eq!(
            press(map, KeyCode::BackTab, KeyModifiers::SHIFT, Context::Always),
            Some(Msg::Do(Action::CompleteBack))
        );
        assert_eq!(press(map, KeyCode::Char('É'), KeyModifiers::SHIFT, Context::Always), Some(Msg::Type('É')));
        assert_eq!(press(map, KeyCode::Char('r'), none, Context::Always), Some(Msg::Type('r')));
        assert_eq!(press(map, KeyCode::Char('r'), none, Context::Selecting), Some(Msg::Do(Action::Reply)));
        assert_eq!(press(map, KeyCode::Char('r'), none, Context::Offline), Some(Msg::Do(Action::ConnectNow)));
        assert_eq!(press(map, KeyCode::Char('t'), KeyModifiers::CONTROL, Context::Always), None);
    }

    #[test]
    fn two_keys_are_waited_for_and_a_wrong_second_one_is_swallowed() {
        let map = &mut Keymap::new(&[]);
        let (control, none) = (KeyModifiers::CONTROL, KeyModifiers::NONE);
        assert_eq!(press(map, KeyCode::Char('x'), control, Context::Always), None);
        assert_eq!(press(map, KeyCode::Char('e'), control, Context::Always), Some(Msg::Do(Action::Editor)));
        assert_eq!(press(map, KeyCode::Char('x'), control, Context::Always), None);
        assert_eq!(press(map, KeyCode::Char('q'), none, Context::Always), None);
        assert_eq!(press(map, KeyCode::Char('q'), none, Context::Always), Some(Msg::Type('q')));
    }

    #[test]
    fn keys_can_be_given_to_other_actions() {
        let map = &mut Keymap::new(&[(Action::Quit, vec![parse("f10").unwrap()]), (Action::Help, vec![])]);
        assert_eq!(press(map, KeyCode::F(10), KeyModifiers::NONE, Context::Always), Some(Msg::Do(Action::Quit)));
        assert_eq!(press(map, KeyCode::Char('c'), KeyModifiers::CONTROL, Context::Always), None);
        assert_eq!(press(map, KeyCode::F(1), KeyModifiers::NONE, Context::Always), None);
        assert!(map.describe().contains(&("F10".to_owned(), Action::Quit.what())));
    }
}
