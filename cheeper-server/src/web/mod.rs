//! Everything that is HTTP: routes, the page, the API, the handshake; after it the socket is the fan-out's.

mod acceptor;
pub(crate) mod admission;
mod api;
mod follower;
mod handshake;
mod line;
mod live;
mod negotiation;
mod page;
mod query;
mod routes;
pub(crate) mod serve;
mod write_timeout;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub(crate) use self::acceptor::bind;
use self::admission::AllowedOrigins;
use crate::{
    conversation::request::Rules,
    fanout::{Fanout, presence::Presence},
    feed::Feed,
    metrics::Metrics,
    timeline::Timeline,
};

/// What the routes work with.
pub(crate) struct Site {
    pub(crate) timeline: Arc<dyn Timeline>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) origins: AllowedOrigins,
    /// Apart from the feed, so that a new event wakes nobody who only waits for the end.
    pub(crate) stopping: CancellationToken,
}
