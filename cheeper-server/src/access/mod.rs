//! Who may come in, and as what; and what hosts ask for to keep order among them.

mod doorkeeper;
mod guest;
mod order;
mod recent_authors;
mod registry;
mod standing;
mod token;
mod visitor;

pub(crate) use self::{
    doorkeeper::{Access, Credentials, Joining, NotGranted},
    guest::Guest,
    order::{ONLY_HOSTS, Ordered},
    standing::Standing,
};
pub use self::{
    order::Order,
    visitor::{Client, Grant, Visitor},
};
