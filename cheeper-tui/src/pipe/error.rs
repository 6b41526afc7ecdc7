//! Why a pipe ended, in one sentence that says how far it got.

use std::{fmt, io};

use cheeper_protocol::Name;

use crate::storage::StorageError;

/// Why a pipe ended.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{host} does not answer{why}{posted}")]
    NoAnswer { host: String, why: String, posted: Posted },
    #[error("the connection with {host} was lost before the answer: look with cheeper-tui audit whether it is done")]
    Unanswered { host: String },
    /// The server does not want this client; the sentence says what to do.
    #[error("{0}")]
    Barred(String),
    #[error("{sentence}{line}{posted}")]
    Refused { sentence: String, line: Line, posted: Posted },
    #[error(
        "{name} is taken on this server: take another --name, or bring its secret here with cheeper-tui identity export and import"
    )]
    NameTaken { name: Name },
    #[error("the input cannot be read: {0}")]
    Input(io::Error),
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl PipeError {
    /// Something that was asked for, other than a post, was refused with this sentence.
    pub(super) fn refused(sentence: &str) -> Self {
        let sentence = sentence.trim_end_matches('.').to_owned();
        Self::Refused { sentence, line: Line(None), posted: Posted::NO_POST }
    }
}

/// How many cheeps were posted, if that is what was to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posted(pub Option<u64>);

impl Posted {
    /// Something else than posting was to be done.
    pub const NO_POST: Self = Self(None);
}

impl fmt::Display for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(0) => f.write_str("; nothing was posted"),
            Some(1) => f.write_str("; 1 cheep was posted before that"),
            Some(count) => write!(f, "; {count} cheeps were posted before that"),
        }
    }
}

/// The line of the input that is at fault, if it was read by lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line(pub Option<u64>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, " (line {line} of the input)"))
    }
}
