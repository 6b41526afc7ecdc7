//! The page's scripts at work: a node process that answers a line with a line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// A process of node's with a script of its own, which imports what it wants of the page's with `from`.
pub(crate) struct Node {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    /// One that answers each line, which is JSON, with what the function `answer` of this script makes of it.
    pub(crate) fn run(script: &str) -> Self {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../cheeper-server/web");
        let begin = "import { createInterface } from 'node:readline';
            const from = (name) => import(new URL(name, `file://${process.argv[1]}/`));";
        let end = "for await (const line of createInterface({ input: process.stdin })) {
            process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\\n`);
        }";
        let mut process = Command::new("node")
            .args(["--input-type=module", "-e", &[begin, script, end].join("\n"), scripts])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node: ./.ci/test installs it");
        let asked = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, asked, answers }
    }

    /// What it says to this.
    pub(crate) fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.asked, "{question}").expect("node is there");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("node answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Nobody is told if it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
