//! What ends a server, and how: in order, with a goodbye, however often and by whatever means it is told.

mod observed;
mod support;

use std::process::Command;

use observed::Observed;

/// The server with this signal's action set by whoever starts it, whatever the tests themselves were started with.
fn with_signal(action: &str) -> Command {
    let mut command = Command::new("env");
    command.args([action, env!("CARGO_BIN_EXE_cheeper-server")]);
    command
}

#[test]
fn a_terminal_that_is_closed_ends_the_server_in_order() {
    // Whoever read the log is gone with the terminal.
    let mut server = Observed::unread(&mut with_signal("--default-signal=HUP"));
    let mut guest = server.client();
    server.signal("HUP");
    guest.next("goodbye");
    // The shell tells the server as well as the kernel, which is no wish to stop at once.
    server.signal("HUP");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn a_server_that_is_to_outlive_its_terminal_does() {
    let mut server = Observed::unread(&mut with_signal("--ignore-signal=HUP"));
    let mut guest = server.client();
    server.signal("HUP");
    assert_eq!(guest.post("alice", "nohup"), 1);
    server.signal("TERM");
    guest.next("goodbye");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(0));
}
