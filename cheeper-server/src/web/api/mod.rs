//! The HTTP beside the socket: pages, and what changes the timeline.

mod address;
pub(super) mod ask;
pub(super) mod body;
mod read;
mod write;

pub(crate) use self::{
    address::Address,
    read::{asked_page, page},
    write::{Written, write},
};
