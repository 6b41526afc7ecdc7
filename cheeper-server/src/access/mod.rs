//! Who may come in, and as what; and what hosts ask for to keep order among them.

mod authorizer;
mod order;
mod principal;
mod principal_ref;
mod recent_authors;
mod registry;
mod standing;
mod token;

pub(crate) use self::{
    authorizer::{Access, Credentials, Joining, NotGranted},
    order::{ONLY_HOSTS, Ordered},
    principal_ref::PrincipalRef,
    standing::Standing,
};
pub use self::{
    order::Order,
    principal::{Client, Grant, Principal},
};
