//! Writing a timeline as lines.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::ExitCode,
};

use super::{
    args::{Args, store::ExportArgs},
    plain::print,
    serve::ServeError,
};
use crate::timeline::sqlite::exchange::{ExchangeError, Exported, What, export as write_lines};

/// Standard output, as most programs have it.
pub(super) const STANDARD: &str = "-";
/// Who may read the store alone may read what is in it.
const OWNER_ONLY: u32 = 0o600;

/// Fails if something of the timeline is damaged, once all else is written.
pub(super) fn export(args: &Args, ExportArgs { file, events }: &ExportArgs) -> Result<ExitCode, ServeError> {
    let (data, what) = (args.data()?, if *events { What::Events } else { What::Cheeps });
    let exported = if file.as_os_str() == STANDARD {
        match write_lines(&data, what, &mut BufWriter::new(io::stdout().lock())) {
            // Whoever has read enough has hung up.
            Err(ExchangeError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::SUCCESS);
            }
            exported => exported?,
        }
    } else {
        let exported = into_file(&data, what, file)?;
        let what = if *events { "events" } else { "cheeps" };
        print(&format!(
            "{} {what} are in {}, a line each behind the first, which says so.",
            exported.lines,
            file.display()
        ));
        exported
    };
    if exported.damaged == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    Err(ExchangeError::Damaged(exported.damaged).into())
}

/// A new file, whole and on the disk or not there.
fn into_file(data: &Path, what: What, file: &Path) -> Result<Exported, ExchangeError> {
    let new = File::options().write(true).create_new(true).mode(OWNER_ONLY).open(file);
    let new = new.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ExchangeError::FileExists(file.to_owned()),
        _ => ExchangeError::Write(error),
    })?;
    let mut to = BufWriter::new(new);
    let written = write_lines(data, what, &mut to).and_then(|exported| {
        to.flush().and_then(|()| to.get_ref().sync_all()).map_err(ExchangeError::Write)?;
        Ok(exported)
    });
    if written.is_err() {
        drop(fs::remove_file(file));
    }
    written
}
