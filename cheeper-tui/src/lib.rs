//! The Cheeper terminal client. `update` decides, `view` draws, `app` is the only loop, `connection` the only socket.

pub mod app;
pub mod composer;
pub mod config;
pub mod connection;
pub mod effect;
pub mod keys;
pub mod layout;
pub mod model;
pub mod msg;
pub mod storage;
pub mod terminal;
pub mod timeline;
pub mod update;
pub mod view;
pub mod wrap;
