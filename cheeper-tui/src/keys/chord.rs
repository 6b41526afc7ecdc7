//! A key with what is held down beside it, as people write it: `ctrl+x`, `alt+up`, `f1`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];
const MODIFIERS: &[(&str, KeyModifiers)] =
    &[("ctrl", KeyModifiers::CONTROL), ("alt", KeyModifiers::ALT), ("shift", KeyModifiers::SHIFT)];

impl Chord {
    /// The key that was pressed. Terminals do not agree on how they tell of Shift beside a character, so it does not count.
    pub fn of(key: KeyEvent) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let modifiers = key.modifiers & known;
        match key.code {
            KeyCode::BackTab => Self { code: KeyCode::Tab, modifiers: modifiers | KeyModifiers::SHIFT },
            KeyCode::Char(c) => {
                let modifiers = modifiers - KeyModifiers::SHIFT;
                Self { code: KeyCode::Char(if modifiers.is_empty() { c } else { lowercase(c) }), modifiers }
            }
            code => Self { code, modifiers },
        }
    }
}

fn lowercase(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// Reads keys that are pressed one after the other, with spaces between them.
pub(super) fn parse(keys: &str) -> Result<Vec<Chord>, String> {
    let chords = keys.split_whitespace().map(parse_one).collect::<Result<Vec<_>, _>>()?;
    if chords.is_empty() { Err("a key must be named".to_owned()) } else { Ok(chords) }
}

fn parse_one(typed: &str) -> Result<Chord, String> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = typed;
    while let Some((before, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty()) {
        let known = MODIFIERS.iter().find(|(name, _)| before.eq_ignore_ascii_case(name));
        modifiers |= known.ok_or_else(|| format!("`{before}` is not ctrl, alt or shift"))?.1;
        rest = after;
    }
    let mut chars = rest.chars();
    let code = match (chars.next(), chars.next()) {
        (Some(c), None) => KeyCode::Char(c),
        _ => named(&rest.to_lowercase()).ok_or_else(|| {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("there is no key `{rest}`; there are {}, f1 to f12 and single characters", names.join(", "))
        })?,
    };
    Ok(Chord::of(KeyEvent::new(code, modifiers)))
}

fn named(name: &str) -> Option<KeyCode> {
    let function =
        || Some(KeyCode::F(name.strip_prefix('f')?.parse().ok().filter(|number| (1..=12).contains(number))?));
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code).or_else(function)
}

/// The keys as the help page shows them.
pub(super) fn describe(keys: &[Chord]) -> String {
    keys.iter().map(describe_one).collect::<Vec<_>>().join(" ")
}

fn describe_one(chord: &Chord) -> String {
    let mut words = String::new();
    for (name, modifier) in MODIFIERS {
        if chord.modifiers.contains(*modifier) {
            words.push_str(&capitalised(name));
            words.push('+');
        }
    }
    let named = NAMED.iter().find(|(_, code)| *code == chord.code);
    match (chord.code, named) {
        (KeyCode::Up, _) => words.push('↑'),
        (KeyCode::Down, _) => words.push('↓'),
        (KeyCode::Left, _) => words.push('←'),
        (KeyCode::Right, _) => words.push('→'),
        (KeyCode::PageUp, _) => words.push_str("PgUp"),
        (KeyCode::PageDown, _) => words.push_str("PgDn"),
        (_, Some((name, _))) => words.push_str(&capitalised(name)),
        (KeyCode::Char(c), _) if chord.modifiers.is_empty() => words.push(c),
        (KeyCode::Char(c), _) => words.extend(c.to_uppercase()),
        (KeyCode::F(number), _) => words.extend(["F".to_owned(), number.to_string()]),
        _ => {}
    }
    words
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        for (typed, shown) in [
            ("ctrl+x Ctrl+E", "Ctrl+X Ctrl+E"),
            ("alt+up", "Alt+↑"),
            ("F12", "F12"),
            ("r", "r"),
            ("ctrl++", "Ctrl++"),
            ("shift+tab", "Shift+Tab"),
            ("ctrl+space", "Ctrl+Space"),
        ] {
            assert_eq!(describe(&parse(typed).unwrap()), shown, "{typed}");
        }
        for wrong in ["", "hyper+x", "f13", "ctrl+", "entre"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
