//! Printing events, for as long as somebody reads them.

use std::io::{self, Write as _};

use cheeper_protocol::Event;

use super::line::Style;

/// Prints a line for each event that has one. False if nobody reads it any more.
pub(super) fn print<'a>(style: &Style, events: impl IntoIterator<Item = &'a Event>) -> io::Result<bool> {
    let mut output = io::stdout().lock();
    let write = || {
        for line in events.into_iter().filter_map(|event| style.line(event)) {
            writeln!(output, "{line}")?;
        }
        output.flush()
    };
    match write() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true),
    }
}
