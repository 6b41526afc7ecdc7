//! Whoever answers the operator: the running server, or the store where there is none.

use std::{fs, path::Path};

use cheeper_protocol::{AuditQuery, Entry, ErrorFrame, Refusal, Request, ServerFrame};

use crate::{
    cli::error::{OperatorError, ServeError},
    control::{Line, offline},
    timeline::sqlite::Store,
};

/// See the module.
pub(in crate::cli) struct Reached {
    pub(super) line: Line,
    /// Where people find the page, the nearest first.
    pub(in crate::cli) addresses: Vec<String>,
}

/// Reaches whoever works with the store at `data`. Without a server, its page is taken to be at `addresses`.
pub(in crate::cli) fn reach(data: &Path, addresses: impl FnOnce() -> Vec<String>) -> Result<Reached, ServeError> {
    // However it is named, the socket lies beside its one true path.
    let Ok(store) = fs::canonicalize(data) else { return Err(OperatorError::NoStore(data.to_owned()).into()) };
    let server = Line::to_server(&store).map_err(|why| OperatorError::Unreachable { store: store.clone(), why })?;
    if let Some((line, greeting)) = server {
        return Ok(Reached { line, addresses: greeting.addresses });
    }
    let line = Line::to_store(offline(Store::open(&store)?)?)?;
    Ok(Reached { line, addresses: addresses() })
}

impl Reached {
    pub(super) fn ask(&mut self, request: Request) -> Result<ServerFrame, OperatorError> {
        match self.line.ask(request)? {
            ServerFrame::Error(ErrorFrame { code, message, .. }) => {
                Err(OperatorError::Refused(Refusal::new(code, message)))
            }
            answer => Ok(answer),
        }
    }

    pub(super) fn audit(&mut self, query: AuditQuery) -> Result<(Vec<Entry>, bool), OperatorError> {
        match self.ask(Request::Audit(query))? {
            ServerFrame::Audit { entries, more, .. } => Ok((entries, more)),
            _ => Err(OperatorError::Strange),
        }
    }
}
