//! What a conversation asks of whoever drives it.

use cheeper_protocol::{AuditQuery, Name, RequestId};

use crate::{
    access::Order,
    feed::{PageRequest, tail::Slice},
    timeline::Command,
};

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Action {
    /// Write what is unwritten once, and tell `on_written`.
    Write,
    /// Write these live events once, and tell `on_live_written`.
    WriteLive(Slice),
    /// Read once, and tell `on_read`.
    Read,
    /// Have the timeline carry this out, and tell `on_outcome`.
    Submit(Pending, Command),
    /// Have the timeline carry out what a host orders, and tell `on_ordered`.
    Order(Pending, Order),
    /// Read this part of the audit, and tell `on_audit`.
    ReadAudit(Option<RequestId>, AuditQuery),
    /// Get this page, and tell `on_page`.
    GetPage(PageRequest),
    /// Tell `on_names` who is here.
    ListNames(Option<RequestId>),
    /// The client goes by another name now.
    Rename { old: Option<Name>, new: Option<Name> },
    /// Say that nothing more will come, once all that was written is taken, and tell `on_shut_down`.
    ShutDown,
    /// Wait until something happens.
    Wait,
    /// Go on when all others have had their turn.
    Yield,
    /// Go on in the next second: in this one the client has said as much as it may.
    Pause,
    /// Let go of the connection.
    End,
}

/// A command under way, and what its answer belongs to.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(super) id: Option<RequestId>,
    /// Whose it is, if it needs a name.
    pub(super) name: Option<Name>,
    /// It is a `hello`, for which everything else waits.
    pub(super) is_hello: bool,
}
