//! The link that a server shows at each start. Its token is kept in a file beside the store, which is its owner's alone, so
//! that what hangs on a wall is good for longer than one run.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use cheeper_protocol::{AuditQuery, Request, Role, ServerFrame, Token};

use super::reach::Reached;
use crate::cli::error::OperatorError;

/// What stands behind the store's name.
const FILE: &str = "-join";
/// One that is being written.
const NEW: &str = ".new";

/// The token of the link that stands, or of a new one if it has ended, or is of another timeline.
pub(in crate::cli) fn standing_link(reached: &mut Reached, store: &Path) -> Result<Token, OperatorError> {
    let file = beside(store, FILE);
    let kept = fs::read_to_string(&file).ok().and_then(|kept| ServerFrame::parse(kept.trim_end()).ok());
    if let Some(ServerFrame::Link { token, made, .. }) = kept {
        let query = AuditQuery { before: Some(made.entry.saturating_add(1)), limit: 1 };
        // Of a store that was restored, the entry of this number may tell of something else.
        if reached.audit(query)?.0.first() == Some(&made) {
            return Ok(token);
        }
    }
    let answer = reached.ask(Request::Link { role: Role::Member, for_ms: None, note: None })?;
    keep(&file, &answer)?;
    match answer {
        ServerFrame::Link { token, .. } => Ok(token),
        _ => Err(OperatorError::Strange),
    }
}

fn keep(file: &Path, link: &ServerFrame) -> io::Result<()> {
    let new = beside(file, NEW);
    // One that was left half written may be anybody's to read.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut written = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(written, "{}", link.to_json())?;
    fs::rename(&new, file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
