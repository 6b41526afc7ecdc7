//! Everything that can happen, as the model hears of it.

use cheeper_protocol::ServerFrame;

use crate::action::Action;

#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A key was pressed that is bound to this.
    Do(Action),
    /// A character was typed.
    Type(char),
    /// A text was pasted; it never sends.
    Paste(String),
    /// The mouse was pressed in this column and row.
    Click(u16, u16),
    /// The wheel was turned, up or down.
    Wheel {
        up: bool,
    },
    /// The terminal has this many columns and rows.
    Resized(u16, u16),
    Frame(ServerFrame),
    /// The connection ended or could not be made.
    Closed {
        /// The WebSocket close code, if one came.
        code: Option<u16>,
        /// What went wrong, for people.
        why: Option<String>,
    },
    /// The time has come for something that was to be done later.
    Tick,
    /// The process or the whole machine was asleep.
    Woke,
    /// The editor was left; `None` if it failed, and then nothing changes.
    Edited(Option<String>),
    /// Something outside went wrong or wants to be told.
    Told(String),
}
