//! `config.toml`, read key by key, so that a mistake is told with its line and what was meant. Pure.

use cheeper_protocol::Name;
use clap::ValueEnum;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    action::Action,
    args::{self, Color, Notify, Theme},
    keys::{self, Chord},
    server::Server,
};

/// Other keys for some of the actions.
pub type ChangedKeys = Vec<(Action, Vec<Vec<Chord>>)>;

/// What the file says; it need not say anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct File {
    pub(super) name: Option<Name>,
    pub(super) server: Option<Server>,
    pub(super) theme: Option<Theme>,
    pub(super) color: Option<Color>,
    pub(super) bell: Option<bool>,
    pub(super) notify: Option<Notify>,
    pub(super) mouse: Option<bool>,
    pub(super) keys: ChangedKeys,
}

/// A line, and what is wrong in it.
type Wrong = (usize, String);

const SETTINGS: &[&str] = &["name", "server", "theme", "color", "bell", "notify", "mouse", "keys"];

impl File {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line(at), error.message().trim().replace('\n', ", "))
        })?;
        let mut file = Self::default();
        for (key, value) in table.get_ref() {
            file.set(key.get_ref(), value)
                .map_err(|(place, why)| (line(place.unwrap_or_else(|| key.span().start)), why))?;
        }
        Ok(file)
    }

    /// Takes in one setting; where another place than the key is at fault, that is told too.
    fn set(&mut self, key: &str, value: &Spanned<DeValue>) -> Result<(), (Option<usize>, String)> {
        let here = |why: String| (None, format!("{key}: {why}"));
        match key {
            "name" => self.name = Some(string(value).and_then(args::name).map_err(here)?),
            "server" => self.server = Some(string(value).and_then(Server::parse).map_err(here)?),
            "theme" => self.theme = Some(one_of(value).map_err(here)?),
            "color" => self.color = Some(one_of(value).map_err(here)?),
            "notify" => self.notify = Some(one_of(value).map_err(here)?),
            "bell" => self.bell = Some(truth(value).map_err(here)?),
            "mouse" => self.mouse = Some(truth(value).map_err(here)?),
            "keys" => {
                let DeValue::Table(table) = value.get_ref() else {
                    return Err(here("it is a table: [keys]".to_owned()));
                };
                for (name, keys) in table {
                    let wrong = |why: String| (Some(name.span().start), why);
                    let action = Action::named(name.get_ref()).ok_or_else(|| {
                        wrong(unknown("action", name.get_ref(), Action::ALL.iter().map(|action| action.name())))
                    })?;
                    let chords = chords(keys).map_err(|why| wrong(format!("{}: {why}", name.get_ref())))?;
                    self.keys.push((action, chords));
                }
            }
            key => return Err((None, unknown("setting", key, SETTINGS.iter().copied()))),
        }
        Ok(())
    }
}

fn string<'a>(value: &'a Spanned<DeValue>) -> Result<&'a str, String> {
    value.get_ref().as_str().ok_or_else(|| "it must be a text in \"quotes\"".to_owned())
}

fn truth(value: &Spanned<DeValue>) -> Result<bool, String> {
    value.get_ref().as_bool().ok_or_else(|| "it must be true or false".to_owned())
}

fn one_of<T: ValueEnum>(value: &Spanned<DeValue>) -> Result<T, String> {
    let values = || T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<String> = values().map(|value| format!("\"{}\"", value.get_name())).collect();
    let typed = string(value)?;
    T::from_str(typed, false).map_err(|_| format!("\"{typed}\" is none of {}", names.join(", ")))
}

/// One key, or a list of them.
fn chords(value: &Spanned<DeValue>) -> Result<Vec<Vec<Chord>>, String> {
    match value.get_ref() {
        DeValue::String(keys) => Ok(vec![keys::parse(keys)?]),
        DeValue::Array(list) => list.iter().map(|keys| keys::parse(string(keys)?)).collect(),
        _ => Err("it must be a key such as \"ctrl+f\", or a list of them".to_owned()),
    }
}

fn unknown<'a>(what: &str, typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    const ALIKE: f64 = 0.7;
    let likeness = |name: &str| strsim::jaro_winkler(typed, name);
    let nearest = known.clone().map(|name| (likeness(name), name)).max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((alike, name)) if alike > ALIKE => format!("there is no {what} `{typed}`; did you mean `{name}`?"),
        _ => format!("there is no {what} `{typed}`; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_was_meant() {
        for (text, line, why) in [
            ("bell = true\nthme = \"dark\"", 2, "there is no setting `thme`; did you mean `theme`?"),
            ("zzz = 1", 1, "there is no setting `zzz`; there are name, server"),
            ("\n[keys]\nfnd = \"f3\"", 3, "there is no action `fnd`; did you mean `find`?"),
            ("[keys]\n\nfind = \"hyper+f\"", 3, "find: `hyper` is not ctrl, alt or shift"),
            ("theme = \"grey\"", 1, "theme: \"grey\" is none of \"auto\", \"dark\", \"light\""),
            ("bell = \"yes\"", 1, "bell: it must be true or false"),
            ("name = \" \"", 1, "name: A name must not begin with a space"),
            ("server = \"ftp://x\"", 1, "server: it must begin with ws://"),
            ("keys = 1", 1, "keys: it is a table"),
            ("bell = true\nname = ", 2, ""),
            ("bell = true\nbell = false", 2, "duplicate key"),
        ] {
            let (at, said) = File::parse(text).unwrap_err();
            assert_eq!(at, line, "{text}: {said}");
            assert!(said.starts_with(why), "{text}: {said}");
        }
    }

    #[test]
    fn keys_are_one_or_several_or_none() {
        let file = File::parse("[keys]\nfind = \"f3\"\nquit = [\"ctrl+q\", \"ctrl+x ctrl+c\"]\nhelp = []").unwrap();
        let counts: Vec<_> = file.keys.iter().map(|(action, keys)| (*action, keys.len())).collect();
        for expected in [(Action::Find, 1), (Action::Quit, 2), (Action::Help, 0)] {
            assert!(counts.contains(&expected), "{counts:?}");
        }
    }
}
