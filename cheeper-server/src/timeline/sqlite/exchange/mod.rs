//! A timeline in lines of JSON, for whoever wants to read it with something else, keep it for long, or move it.
//!
//! The first line says what the others are (`line::Header`). These are events as clients get them: either every one in its
//! place, from which the same timeline can be made, or the cheeps alone, as they are now. What is deleted is in none of them, nor
//! is a secret: who imports them begins without claims, links and mutes.

mod error;
mod export;
mod import;
mod line;

pub use self::{
    error::ExchangeError,
    export::{Exported, export},
    import::{Imported, import},
    line::What,
};
