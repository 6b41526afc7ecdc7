//! Everything that can happen, as the model hears of it.

use cheeper_protocol::ServerFrame;

use crate::composer::Edit;

#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    Edit(Edit),
    Submit,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    End,
    Help,
    Escape,
    Quit,
    /// A typed character; with an empty input it may be a command.
    Char(char),
    /// The terminal has this many columns and rows.
    Resized(u16, u16),
    Frame(ServerFrame),
    Closed(Option<u16>),
    /// The time has come for something that was to be done later.
    Tick,
}
