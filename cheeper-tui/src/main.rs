//! The command.

use std::process::ExitCode;

use cheeper_tui::{
    app::{self, AppError},
    args::{Cli, Command, Options},
    commands::{self, CommandError},
    config::{ConfigError, Settings},
    pipe::{self, PipeError},
};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Pipe(#[from] PipeError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        match self {
            // `clap` ends with it too: what was asked for makes no sense.
            Self::Config(_) => ExitCode::from(2),
            Self::App(_) | Self::Pipe(_) | Self::Command(_) => ExitCode::FAILURE,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Cli { options, command } = Cli::read();
    match run(options, command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let sentence = failure.to_string();
            eprintln!("cheeper-tui: {}.", sentence.trim_end_matches('.'));
            failure.exit_code()
        }
    }
}

async fn run(options: Options, command: Option<Command>) -> Result<(), Failure> {
    match command {
        Some(Command::Config) => commands::config()?,
        Some(Command::Completions { shell }) => commands::completions(shell)?,
        Some(Command::Man { folder }) => commands::man(&folder)?,
        Some(Command::Identity(identity)) => commands::identity(&Settings::load(options)?, &identity)?,
        Some(Command::Tail(tail)) => pipe::tail(&Settings::load(options)?, tail).await?,
        Some(Command::Post(post)) => {
            let settings = Settings::load(options)?;
            pipe::post(&settings, settings.name()?, post).await?;
        }
        Some(Command::Edit(edit)) => {
            let settings = Settings::load(options)?;
            pipe::edit(&settings, settings.name()?, edit).await?;
        }
        Some(Command::Delete(delete)) => {
            let settings = Settings::load(options)?;
            match &settings.name {
                Some(name) => pipe::delete(&settings, name, delete).await?,
                // Only a host may do it so; whoever is none is told.
                None => pipe::remove(&settings, delete.seq, &delete.patience).await?,
            }
        }
        Some(Command::React(react)) => {
            let settings = Settings::load(options)?;
            pipe::react(&settings, settings.name()?, react).await?;
        }
        Some(Command::Search(search)) => pipe::search(&Settings::load(options)?, search).await?,
        Some(Command::Thread(thread)) => pipe::thread(&Settings::load(options)?, thread).await?,
        Some(Command::Mute(mute)) => pipe::mute(&Settings::load(options)?, mute).await?,
        Some(Command::Release(release)) => pipe::release(&Settings::load(options)?, release).await?,
        Some(Command::Undo(undo)) => pipe::undo(&Settings::load(options)?, undo).await?,
        Some(Command::Audit(audit)) => pipe::audit(&Settings::load(options)?, audit).await?,
        Some(Command::Link(link)) => pipe::link(&Settings::load(options)?, link).await?,
        None => {
            let settings = Settings::load(options)?;
            let name = settings.name()?.clone();
            app::run(settings, &name).await?;
        }
    }
    Ok(())
}
