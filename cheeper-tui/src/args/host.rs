//! The commands of hosts.

use cheeper_protocol::{Name, Seq, limits::SEQ_MAX};
use clap::{Args, ValueEnum};

use super::{
    parse::{name, seq},
    patience::Patience,
};
use crate::span;

#[derive(Args, Clone, Debug)]
pub struct Mute {
    /// Whoever uses this name.
    #[arg(value_name = "NAME", value_parser = name, required_unless_present = "author_of", conflicts_with = "author_of")]
    pub who: Option<Name>,

    /// Whoever wrote this cheep, whatever name they use next.
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    pub author_of: Option<Seq>,

    /// For so long, such as 30m, 8h or 7d [default: until it is undone].
    #[arg(long = "for", value_name = "SPAN", value_parser = span::parse)]
    pub for_ms: Option<u64>,

    #[command(flatten)]
    pub answer: Answer,
}

/// How a host is answered.
#[derive(Args, Clone, Debug)]
pub struct Answer {
    /// Print the answer as JSON, as the protocol has it.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Release {
    /// The name.
    #[arg(value_name = "NAME", value_parser = name)]
    pub claimed: Name,

    #[command(flatten)]
    pub answer: Answer,
}

#[derive(Args, Clone, Debug)]
pub struct Undo {
    /// The number of the entry.
    #[arg(value_parser = clap::value_parser!(u64).range(1..=SEQ_MAX))]
    pub entry: u64,

    #[command(flatten)]
    pub answer: Answer,
}

#[derive(Args, Clone, Debug)]
pub struct Audit {
    /// The newest N.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: usize,

    /// Only entries before this one.
    #[arg(long, value_name = "ENTRY", value_parser = clap::value_parser!(u64).range(1..=SEQ_MAX))]
    pub before: Option<u64>,

    #[command(flatten)]
    pub answer: Answer,
}

#[derive(Args, Clone, Debug)]
pub struct Link {
    /// What those may do who come in by it.
    #[arg(long, value_name = "ROLE", value_enum, default_value_t)]
    pub role: LinkRole,

    /// For so long, such as 8h or 7d [default: until it is undone].
    #[arg(long = "for", visible_alias = "ends", value_name = "SPAN", value_parser = span::parse)]
    pub for_ms: Option<u64>,

    /// What it is for.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    pub note: Option<Name>,

    /// Print a QR code of it as well.
    #[arg(long)]
    pub qr: bool,

    #[command(flatten)]
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LinkRole {
    #[default]
    Member,
    Host,
}
