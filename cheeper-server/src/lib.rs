//! The Cheeper server: one timeline, durable, on every screen at once.
//!
//! A post goes `socket → conversation → timeline → tail → every shard → every socket`; `docs/ARCHITECTURE.md` has the
//! picture.

mod admission;
pub mod app;
pub mod config;
pub mod conversation;
pub mod fanout;
pub mod feed;
mod memory;
mod metrics;
pub mod timeline;
mod web;
