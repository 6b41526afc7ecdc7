//! The command.

use std::process::ExitCode;

use cheeper_tui::{app, config::Args};
use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match app::run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheeper-tui: {error}.");
            ExitCode::FAILURE
        }
    }
}
