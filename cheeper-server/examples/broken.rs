//! A server with bugs, each of which comes when a line of standard input asks for it. A test looks at what becomes of it.

use std::{io, process::ExitCode, thread};

use cheeper_server::{cli, worker};

fn main() -> ExitCode {
    thread::spawn(|| {
        for line in io::stdin().lines().map_while(Result::ok) {
            let text = line.replace("\\e", "\u{1b}").replace("\\n", "\n");
            let bug = move || panic!("{text}");
            if line == "worker" {
                drop(worker::spawn("a-worker", bug));
            } else {
                drop(thread::spawn(bug));
            }
        }
    });
    cli::main()
}
