//! Everything that is HTTP: routes, the page, the API, the handshake; after it the socket is the fan-out's.

mod acceptor;
mod answer;
mod api;
mod credentials;
pub mod edge;
mod follower;
mod framing;
pub(crate) mod gate;
mod handshake;
mod layer;
mod line;
mod live;
mod negotiation;
mod page;
mod query;
pub(crate) mod redirect;
mod routes;
pub(crate) mod serve;
mod session;
mod site;
mod turned_away;
mod write_timeout;

pub(crate) use self::{
    acceptor::{Bound, bind},
    site::Site,
};
