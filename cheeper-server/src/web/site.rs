//! What the routes work with.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use crate::{
    fanout::Fanout,
    limits::{ConnectionLimit, RequestLimit},
    services::Services,
    tls::Tls,
};

/// What the routes work with.
pub(crate) struct Site {
    pub(crate) services: Arc<Services>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) gate: Gate,
    pub(crate) connections: ConnectionLimit,
    pub(crate) requests: RequestLimit,
    /// Takes the handshakes of clients that encrypt, if the server speaks HTTPS.
    pub(crate) tls: Option<Tls>,
    /// Apart from the feed, so that a new event wakes nobody who only waits for the end.
    pub(crate) stopping: CancellationToken,
}
