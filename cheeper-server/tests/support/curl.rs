//! HTTP with curl.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::Server;

/// A request with curl: the status, the headers, the body.
pub(crate) fn curl(server: &Server, path: &str, arguments: &[&str]) -> (u16, String, String) {
    let output = Command::new("curl").args(["-sSi", &server.url(path)]).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

pub(crate) fn json_of(server: &Server, path: &str, arguments: &[&str]) -> (u16, Value) {
    let (status, _, body) = curl(server, path, arguments);
    (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
}

/// What says that a body is JSON.
pub(crate) const JSON: [&str; 2] = ["-H", "Content-Type: application/json"];

pub(crate) fn post(server: &Server, body: &str, arguments: &[&str]) -> (u16, Value) {
    json_of(server, "/api/cheep", &[&JSON[..], &["-d", body], arguments].concat())
}

/// A curl that follows; it is ended with the test.
pub(crate) struct Follower {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Follower {
    pub(crate) fn start(server: &Server, query: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("curl");
        command.args(["-sSN", &server.url(&format!("/api/cheeps?follow=1{query}"))]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    pub(crate) fn next(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.lines.find_map(|line| line.ok().filter(|line| wanted(line))).expect("the server goes on")
    }

    /// Reads to the end, and says whether that was one in good order.
    pub(crate) fn ends(&mut self) -> bool {
        self.lines.by_ref().for_each(drop);
        self.child.wait().unwrap().success()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
