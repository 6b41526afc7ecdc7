//! What connections work with, and what they begin with.

use std::{net::TcpStream, sync::Arc};

use cheeper_protocol::{Role, Seq, ServerFrame, VERSION, Welcome};

use super::mailbox::Mailbox;
use crate::{access::Principal, conversation::Subscription, limits::Permit, services::Services, tls::Session};

/// A socket fresh from its handshake.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    /// What encrypts it, if anything does.
    pub(crate) session: Option<Session>,
    pub(crate) handshake: Handshake,
}

/// What is known of a client after its handshake.
pub(crate) struct Handshake {
    /// The answer to the handshake, if it was not given yet.
    pub(crate) answer: Vec<u8>,
    /// What the client sent right behind its handshake.
    pub(crate) early: Vec<u8>,
    pub(crate) subscription: Subscription,
    pub(crate) principal: Box<Principal>,
    pub(crate) permit: Permit,
}

/// What a shard's connections work with: what all parts share, and what this shard has of its own.
pub(super) struct ShardContext {
    pub(super) services: Arc<Services>,
    pub(super) mailbox: Arc<Mailbox>,
    /// The newest event that this shard has delivered.
    pub(super) live: Seq,
    /// Seconds of the shard's clock.
    pub(super) now: u32,
    /// What a connection reads into; it is kept for the next one.
    pub(super) buffer: Vec<u8>,
}

/// What a client hears first.
pub(super) fn welcome(services: &Services, role: Role, head: Seq, online: u64) -> ServerFrame {
    ServerFrame::Welcome(Welcome {
        protocol: VERSION,
        server: concat!("cheeper/", env!("CARGO_PKG_VERSION")).to_owned(),
        timeline: services.timeline.id().to_owned(),
        head,
        online,
        role,
        limits: services.rules.limits.clone(),
    })
}
