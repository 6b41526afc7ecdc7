//! The subcommands, but for what hosts alone can do.

use std::path::PathBuf;

use cheeper_protocol::{Emoji, Seq};
use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::{
    host::{Audit, Link, Mute, Release, Undo},
    parse::{emoji, seq},
    patience::Patience,
};

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Post a cheep, or one for each line of the input.
    Post(Post),
    /// Print cheeps and what becomes of them as lines, until stopped.
    Tail(Tail),
    /// Correct the text of a cheep of your own.
    Edit(Edit),
    /// Delete a cheep of your own, for good; a host: any, also without a --name.
    Delete(Delete),
    /// React to a cheep.
    React(React),
    /// Print the newest cheeps that have something in them.
    Search(Search),
    /// Print what a cheep answers, the cheep, and all answers.
    Thread(Thread),
    /// For hosts: somebody may not write.
    Mute(Mute),
    /// For hosts: a claimed name is free again.
    Release(Release),
    /// For hosts: undo what an entry of the audit tells of.
    Undo(Undo),
    /// For hosts: print what was done, the newest at the end.
    Audit(Audit),
    /// For hosts: make a link, and print it.
    Link(Link),
    /// Take the secret of your name to another machine.
    #[command(subcommand)]
    Identity(Identity),
    /// Print the default configuration.
    Config,
    /// Print what a shell needs to complete this command.
    Completions { shell: Shell },
    /// Write the man pages into a folder.
    Man { folder: PathBuf },
}

#[derive(Args, Clone, Debug)]
pub struct Post {
    /// The cheep; `-` reads the input, where every line is one.
    pub text: String,

    /// With `-`: all of the input is one cheep.
    #[arg(long)]
    pub whole: bool,

    /// The number of the cheep this answers.
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    pub reply_to: Option<Seq>,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Edit {
    /// The number of the cheep.
    #[arg(value_parser = seq)]
    pub seq: Seq,

    /// How it is to read; `-` reads the input.
    pub text: String,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Delete {
    /// The number of the cheep.
    #[arg(value_parser = seq)]
    pub seq: Seq,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct React {
    /// The number of the cheep.
    #[arg(value_parser = seq)]
    pub seq: Seq,

    /// With what: one emoji.
    #[arg(value_parser = emoji)]
    pub emoji: Emoji,

    /// Take it back.
    #[arg(long)]
    pub off: bool,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Search {
    /// Words, "phrases", #tag, @name, from:name.
    #[arg(required = true)]
    pub words: Vec<String>,

    /// The newest N.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: usize,

    /// Print events as JSON, as the protocol has them.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Thread {
    /// The number of the cheep.
    #[arg(value_parser = seq)]
    pub seq: Seq,

    /// Print events as JSON, as the protocol has them.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Args, Clone, Debug)]
pub struct Tail {
    /// Begin with the newest N.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub last: usize,

    /// Begin after the cheep with this number.
    #[arg(long, value_name = "SEQ", value_parser = seq, conflicts_with = "last")]
    pub after: Option<Seq>,

    /// Print events as JSON, as the protocol has them.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Identity {
    /// Print a link with name and secret, for another machine or for the page. Whoever has it can post as you.
    Export {
        /// Print a QR code of it as well, for a phone.
        #[arg(long)]
        qr: bool,
    },
    /// Read what export printed, or such a link of the page, from the input.
    Import {
        /// Even if there is another secret for this name.
        #[arg(long)]
        replace: bool,
    },
}
