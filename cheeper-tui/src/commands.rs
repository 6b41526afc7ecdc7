//! The commands that need no server: identities, the default configuration, completions, man pages.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use cheeper_protocol::follow;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    args::{Cli, Identity},
    config::{self, ConfigError, Settings},
    identity_link, qr,
    server::Server,
    storage::{Identities, StorageError},
    theme::Background,
};

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the input holds no identity: give it what cheeper-tui identity export prints")]
    NoIdentity,
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    #[error("the input cannot be read: {0}")]
    Input(io::Error),
    #[error("{path} cannot be written: {why}", path = .path.display())]
    Page { path: PathBuf, why: io::Error },
}

/// Takes an identity out of this machine, or into it.
pub fn identity(settings: &Settings, command: &Identity) -> Result<(), CommandError> {
    let identities = Identities::of_this_person()?;
    let host = &settings.server.host;
    match command {
        Identity::Export { qr: with_code } => {
            let name = settings.name()?;
            let kept = identities.load(host, name)?.filter(|identity| identity.secret.is_some());
            let identity = kept.ok_or_else(|| StorageError::NoSecret { name: name.clone() })?;
            let link = identity_link::write(&settings.server.page(), &identity).ok_or(CommandError::NoIdentity)?;
            let light = settings.background != Some(Background::Light);
            let code = if *with_code { qr::rows(&link, light).unwrap_or_default() } else { Vec::new() };
            let lines = std::iter::once(link).chain(code).fold(String::new(), |lines, line| lines + &line + "\n");
            print(lines.as_bytes())
        }
        Identity::Import { replace } => {
            let mut input = String::new();
            io::stdin().read_to_string(&mut input).map_err(CommandError::Input)?;
            let (server, identity) = imported(&input).ok_or(CommandError::NoIdentity)?;
            // A server may go by another address there: the one that is set here is meant, if one is.
            let other = server.filter(|_| settings.server == Server::default());
            let host = other.as_ref().map_or(host, |server| &server.host);
            identities.keep(host, &identity, *replace)?;
            print(format!("You can be {} on {host} now.\n", identity.name).as_bytes())
        }
    }
}

/// Who it is, and where, if that was said. Before there were links it was JSON, and somebody may have kept some.
fn imported(input: &str) -> Option<(Option<Server>, follow::Identity)> {
    if let Some((server, identity)) = identity_link::read(input) {
        return Some((Some(server), identity));
    }
    let identity: follow::Identity = serde_json::from_str(input).ok()?;
    identity.secret.is_some().then_some((None, identity))
}

/// Prints the default configuration.
pub fn config() -> Result<(), CommandError> {
    print(config::defaults().as_bytes())
}

/// Prints what a shell needs to complete the command.
pub fn completions(shell: Shell) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cheeper-tui", &mut script);
    print(&script)
}

/// Writes a page for the command and for each of its subcommands.
pub fn man(folder: &Path) -> Result<(), CommandError> {
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|why| CommandError::Page { path: folder.to_owned(), why })
}

/// Prints; whoever reads it may have seen enough before the end.
fn print(bytes: &[u8]) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
        _ => Ok(()),
    }
}
