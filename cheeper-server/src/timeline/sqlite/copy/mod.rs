//! Copies of a whole store, and a store made of a copy: what a host keeps against the day when the disk is gone.

mod backup;
mod error;
mod restore;
mod source;

pub(super) use self::source::Source;
pub use self::{
    backup::{Backup, back_up},
    error::CopyError,
    restore::{Restored, restore},
};
