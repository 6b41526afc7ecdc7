//! Copying a timeline's file.

use std::process::ExitCode;

use super::{
    args::{Args, store::BackupArgs},
    plain::print,
    serve::ServeError,
};
use crate::timeline::sqlite::copy::back_up;

/// Says what the backup has, and fails if that is not sound.
pub(super) fn backup(args: &Args, BackupArgs { file, force }: &BackupArgs) -> Result<ExitCode, ServeError> {
    let backup = back_up(&args.data()?, file, *force)?;
    print(&format!("the timeline up to {} is in {} ({} bytes).", backup.head, file.display(), backup.bytes));
    for what in &backup.damages {
        print(&format!("{what}."));
    }
    if backup.damages.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    print("The store is damaged, and so is this copy of it: keep an earlier backup.");
    Ok(ExitCode::FAILURE)
}
