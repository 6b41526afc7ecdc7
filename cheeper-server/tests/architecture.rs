//! Holds the code against `docs/ARCHITECTURE.md`: who may use whom, and that every path it names is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What the terminal client's thinking parts know nothing of.
const PURE: &[&str] = &["crossterm", "tokio", "view", "connection::", "std::fs", "Instant"];

/// A room and the words its code may not contain.
const ROOMS: &[(&str, &[&str])] = &[
    // But for what its feature `testkit` adds, which is no part of it: see `EXEMPT`.
    ("protocol/src", &["tokio", "warp", "std::net", "SystemTime", "Instant", "Timestamp::now", "rand::"]),
    ("cheeper-server/src/session", &["tokio", "std::net::Tcp", "rusqlite", "mio::", "warp", "Instant::now"]),
    ("cheeper-server/src/fanout", &["warp::", "rusqlite", "tokio", "hyper", "crate::web"]),
    ("cheeper-server/src/timeline", &["warp", "crate::fanout", "crate::session", "tokio", "mio::"]),
    ("cheeper-server/src/timeline/page.rs", &["rusqlite", "Instant", "Timestamp::now"]),
    ("cheeper-server/src/web", &["rusqlite", "SELECT "]),
    ("cheeper-tui/src/model.rs", PURE),
    ("cheeper-tui/src/update", PURE),
    ("cheeper-tui/src/timeline.rs", PURE),
    ("cheeper-tui/src/scroll.rs", PURE),
    ("cheeper-tui/src/layout.rs", PURE),
    ("cheeper-tui/src/composer", PURE),
    ("cheeper-tui/src/find.rs", PURE),
    ("cheeper-tui/src/mention.rs", PURE),
    ("cheeper-tui/src/wrap.rs", PURE),
    ("cheeper-tui/src/config/file.rs", &["std::fs", "std::env"]),
    ("cheeper-tui/src/view", &["tokio", "update::", "connection::", "crossterm"]),
    ("cheeper-tui/src/pipe", &["view", "update", "ratatui"]),
    ("cheeper-server/web/protocol.js", PAGE_IO),
    ("cheeper-server/web/follow.js", PAGE_IO),
    ("cheeper-server/web/follow-timeline.js", PAGE_IO),
    ("cheeper-server/web/follow-outbox.js", PAGE_IO),
    ("cheeper-server/web/timeline.js", PAGE_IO),
    ("cheeper-server/web/strip.js", PAGE_IO),
    ("cheeper-server/web/text.js", PAGE_IO),
    ("cheeper-server/web/time.js", PAGE_IO),
    ("cheeper-server/web/quotes.js", PAGE_IO),
    ("cheeper-server/web", &["innerHTML", "insertAdjacentHTML", "outerHTML", "document.write"]),
];

/// What tests share opens sockets and starts processes. No program is built with it.
const EXEMPT: &str = "protocol/src/testkit";

/// What the pure modules of the page leave to the others.
const PAGE_IO: &[&str] = &["document", "window", "WebSocket", "Date.now", "localStorage", "Math.random", "dom.js"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), into);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "js" || extension == "html") {
        into.push(path.to_owned());
    }
}

/// The code before its tests, without comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_room_uses_what_it_may_not() {
    for (room, forbidden) in ROOMS {
        let mut files = Vec::new();
        sources(&root().join(room), &mut files);
        assert!(!files.is_empty(), "{room} has no code: is the table out of date?");
        for file in files.iter().filter(|file| !file.ends_with("tests.rs") && !file.starts_with(root().join(EXEMPT))) {
            let code = code(file);
            for word in *forbidden {
                assert!(!code.contains(word), "{} must not use {word}", file.display());
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_one_place() {
    let mut files = Vec::new();
    for room in ["protocol/src", "cheeper-server/src", "cheeper-tui/src"] {
        sources(&root().join(room), &mut files);
    }
    let with_unsafe: Vec<_> = files.into_iter().filter(|file| code(file).contains("unsafe_code")).collect();
    assert_eq!(with_unsafe, [root().join("cheeper-server/src/fanout/broadcast/batch.rs")]);
}

#[test]
fn every_path_that_the_documents_name_is_there() {
    for document in ["README.md", "docs/ARCHITECTURE.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let named = text.split('`').skip(1).step_by(2);
        let paths: Vec<&str> = named
            .filter(|word| {
                word.contains('/') && !word.contains([' ', ':', '$', '*', '=', '→']) && !word.starts_with('/')
            })
            .collect();
        assert!(!paths.is_empty(), "{document} names no path");
        for path in paths {
            let near = [root().join(path), root().join("cheeper-server/src").join(path)];
            let found = near.iter().any(|path| path.exists() || path.with_extension("rs").exists());
            assert!(found, "{document} names {path}, which is not there");
        }
    }
}
