//! What is to be done outside the model.

use cheeper_protocol::{ClientFrame, follow::Post};

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Connect,
    Disconnect,
    Send(ClientFrame),
    /// Keep what is not on the timeline yet, and what is being written.
    Save {
        outbox: Vec<Post>,
        draft: String,
    },
    Bell,
    Quit,
}
