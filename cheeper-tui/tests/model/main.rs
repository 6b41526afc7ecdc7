//! The client without a terminal and without a network: keys and frames in, pictures and effects out.

mod barred;
mod changes;
mod pictures;
mod properties;
mod roles;
mod screen;
mod sides;
mod transitions;
