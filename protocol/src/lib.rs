//! The Cheeper protocol, version 1: what clients and servers may say to each other.
//!
//! It does no IO and knows no clock. Everything that comes from outside is parsed once, into a type
//! that cannot hold anything wrong:
//!
//! * [`ClientFrame`] is what a client says, [`ServerFrame`] what a server says: one JSON object a frame;
//! * [`Event`] is what happened on the timeline, at its [`Seq`]: a [`Cheep`], or a change of one, which [`Cheep::apply`] takes;
//!   [`CheepText`], [`Name`] and [`Emoji`] are safe to draw anywhere;
//! * [`references`] finds the links, mentions and tags in a text;
//! * [`Entry`] is a line of the audit: what a host did to keep order;
//! * [`Refusal`] and its [`Code`] say why a request was not carried out;
//! * [`limits`] has every bound;
//! * [`follow`] is what a client does to miss nothing and to post everything once, as a pure state machine.
#![deny(missing_docs)]

mod apply;
mod change;
mod cheep;
mod client_frame;
mod emoji;
mod event;
mod fields;
pub mod follow;
pub mod limits;
mod lookalike;
mod moderation;
mod name;
mod question;
mod references;
mod refusal;
mod role;
mod scripts;
mod seq;
mod server_frame;
mod state;
#[cfg(feature = "testkit")]
pub mod testkit;
mod text;
mod time;
mod token;

pub use change::{Delete, Edit, Reaction};
pub use cheep::{Cheep, CheepText, RequestId};
pub use client_frame::{ClientFrame, Request, Unreadable};
pub use emoji::Emoji;
pub use event::Event;
pub use jiff::Timestamp;
pub use limits::Limits;
pub use lookalike::Skeleton;
pub use moderation::{Action, AuditQuery, Entry, Muted};
pub use name::{FoldedName, Name, Secret};
pub use question::{History, Query, Range, Search, Thread};
pub use references::{Reference, ReferenceKind, links, mention_of, mentions, references};
pub use refusal::{Code, Refusal};
pub use role::Role;
pub use seq::Seq;
pub use server_frame::{Ack, BadServerFrame, ErrorFrame, Page, ServerFrame, Welcome};
pub use state::{CheepState, DeletedBy, ReactionCount};
pub use text::fold;
pub use token::Token;

/// The version of the protocol that these types are.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol's name, echoed to a client that offers it.
pub const SUBPROTOCOL: &str = "cheeper.v1";
