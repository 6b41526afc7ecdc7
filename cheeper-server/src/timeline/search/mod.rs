//! Searching, as far as it is thinking: what a cheep is found by, and what somebody looks for. Every engine finds by these.

mod document;
mod query;
mod scan;
mod tokens;

pub(super) use self::{
    document::Document,
    query::{Query, Term},
    scan::scan,
};
