//! What can be typed on the command line, and in `CHEEPER_*` variables. What it comes to is for `config`.

mod command;
mod host;
mod parse;
mod patience;

use std::{env, path::PathBuf, process, sync::LazyLock};

use cheeper_protocol::Name;
use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum,
    builder::{FalseyValueParser, OsStr, Resettable},
};
use regex::Regex;

pub(crate) use self::parse::name;
pub use self::{
    command::{Command, Delete, Edit, Identity, Post, React, Search, Tail, Thread},
    host::{Answer, Audit, Link, LinkRole, Mute, Release, Undo},
    parse::Place,
    patience::Patience,
};

const EXAMPLES: &str = "Examples:
  cheeper-tui --name alice
      the timeline on this machine
  cheeper-tui --name alice --server cheeper.example
      the one of another host; also as http://, https://, ws:// or wss://
  cheeper-tui --name alice --server 'https://cheeper.example/#join=…'
      the first time on one that needs a link; from then on its address is enough
  uptime | cheeper-tui --name box post -
      a cheep from a script
  cheeper-tui tail --last 20 --json
      cheeps as lines, until stopped
  cheeper-tui --name alice react 42 🎉
      a reaction to the cheep with this number";

/// The Cheeper timeline in a terminal.
#[derive(Debug, Parser)]
#[command(name = "cheeper-tui", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,

    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// What was typed and what the environment says. An empty variable counts as none, as scripts leave one out that way.
    /// Ends the process if it makes no sense.
    pub fn read() -> Self {
        let command = Self::command().mut_args(|argument| {
            let is_empty = |name| env::var_os(name).is_some_and(|value| value.is_empty());
            if argument.get_env().is_some_and(is_empty) { argument.env(Resettable::<OsStr>::Reset) } else { argument }
        });
        let read = command.try_get_matches().and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| leave(&error))
    }
}

/// Ends the process as `clap` does, but for one thing: it repeats what was typed, and that may be a link that lets people in.
fn leave(error: &clap::Error) -> ! {
    let said = error.render();
    if said.to_string() == without_secrets(&said.to_string()) {
        error.exit();
    }
    eprint!("{}", without_secrets(&said.to_string()));
    process::exit(error.exit_code())
}

/// A text in which dots stand for what is secret in links.
fn without_secrets(text: &str) -> String {
    static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u:\b)(join|secret)=[^ \n'&]+").ok());
    // The pattern is one, as a test shows.
    SECRET.as_ref().map_or_else(String::new, |secret| secret.replace_all(text, "$1=…").into_owned())
}

/// What may stand before or after a subcommand.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Who you are.
    #[arg(long, short, global = true, env = "CHEEPER_NAME", hide_env_values = true, value_parser = name)]
    pub name: Option<Name>,

    /// Where the timeline is: its address, or the link that lets you in; - reads the link from the input [default: localhost:5000].
    #[arg(long, short, global = true, env = "CHEEPER_SERVER", hide_env_values = true, value_name = "URL", value_parser = Place::parse)]
    pub server: Option<Place>,

    /// What the colours have to be readable on [default: auto].
    #[arg(long, global = true, env = "CHEEPER_THEME", hide_env_values = true, value_name = "WHICH")]
    pub theme: Option<Theme>,

    /// How many colours are shown [default: auto].
    #[arg(long, global = true, env = "CHEEPER_COLOR", hide_env_values = true, value_name = "WHICH")]
    pub color: Option<Color>,

    /// How the terminal is asked to notify of a mention [default: off].
    #[arg(long, global = true, env = "CHEEPER_NOTIFY", hide_env_values = true, value_name = "HOW")]
    pub notify: Option<Notify>,

    /// A mention does not ring the bell.
    #[arg(long, global = true, env = "CHEEPER_NO_BELL", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub no_bell: bool,

    /// The mouse is left to the terminal.
    #[arg(long, global = true, env = "CHEEPER_NO_MOUSE", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub no_mouse: bool,

    /// The configuration [default: config.toml in the folder cheeper of the XDG place].
    #[arg(long, global = true, env = "CHEEPER_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Ask the terminal.
    #[default]
    Auto,
    Dark,
    Light,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    #[value(help = "As TERM, COLORTERM and NO_COLOR say")]
    Auto,
    #[value(name = "true")]
    True,
    #[value(name = "256")]
    Indexed,
    #[value(name = "16")]
    Sixteen,
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    #[default]
    Off,
    #[value(help = "As iTerm2, WezTerm and Windows Terminal know it")]
    Osc9,
    /// As urxvt, foot and Ghostty know it.
    Osc777,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::server::Server;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_secret_in_a_link_is_not_repeated() {
        let said =
            without_secrets("'http://host/#join=j_0-9&x=1' and 'http://host/#name=a&secret=b%20c' are join= wrong");
        assert_eq!(said, "'http://host/#join=…&x=1' and 'http://host/#name=a&secret=…' are join= wrong");
    }

    #[test]
    fn options_stand_before_or_after_the_subcommand() {
        for typed in [
            ["cheeper-tui", "--name", "alice", "--server", "a.example", "post", "hi"],
            ["cheeper-tui", "post", "hi", "--server", "a.example", "--name", "alice"],
            ["cheeper-tui", "--name", "alice", "post", "--server", "a.example", "hi"],
        ] {
            let cli = Cli::try_parse_from(typed).unwrap();
            assert_eq!(cli.options.name.map(|name| name.to_string()).as_deref(), Some("alice"));
            assert_eq!(cli.options.server, Server::parse("a.example").ok().map(Place::At));
            assert!(matches!(cli.command, Some(Command::Post(Post { text, .. })) if text == "hi"));
        }
    }
}
