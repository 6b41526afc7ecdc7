//! What the end-to-end tests share: a real server process, a client on a real socket, raw frames.
#![allow(unused_imports, reason = "each test file uses its own part")]

pub(crate) mod curl;
pub(crate) mod old_store;

pub(crate) use cheeper_protocol::testkit::{
    Client, Follower, PATIENCE, Process, Server, TEXT, command, frame, refused, refused_in_a_sentence, seqs,
};
