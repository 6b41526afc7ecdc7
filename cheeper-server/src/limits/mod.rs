//! What one client may take of the server: how often, and how many at once. Whatever is refused here is counted under the
//! name of its [`Limit`], and every table of these has a size that no crowd can change.

mod address_counts;
mod budget;
mod cells;
mod connections;
mod keys;
mod known_names;
mod limited;
mod posts;
mod rates;
mod requests;
mod share;
mod source;

pub use self::{
    connections::ConnectionBounds,
    limited::{Limit, Limited},
    rates::{RateLimits, Rates},
    source::{Connected, Source},
};
pub(crate) use self::{
    connections::{ConnectionLimit, Permit, TurnedAway},
    requests::RequestLimit,
};
