//! The client without a screen: `post`, `tail` and what else can be asked for once, for scripts.

mod acked;
mod change;
mod error;
mod line;
mod look;
mod output;
mod post;
mod tail;
mod talk;

pub use self::{
    change::{delete, edit, react},
    error::{Line, PipeError, Posted},
    look::{search, thread},
    post::post,
    tail::tail,
};
