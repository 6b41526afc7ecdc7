//! The page in real Chromium, on a real server: what people see and do, by mouse, by keyboard, on any screen.
//!
//! They use the browser's driver from Rust, since they start and kill the server, which Rust tests do already, and Debian
//! has the browser with its driver.

mod access;
mod access_tokens;
mod browser;
mod changing;
mod hostile;
mod loading;
mod posting;
mod private;
mod reading;
mod recovery;
mod searching;
#[path = "../support/mod.rs"]
mod support;
