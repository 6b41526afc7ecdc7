//! Looking at a store that no server uses, and saying what is wrong with it.

use std::process::ExitCode;

use super::{args::Args, plain::print, serve::ServeError};
use crate::timeline::sqlite::Store;

/// What to do about what was found.
const ADVICE: &str =
    "restore a backup, or go on: what is sound is served, and written to unless the structure is damaged";

/// One line for each thing that is wrong, with what to do about them, or one that says that nothing is.
pub(super) fn check(args: &Args) -> Result<ExitCode, ServeError> {
    let path = args.data()?;
    let findings = Store::check(&path)?;
    let mut said = findings.clone();
    said.push(if findings.is_empty() { format!("the store {} is sound", path.display()) } else { ADVICE.to_owned() });
    for what in said {
        print(&format!("{what}."));
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
