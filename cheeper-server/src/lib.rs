//! The Cheeper server: one timeline, durable, on every screen at once.
//!
//! A post goes `socket → conversation → timeline → tail → every shard → every socket`; `docs/ARCHITECTURE.md` has the
//! picture.

// They panic when nobody reads; `cli` has what does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod access;
pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod conversation;
pub mod fanout;
pub mod feed;
pub mod limits;
mod memory;
mod metrics;
mod presence;
mod services;
pub mod timeline;
pub mod tls;
mod trim;
pub mod web;
pub mod worker;
