//! What the tests and benchmarks of all crates share: one launcher for real servers, one client that asks and one that misses
//! nothing, one server without sockets, makers of frames and cheeps.
//!
//! It opens sockets and starts processes, so it is no part of the protocol: only the feature `testkit` builds it, and only
//! `dev-dependencies` ask for that. What goes wrong in here is a failed test, so it panics.
#![allow(clippy::missing_panics_doc, reason = "a failed test is a panic")]

use std::time::Duration;

mod client;
mod fake;
mod follower;
mod make;
mod process;
mod screen;
mod server;

pub use self::{
    client::{Client, is_event, seqs, tcp},
    fake::{Author, Fake},
    follower::Follower,
    make::{TEXT, cheep, cheep_by, frame, name, request_id, seq},
    process::{Process, refused, refused_in_a_sentence},
    screen::{screen_of, take},
    server::{Server, build, command},
};

/// How long anything may take before a test fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);
