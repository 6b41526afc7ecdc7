//! What goes into the state machine and what comes out of it.

use serde::{Deserialize, Serialize};

use super::{submission::Submission, time::Millis};
use crate::{
    cheep::RequestId,
    client_frame::ClientFrame,
    event::Event,
    name::{Name, Secret},
    seq::Seq,
    server_frame::{ErrorFrame, ServerFrame},
};

/// Who posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name.
    pub name: Name,
    /// The secret that claims it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Input {
    /// Connect for the first time.
    Start,
    /// A frame came.
    Frame {
        /// The frame.
        frame: ServerFrame,
    },
    /// The connection ended, or could not be made.
    Closed {
        /// The WebSocket close code, if one came; [`NOT_ALLOWED`](super::NOT_ALLOWED) also for a handshake that was answered
        /// with the HTTP status 401 or 403.
        code: Option<u16>,
        /// Where in the range of possible delays the next attempt lies: a fresh random number, 0 to 1.
        jitter: f64,
    },
    /// The time of [`Follow::deadline`](super::Follow::deadline) came.
    Tick,
    /// A person wants it now: connect without waiting; if connected, make sure.
    Retry,
    /// Now is a good moment, for the machine woke or has a network again: as [`Input::Retry`], but not with a server that
    /// does not want us.
    Woke,
    /// Post under this name from now on.
    Identify {
        /// The name and its secret.
        identity: Identity,
    },
    /// Do this to the timeline: post, edit, delete or react.
    Submit {
        /// What is to be done.
        submission: Submission,
    },
    /// Load the part before the oldest event.
    Older,
    /// Everything up to this event was dropped here, to bound the memory: [`Input::Older`] asks for it again.
    Forgot {
        /// The last event that was dropped.
        up_to: Seq,
    },
}

/// What is to be done or shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Output {
    /// Open a connection; its end or failure comes back as [`Input::Closed`].
    Connect,
    /// Give the connection up and report [`Input::Closed`].
    Disconnect,
    /// Send a frame.
    Send {
        /// The frame.
        frame: ClientFrame,
    },
    /// Drop every event: this is another timeline.
    Reset,
    /// Events to add at the end, ascending, right after those before: cheeps, and changes of cheeps that are there.
    Events {
        /// The events.
        events: Vec<Event>,
        /// The first seq of the part that they are all there is of.
        from: Seq,
        /// Its last seq.
        to: Seq,
    },
    /// Cheeps to add at the front, ascending, right before those there.
    Older {
        /// The cheeps, as they are now.
        events: Vec<Event>,
        /// The first seq of the part that they are all there is of.
        from: Seq,
        /// Its last seq; the oldest that was there before follows it.
        to: Seq,
        /// Whether there are older ones still.
        more: bool,
    },
    /// A submission is done, for good; it has left the outbox.
    Accepted {
        /// Its id.
        id: RequestId,
        /// Its place; of one that there was nothing left to do for, the last event that changed its cheep.
        seq: Seq,
    },
    /// A submission was refused for good, by the server or here, because its frame would have more than `limits.frame_bytes`
    /// bytes; it has left the outbox.
    Refused {
        /// What was to be done.
        submission: Submission,
        /// Why.
        error: ErrorFrame,
    },
    /// The name is ours on this connection.
    Named {
        /// The name as the server shows it.
        name: Name,
        /// Whether it is claimed, by us.
        claimed: bool,
    },
    /// The name cannot be used; submissions wait until [`Input::Identify`] gives another.
    NameRefused {
        /// Why.
        error: ErrorFrame,
    },
}

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Link {
    /// Not started.
    Idle,
    /// Between two attempts.
    Waiting {
        /// When the next one begins.
        until: Millis,
    },
    /// An attempt is under way, or a `welcome` is waited for.
    Connecting {
        /// When it is given up.
        until: Millis,
    },
    /// Welcomed.
    Live,
    /// Given up; the end of the connection is waited for.
    Closing,
    /// The server does not want us ([`NOT_ALLOWED`](super::NOT_ALLOWED)). Only [`Input::Retry`] tries again.
    Barred,
}
