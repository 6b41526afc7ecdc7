//! The Cheeper terminal client. `update` decides, `view` draws, `app` is the only loop, `connection` the only socket.

pub mod action;
pub mod app;
pub mod args;
mod clock;
pub mod commands;
pub mod composer;
pub mod config;
pub mod connection;
mod digest;
pub mod effect;
pub mod find;
pub mod keys;
pub mod layout;
pub mod model;
pub mod msg;
pub mod pipe;
mod random;
pub mod scroll;
pub mod server;
pub mod storage;
pub mod terminal;
pub mod theme;
pub mod timeline;
pub mod update;
pub mod view;
pub mod wrap;
