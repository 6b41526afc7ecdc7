//! The command: reads what was typed, opens the store, serves until it is told to stop; looks at a store, copies it or writes it out; or
//! asks those who work with one to let people in and to keep order.

pub mod args;
mod backup;
mod check;
mod error;
mod export;
mod greeting;
mod import;
mod invitation;
mod log;
mod operator;
mod output;
mod plain;
mod restore;
mod serve;
mod signals;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use self::{
    args::{Args, Task, store::StoreTask},
    log::Log,
    serve::ServeError,
};

/// What the process does, from its start to its exit code.
pub fn main() -> ExitCode {
    let args = Args::read();
    let log = match Log::start(&args.log) {
        Ok(log) => log,
        Err(error) => {
            // Without a thread for the log there is nothing else to write to, and nothing else that could be held up.
            drop(writeln!(io::stderr(), "cheeper-server: the log cannot be started: {error}."));
            return ExitCode::FAILURE;
        }
    };
    // What was logged gets out however this ends.
    let _flush = log.flush_at_the_end();
    let done = match &args.task {
        None => serve::serve(args, &log).map(|()| ExitCode::SUCCESS),
        Some(Task::Check) => check::check(&args),
        Some(Task::Operator(task)) => operator::run(&args, task),
        Some(Task::Store(StoreTask::Backup(what))) => backup::backup(&args, what),
        Some(Task::Store(StoreTask::Restore(what))) => restore::restore(&args, what),
        Some(Task::Store(StoreTask::Export(what))) => export::export(&args, what),
        Some(Task::Store(StoreTask::Import(what))) => import::import(&args, what),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            log.say(&format!("cheeper-server: {error}."));
            // As clap does for what it refuses itself.
            ExitCode::from(if matches!(error, ServeError::Args(_)) { 2 } else { 1 })
        }
    }
}
