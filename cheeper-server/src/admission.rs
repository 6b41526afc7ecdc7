//! How many may be connected at once: every client connection, of whatever kind, has a permit.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets one connection in. It is given back when the last part of the server that works for that connection drops it.
#[derive(Clone)]
pub(crate) struct Permit(Arc<Admitted>);

/// What is rarely asked of a connection, and so lies apart from what every event asks for.
struct Admitted {
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Permit {
    /// Whose connection it is.
    pub(crate) fn peer(&self) -> &IpAddr {
        &self.0.peer
    }
}

/// The permits there are.
#[derive(Clone)]
pub(crate) struct ConnectionLimit(Arc<Semaphore>);

impl ConnectionLimit {
    pub(crate) fn new(connections: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))))
    }

    /// A permit for a connection from `peer`, if there is one.
    pub(crate) fn acquire(&self, peer: IpAddr) -> Option<Permit> {
        let permit = self.0.clone().try_acquire_owned().ok()?;
        Some(Permit(Arc::new(Admitted { peer, _permit: permit })))
    }
}
