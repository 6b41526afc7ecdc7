//! The way in for whoever has the machine: a socket beside the store, which only the store's owner can open.
//!
//! Each line that comes is a request, as a client's frame would be, and is answered by a line with a frame of the server's. Before
//! that comes one line that says where the server is, as links are made of that.

mod greeting;
mod handler;
mod line;
mod socket;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use self::socket::Bound;
pub(crate) use self::{
    greeting::Greeting,
    handler::{Handler, offline},
    line::Line,
    socket::bind,
};
/// Answers whoever comes, until the server stops.
pub(crate) async fn serve(bound: Bound, handler: Handler, stopping: CancellationToken) {
    let handler = Arc::new(handler);
    tokio::select! {
        () = socket::accept(&bound, &handler) => {}
        () = stopping.cancelled() => {}
    }
}
