//! Flags about how much of a timeline is kept.

use clap::Args;

use crate::timeline::sqlite::Keep;

/// What goes by either goes.
#[derive(Debug, Args)]
pub struct KeepArgs {
    /// Keep the cheeps of this many days; what is older goes for good. Without it all are kept.
    #[arg(long, env = "CHEEPER_KEEP_DAYS", value_name = "N", value_parser = days)]
    pub keep_days: Option<u32>,

    /// Keep this many of the newest cheeps; what is older goes for good. Without it all are kept.
    #[arg(long, env = "CHEEPER_KEEP_CHEEPS", value_name = "N", value_parser = cheeps)]
    pub keep_cheeps: Option<u64>,
}

impl KeepArgs {
    /// What that comes to.
    pub(in super::super) fn keep(&self) -> Keep {
        Keep { days: self.keep_days, cheeps: self.keep_cheeps }
    }
}

/// A hundred years are as good as for ever.
const MOST_DAYS: u32 = 36_525;

fn days(typed: &str) -> Result<u32, String> {
    let days = typed.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| format!("it must be a number from 1 to {MOST_DAYS}"))
}

fn cheeps(typed: &str) -> Result<u64, String> {
    let cheeps = typed.parse().ok().filter(|cheeps| (1..=u64::from(u32::MAX)).contains(cheeps));
    cheeps.ok_or_else(|| "it must be a number from 1 up".to_owned())
}
