//! The command; everything is in the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cheeper_server::cli::main()
}
