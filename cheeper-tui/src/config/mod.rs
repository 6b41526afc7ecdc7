//! What holds: flags before `CHEEPER_*` variables before the configuration before the defaults.

mod defaults;
mod file;
mod pasted;

use std::{env, fs, io, path::PathBuf};

use cheeper_protocol::Name;
use etcetera::base_strategy::{BaseStrategy as _, Xdg};

pub use self::defaults::defaults;
pub use self::file::ChangedKeys;
use self::file::File;
use crate::{
    args::{Color, Notify, Options, Place, Theme},
    server::Server,
    storage,
    theme::{Background, Depth},
};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {why}; check its permissions", path = .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error("{path}, line {line}: {why}", path = .path.display())]
    Wrong { path: PathBuf, line: usize, why: String },
    #[error("the input gives no address or link: {0}")]
    Pasted(String),
    #[error("say who you are: --name NAME, the variable CHEEPER_NAME, or name = \"…\" in the configuration")]
    NoName,
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub name: Option<Name>,
    pub server: Server,
    /// `None`: ask the terminal.
    pub background: Option<Background>,
    pub depth: Depth,
    pub bell: bool,
    pub notify: Notify,
    pub mouse: bool,
    pub keys: ChangedKeys,
}

impl Settings {
    /// What was typed, with what the file says of the rest.
    pub fn load(options: Options) -> Result<Self, ConfigError> {
        let file = read(options.config.as_ref())?;
        let server = match options.server.clone() {
            Some(Place::At(server)) => Some(server),
            Some(Place::Input) => Some(pasted::server().map_err(ConfigError::Pasted)?),
            None => None,
        };
        Ok(Self::new(options, server, file, |name| env::var(name).ok()))
    }

    /// Who it is; there is no default for that.
    pub fn name(&self) -> Result<&Name, ConfigError> {
        self.name.as_ref().ok_or(ConfigError::NoName)
    }

    fn new(options: Options, server: Option<Server>, file: File, variable: impl Fn(&str) -> Option<String>) -> Self {
        let theme = options.theme.or(file.theme).unwrap_or_default();
        let color = options.color.or(file.color).unwrap_or_default();
        Self {
            name: options.name.or(file.name),
            server: server.or(file.server).unwrap_or_default(),
            background: match theme {
                Theme::Auto => Background::of_terminal(&variable),
                Theme::Dark => Some(Background::Dark),
                Theme::Light => Some(Background::Light),
            },
            depth: match color {
                Color::Auto => Depth::of_terminal(&variable),
                Color::True => Depth::True,
                Color::Indexed => Depth::Indexed,
                Color::Sixteen => Depth::Sixteen,
                Color::None => Depth::None,
            },
            bell: !options.no_bell && file.bell.unwrap_or(true),
            notify: options.notify.or(file.notify).unwrap_or_default(),
            mouse: !options.no_mouse && file.mouse.unwrap_or(true),
            keys: file.keys,
        }
    }
}

/// The file that was named must be there; the one in the usual place may be missing.
fn read(named: Option<&PathBuf>) -> Result<File, ConfigError> {
    let path = match named {
        Some(path) => path.clone(),
        None => match storage::folder(Xdg::config_dir) {
            Ok(folder) => folder.join("config.toml"),
            // Without a home there is no file.
            Err(_) => return Ok(File::default()),
        },
    };
    match fs::read_to_string(&path) {
        Ok(text) => File::parse(&text).map_err(|(line, why)| ConfigError::Wrong { path, line, why }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(File::default()),
        Err(why) => Err(ConfigError::Io { path, why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;

    fn settings(options: Options, file: &str) -> Settings {
        Settings::new(options, None, File::parse(file).unwrap(), |_| None)
    }

    #[test]
    fn flags_come_before_the_file_and_the_file_before_the_defaults() {
        let file = "name = \"bob\"\nserver = \"b.example\"\nbell = false\ntheme = \"light\"";
        let from_file = settings(Options::default(), file);
        assert_eq!(from_file.name.as_ref().map(Name::as_str), Some("bob"));
        assert_eq!((from_file.server.host.as_str(), from_file.bell, from_file.mouse), ("b.example", false, true));
        assert_eq!(from_file.background, Some(Background::Light));
        let options = Options { name: Name::parse("alice").ok(), theme: Some(Theme::Dark), ..Options::default() };
        let typed = settings(options, file);
        assert_eq!(typed.name.as_ref().map(Name::as_str), Some("alice"));
        assert_eq!(typed.background, Some(Background::Dark));
        assert!(settings(Options { no_mouse: true, ..Options::default() }, "mouse = true").mouse.eq(&false));
        assert!(matches!(settings(Options::default(), "").name(), Err(ConfigError::NoName)));
    }

    #[test]
    fn the_printed_defaults_are_the_defaults() {
        let lines: Vec<String> = defaults()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).unwrap_or(line).to_owned())
            .collect();
        let mut printed = settings(Options::default(), &lines.join("\n"));
        assert_eq!(printed.keys.len(), Action::ALL.len(), "every action is in it");
        for (action, keys) in printed.keys.drain(..) {
            let defaults: Vec<_> = action.default_keys().iter().map(|keys| crate::keys::parse(keys).unwrap()).collect();
            assert_eq!(keys, defaults, "{}", action.name());
        }
        printed.name = None;
        assert_eq!(printed, settings(Options::default(), ""));
        assert_eq!(settings(Options::default(), &defaults()), settings(Options::default(), ""), "as it is printed");
    }
}
