//! What the host typed, and what it comes to.

mod access;
mod error;
mod keep;
mod limits;
mod listen;
mod operator;
mod proxy;
pub(super) mod store;
mod tls;

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use cheeper_protocol::Limits;
use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    builder::{OsStr, Resettable},
};
use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use self::{
    access::AccessArgs, keep::KeepArgs, limits::LimitArgs, listen::address, proxy::ProxyArgs, store::StoreTask,
    tls::TlsArgs,
};
pub use self::{error::ArgsError, operator::OperatorTask};
use super::invitation::Whereabouts;
use crate::config::Config;

const EXAMPLES: &str = "Examples:
  cheeper-server
      for this machine only, at http://127.0.0.1:5000/
  cheeper-server --listen 0.0.0.0:5000
      for everybody on the network
  cheeper-server --data class.db --post-rate 20
      a timeline of its own, at most 20 cheeps a minute for one person
  cheeper-server --private --data class.db
      only for those who have the link, which is shown
  cheeper-server join-link --ends 8h --data class.db
      a link for today, whether that server runs or not
  cheeper-server check --data class.db
      see whether everything in it is sound, while no server uses it
  cheeper-server backup copy.db --data class.db
      keep a copy of it, while a server uses it or not
  CHEEPER_LISTEN=0.0.0.0:80 cheeper-server
      every flag can be set in the environment";

/// What else can be done than serving.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Look at all that a timeline's file keeps, which no server may be using, and say what is wrong with it.
    Check,
    /// Let people in, and keep order.
    #[command(flatten)]
    Operator(OperatorTask),
    #[command(flatten)]
    Store(StoreTask),
}

/// A live timeline that anybody can host.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
#[expect(clippy::doc_markdown, reason = "these comments are shown by --help")]
pub struct Args {
    /// What to do; nothing: serve.
    #[command(subcommand)]
    pub task: Option<Task>,

    /// Where to listen [default: 127.0.0.1:5000, with --domain 0.0.0.0:443].
    #[arg(long, env = "CHEEPER_LISTEN", value_name = "ADDR:PORT", value_parser = address, global = true)]
    pub listen: Option<SocketAddr>,

    /// The file that keeps the timeline [default: $XDG_DATA_HOME/cheeper/cheeper.db].
    #[arg(long, env = "CHEEPER_DATA", value_name = "PATH", global = true)]
    pub data: Option<PathBuf>,

    /// Print what comes of a command as JSON.
    #[arg(long, global = true)]
    pub json: bool,

    #[command(flatten)]
    pub access: AccessArgs,

    #[command(flatten)]
    pub proxy: ProxyArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub keep: KeepArgs,

    #[command(flatten)]
    pub tls: TlsArgs,

    /// What to log: error, warn, info, debug or trace, or a filter such as cheeper_server=debug.
    #[arg(long, env = "CHEEPER_LOG", value_name = "FILTER", default_value = "warn,cheeper_server=info", value_parser = log_filter)]
    pub log: String,
}

impl Args {
    /// What was typed and what the environment says. An empty variable counts as none: that is how those who start
    /// servers (compose files, units, scripts) leave one out. Ends the process if it makes no sense.
    pub(super) fn read() -> Self {
        let command = Self::command().mut_args(|argument| {
            let is_empty = |name| env::var_os(name).is_some_and(|value| value.is_empty());
            if argument.get_env().is_some_and(is_empty) { argument.env(Resettable::<OsStr>::Reset) } else { argument }
        });
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// The store's file.
    pub(super) fn data(&self) -> Result<PathBuf, ArgsError> {
        if let Some(path) = &self.data {
            return Ok(path.clone());
        }
        let folder = Xdg::new().ok().map(|folders| folders.data_dir());
        // An empty HOME would make it a folder beside wherever the server was started.
        let folder = folder.filter(|folder| folder.is_absolute()).ok_or(ArgsError::NoDataFolder)?;
        Ok(folder.join("cheeper/cheeper.db"))
    }

    /// Where to listen.
    pub(super) fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| self.tls.default_address())
    }

    /// Where a server is that listens there.
    pub(super) fn whereabouts(&self, listens: SocketAddr) -> Whereabouts {
        let base_path = self.proxy.base_path.clone();
        let by_name = || self.tls.url(listens.port(), &base_path);
        let public_url = self.access.public_url.clone().or_else(by_name);
        Whereabouts { scheme: self.tls.scheme(), listens, base_path, public_url }
    }

    /// What to serve with, on a system with so many processors that allows `files` open files.
    pub(super) fn into_config(self, data: &Path, files: u64, processors: usize) -> Result<Config, ArgsError> {
        let LimitArgs { cheep_chars, post_rate, page_rate, frame_rate, connections_per_address, .. } = self.limits;
        Ok(Config {
            limits: Limits { cheep_chars, posts_per_minute: post_rate, ..Limits::default() },
            strangers: self.access.strangers()?,
            pages_per_second: page_rate,
            frames_per_second: frame_rate,
            edge: self.proxy.into_edge(&self.tls.domain),
            tls: self.tls.source(data)?,
            max_connections: self.limits.max_connections(files)?,
            connections_per_address,
            // The store's writer and the acceptor want a processor as well.
            shards: (processors / 2).max(1),
            control: None,
        })
    }
}

fn log_filter(typed: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(typed) {
        Ok(_) => Ok(typed.to_owned()),
        Err(_) => Err("it must be error, warn, info, debug or trace, or such as cheeper_server=debug".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(typed: &[&str], files: u64) -> Result<Config, ArgsError> {
        Args::try_parse_from([&["cheeper-server"], typed].concat()).unwrap().into_config(
            Path::new("cheeper.db"),
            files,
            2,
        )
    }

    #[test]
    fn the_limit_of_files_less_a_reserve_is_the_limit_of_connections() {
        assert_eq!(config(&[], 20_000).unwrap().max_connections, 19_800);
        assert_eq!(config(&[], 256).unwrap().max_connections, 192);
        assert_eq!(config(&["--max-connections", "7"], 256).unwrap().max_connections, 7);
        assert!(matches!(config(&["--max-connections", "193"], 256), Err(ArgsError::TooManyConnections { .. })));
        assert!(matches!(config(&["--max-connections", "0"], 256), Err(ArgsError::NoConnections)));
    }

    #[test]
    fn nonsense_is_refused_when_it_is_typed_and_told_what_would_do() {
        for typed in [
            ["--max-connections", "many"],
            ["--post-rate", "99999999999"],
            ["--cheep-chars", "0"],
            ["--cheep-chars", "4001"],
            ["--cheep-chars", "many"],
            ["--keep-days", "0"],
            ["--keep-cheeps", "0"],
            ["--post-rate=-1", "--log=warn"],
            ["--frame-rate", "70000"],
            ["--page-rate", "many"],
            ["--connections-per-address", "few"],
            ["--listen", "localhost"],
            ["--allow-origin", "example.org"],
            ["--allow-origin", "https://example.org/path"],
            ["--trusted-proxy", "proxy.example"],
            ["--allow-host", "http://class.example"],
            ["--allow-host", "class.example:5000"],
            ["--base-path", "cheeper"],
            ["--log", "cheeper_server=loud"],
        ] {
            let error = Args::try_parse_from([&["cheeper-server"], &typed[..]].concat()).unwrap_err().to_string();
            assert!(error.contains("': it must be ") || error.contains("': an origin is "), "{typed:?}: {error}");
        }
    }
}
