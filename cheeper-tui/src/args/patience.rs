//! How long a command waits.

use clap::Args;

#[derive(Args, Clone, Debug)]
pub struct Patience {
    /// Give up after so many seconds without a word from the server.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub patience: u32,
}
