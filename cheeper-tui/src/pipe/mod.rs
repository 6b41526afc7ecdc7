//! The client without a screen: `post` and `tail`, for scripts.

mod error;
mod line;
mod post;
mod tail;
mod talk;

pub use self::{
    error::{Line, PipeError, Posted},
    post::post,
    tail::tail,
};
