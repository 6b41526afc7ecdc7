//! A look at each row of a store, its indexes, and how its pages hang together.
//!
//! It goes in small steps, each with a view of its own: as long as somebody looks at one state of the store, SQLite's log
//! cannot begin anew. What is written meanwhile is left out, as it was not there when the look began.

mod finding;
mod index;
mod look;
mod order;
mod step;

pub(super) use self::{
    finding::{Finding, damaged_structure},
    look::Thorough,
};
