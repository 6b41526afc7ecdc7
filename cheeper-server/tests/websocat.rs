//! The smoke test with a client that none of us wrote.

mod support;

use std::{path::Path, process::Command};

use support::Server;

fn smoke() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/websocat_smoke.sh"))
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn websocat_gets_along_with_a_server_of_its_own() {
    passes(smoke().env("SERVER_BIN", env!("CARGO_BIN_EXE_cheeper-server")));
}

#[test]
fn websocat_gets_along_with_a_running_server_again_and_again() {
    let server = Server::start();
    for _ in 0..2 {
        passes(smoke().arg(format!("ws://{}/ws", server.address)));
    }
}
