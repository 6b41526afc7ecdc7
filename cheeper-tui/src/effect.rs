//! What is to be done outside the model.

use cheeper_protocol::ClientFrame;

use crate::storage::Kept;

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Connect,
    Disconnect,
    Send(ClientFrame),
    /// Keep what must outlive the process.
    Save(Kept),
    /// Somebody calls: ring, and notify with these words where that is wanted.
    Ring(String),
    /// Put it on the clipboard.
    Copy(String),
    /// Open a link.
    Open(String),
    /// Let the person write this on in an editor.
    Edit(String),
    /// The terminal's title.
    Title(String),
    /// Draw everything afresh.
    Redraw,
    /// Stop for the shell, until it lets us go on.
    Suspend,
    Quit,
}
