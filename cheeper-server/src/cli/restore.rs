//! Putting a backup in the place of a timeline's file.

use std::process::ExitCode;

use super::{
    args::{Args, store::RestoreArgs},
    plain::print,
    serve::ServeError,
};
use crate::timeline::sqlite::copy::restore as put_back;

/// Says what is there now, and where that is which was there before.
pub(super) fn restore(args: &Args, RestoreArgs { file }: &RestoreArgs) -> Result<ExitCode, ServeError> {
    let path = args.data()?;
    let restored = put_back(file, &path)?;
    print(&format!("the timeline up to {} is in {}, as {}.", restored.head, path.display(), restored.timeline));
    print(
        "links, sessions and mutes are those of the backup, also ones that ended since: see cheeper-server links and audit.",
    );
    if let Some(aside) = restored.aside {
        print(&format!("what was there is in {}: remove it when you are sure.", aside.display()));
    }
    Ok(ExitCode::SUCCESS)
}
