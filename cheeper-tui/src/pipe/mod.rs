//! The client without a screen: `post`, `tail`, what else can be asked for once, and what hosts do, for scripts.

mod acked;
mod change;
mod error;
mod host;
mod line;
mod look;
mod output;
mod post;
mod tail;
mod talk;

pub use self::{
    change::{delete, edit, react},
    error::{Line, PipeError, Posted},
    host::{audit, link, mute, release, remove, undo},
    look::{search, thread},
    post::post,
    tail::tail,
};
