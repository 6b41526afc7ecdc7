//! The terminal, taken over for a while and given back as it was: at the end, in a panic, at a signal.

use std::{io, panic};

use crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Terminal, backend::CrosstermBackend};

/// Gives the terminal back when it is dropped.
pub struct Guard {
    pub terminal: Terminal<CrosstermBackend<io::Stdout>>,
}

impl Guard {
    pub fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))? })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    // There is nobody left to tell if the terminal is gone.
    drop(disable_raw_mode());
    drop(execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show));
}
