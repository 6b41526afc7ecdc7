//! A client whose terminal is gone ends, whatever it is doing.
//!
//! The signal alone does not see to that: crossterm 0.29 reads a terminal that was closed for ever, perhaps in the very thread
//! that would hear of the signal.

use std::{io, process, thread, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

/// How long the signal has for an end in order. There is nothing left to restore and all that matters was kept before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Watches the terminal on standard input from now on.
pub(super) fn watch() -> io::Result<()> {
    thread::Builder::new().name("hang-up".to_owned()).spawn(wait_and_exit).map(drop)
}

fn wait_and_exit() {
    let input = io::stdin();
    // Nothing is asked for, and a hang-up is told all the same.
    let mut terminal = [PollFd::new(&input, PollFlags::empty())];
    loop {
        match poll(&mut terminal, None) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            // Then there is only the signal.
            Err(_) => return,
        }
    }
    thread::sleep(PATIENCE);
    process::exit(0);
}
