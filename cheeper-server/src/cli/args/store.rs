//! What can be done with a timeline's file as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Copies, and what a timeline is in lines of text.
#[derive(Debug, Subcommand)]
pub enum StoreTask {
    /// Copy a timeline's file, while a server uses it or not.
    Backup(BackupArgs),
    /// Put a backup in the place of a timeline's file, which no server may be using; what was there is kept beside it.
    Restore(RestoreArgs),
    /// Write a timeline as lines of JSON, without secrets, while a server uses it or not.
    Export(ExportArgs),
    /// Make a new timeline of such lines: all of them or, if one is wrong, none.
    Import(ImportArgs),
}

/// What to copy to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy.
    pub file: PathBuf,
    /// Write over a file that is there, once the copy is whole.
    #[arg(long)]
    pub force: bool,
}

/// What to restore.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup, which stays as it is.
    pub file: PathBuf,
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A new file; `-` is standard output.
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// Every event in its place, from which the same timeline can be made; else the cheeps as they are now.
    #[arg(long)]
    pub events: bool,
}

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What `export` has written; `-` is standard input.
    pub file: PathBuf,
}
