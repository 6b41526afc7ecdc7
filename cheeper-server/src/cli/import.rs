//! Making a new timeline of lines.

use std::{
    fs::File,
    io::{self, BufReader},
    process::ExitCode,
};

use super::{
    args::{Args, store::ImportArgs},
    export::STANDARD,
    plain::print,
    serve::ServeError,
};
use crate::timeline::sqlite::exchange::{ExchangeError, What, import as read_lines};

/// Says what was made, and what could not come along.
pub(super) fn import(args: &Args, ImportArgs { file }: &ImportArgs) -> Result<ExitCode, ServeError> {
    let path = args.data()?;
    let imported = if file.as_os_str() == STANDARD {
        read_lines(&mut io::stdin().lock(), &path)?
    } else {
        let file = File::open(file).map_err(|why| ExchangeError::Open { file: file.clone(), why })?;
        read_lines(&mut BufReader::new(file), &path)?
    };
    print(&format!("a new timeline up to {} is in {}.", imported.head, path.display()));
    if imported.what == What::Cheeps {
        print("these were cheeps alone: reactions, and what was edited when, did not come along.");
    }
    print("claims of names, links and mutes did not come along: an export has none.");
    Ok(ExitCode::SUCCESS)
}
