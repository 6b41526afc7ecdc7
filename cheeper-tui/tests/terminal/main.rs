//! The real client in a real terminal and in real pipes, against the real server.

mod barred;
mod changes;
mod client;
mod doorman;
mod hostile;
mod hosts;
mod links;
mod pipes;
mod private;
mod restore;
mod talk;
mod tls;
