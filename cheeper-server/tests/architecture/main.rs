//! Holds the code against `docs/ARCHITECTURE.md`: who may use whom, that no files use each other in a circle, that each fits in
//! the head, and that every path which the documents name is there.

mod sources;

use std::{collections::BTreeSet, fs, path::PathBuf};

use sources::{Crate, Source, files, root};

/// A room of the server, the other rooms of it that it may use, and the crates.
const SERVER: &[(&str, &[&str], &[&str])] = &[
    ("access", &["timeline"], &["base64", "blake3", "cheeper_protocol", "getrandom", "jiff", "tracing"]),
    (
        "app",
        &[
            "access",
            "config",
            "control",
            "conversation",
            "fanout",
            "feed",
            "limits",
            "memory",
            "metrics",
            "presence",
            "services",
            "timeline",
            "tls",
            "trim",
            "web",
            "worker",
        ],
        &["cheeper_protocol", "thiserror", "tokio", "tokio_util"],
    ),
    ("config", &["control", "tls"], &["cheeper_protocol", "ipnet"]),
    (
        "control",
        &["access", "timeline"],
        &["cheeper_protocol", "rustix", "serde", "serde_json", "tokio", "tokio_util", "tracing"],
    ),
    (
        "conversation",
        &["access", "feed", "limits", "memory", "metrics", "timeline"],
        &["bytes", "cheeper_protocol", "tracing", "tungstenite"],
    ),
    (
        "fanout",
        &["access", "conversation", "feed", "limits", "metrics", "services", "timeline", "tls", "worker"],
        &["bytes", "cheeper_protocol", "io_uring", "libc", "mio", "slab", "tracing"],
    ),
    ("feed", &["memory", "timeline"], &["bytes", "cheeper_protocol", "serde_json", "tungstenite"]),
    ("limits", &["access", "timeline"], &["cheeper_protocol", "governor"]),
    ("memory", &[], &["bytes"]),
    ("metrics", &["limits", "timeline"], &["cheeper_protocol", "prometheus_client"]),
    ("presence", &[], &["cheeper_protocol"]),
    (
        "services",
        &["access", "conversation", "feed", "memory", "metrics", "presence", "timeline"],
        &["cheeper_protocol"],
    ),
    (
        "timeline",
        &["trim", "worker"],
        &[
            "blake3",
            "cheeper_protocol",
            "icu_properties",
            "jiff",
            "libc",
            "percent_encoding",
            "rusqlite",
            "rusqlite_migration",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
            "tracing",
            "unicode_normalization",
            "unicode_segmentation",
        ],
    ),
    ("tls", &[], &["futures_util", "rustls", "rustls_acme", "thiserror", "tokio", "tokio_rustls", "tracing"]),
    ("trim", &["memory"], &["libc", "tokio", "tracing"]),
    ("worker", &[], &["rustix", "tokio_util", "tracing"]),
];

/// Rooms of the server that touch most of the rest, and what they may not: the store's language and others' insides.
const SERVER_NEVER: &[(&str, &[&str])] =
    &[("web", &["rusqlite", "cli", "app"]), ("cli", &["rusqlite", "conversation", "feed", "fanout"])];

/// What thinks and does nothing else: it is told the time, and gets no socket, no file, no thread and no chance.
const PURE: &[&str] = &[
    "protocol/src",
    "cheeper-server/src/conversation",
    "cheeper-server/src/feed/page.rs",
    "cheeper-server/src/feed/request.rs",
    "cheeper-server/src/timeline/command.rs",
    "cheeper-server/src/timeline/rules",
    "cheeper-server/src/timeline/search",
    "cheeper-tui/src/model.rs",
    "cheeper-tui/src/update",
    "cheeper-tui/src/timeline.rs",
    "cheeper-tui/src/changing.rs",
    "cheeper-tui/src/entry.rs",
    "cheeper-tui/src/pane.rs",
    "cheeper-tui/src/side.rs",
    "cheeper-tui/src/prompt.rs",
    "cheeper-tui/src/secret_link.rs",
    "cheeper-tui/src/entrance/certificate.rs",
    "cheeper-tui/src/hosting",
    "cheeper-tui/src/server.rs",
    "cheeper-tui/src/span.rs",
    "cheeper-tui/src/qr.rs",
    "cheeper-tui/src/identity_link.rs",
    "cheeper-tui/src/entrance/refused.rs",
    "cheeper-tui/src/entrance/ways.rs",
    "cheeper-tui/src/scroll.rs",
    "cheeper-tui/src/layout.rs",
    "cheeper-tui/src/composer",
    "cheeper-tui/src/find.rs",
    "cheeper-tui/src/wrap.rs",
    "cheeper-tui/src/config/file.rs",
];
/// A part of a path that none of them may name.
const IMPURE: &[&str] = &[
    "Instant",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "crossterm",
    "env",
    "fs",
    "getrandom",
    "mio",
    "now",
    "rusqlite",
    "thread",
    "tokio",
    "warp",
];

/// What the terminal client's other parts may not use.
const TERMINAL_NEVER: &[(&str, &[&str])] = &[
    ("cheeper-tui/src/view", &["connection", "crossterm", "entrance", "tokio", "update"]),
    ("cheeper-tui/src/pipe", &["ratatui", "update", "view"]),
    ("cheeper-tui/src/model.rs", &["connection", "entrance", "view"]),
    ("cheeper-tui/src/update", &["connection", "entrance", "view"]),
];

/// Words that the page's files may not contain.
const PAGE: &[(&str, &[&str])] = &[
    ("protocol.js", PAGE_IO),
    ("changes.js", PAGE_IO),
    ("frames.js", PAGE_IO),
    ("emoji.js", PAGE_IO),
    ("scripts.js", PAGE_IO),
    ("follow.js", PAGE_IO),
    ("follow-timeline.js", PAGE_IO),
    ("follow-outbox.js", PAGE_IO),
    ("timeline.js", PAGE_IO),
    ("strip.js", PAGE_IO),
    ("text.js", PAGE_IO),
    ("emoji.js", PAGE_IO),
    ("time.js", PAGE_IO),
    ("quotes.js", PAGE_IO),
    ("query.js", PAGE_IO),
    ("links.js", PAGE_IO),
    ("audit.js", PAGE_IO),
    ("", &["innerHTML", "insertAdjacentHTML", "outerHTML", "document.write"]),
];

/// What the pure modules of the page leave to the others.
const PAGE_IO: &[&str] = &["document", "window", "WebSocket", "Date.now", "localStorage", "Math.random", "dom.js"];

/// Lines of a file without its tests, and of a function.
const FILE_LINES: usize = 350;
const FUNCTION_LINES: usize = 60;

fn crates() -> [Crate; 3] {
    ["protocol/src", "cheeper-server/src", "cheeper-tui/src"].map(Crate::read)
}

/// The rooms of its own crate that a file uses, by their names.
fn rooms_used<'a>(all: &'a Crate, file: &Source) -> BTreeSet<&'a str> {
    let targets = file.uses.iter().filter_map(|used| all.target(file, used));
    targets.filter_map(|target| target.module.first().map(String::as_str)).collect()
}

/// The crates that a file uses, of those that its manifest names.
fn crates_used(file: &Source, manifest: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(manifest)).unwrap();
    let names = manifest.lines().filter_map(|line| line.split(['=', '.', ' ']).next());
    let known: BTreeSet<String> = names.map(|name| name.replace('-', "_")).collect();
    file.uses.iter().filter_map(|used| used.first()).filter(|first| known.contains(*first)).cloned().collect()
}

#[test]
fn each_room_of_the_server_uses_only_what_it_may() {
    let server = Crate::read("cheeper-server/src");
    let mut seen = BTreeSet::new();
    for file in &server.files {
        let Some(room) = file.module.first().map(String::as_str) else { continue };
        seen.insert(room);
        let (rooms, crates) = (rooms_used(&server, file), crates_used(file, "cheeper-server/Cargo.toml"));
        if let Some((_, may_rooms, may_crates)) = SERVER.iter().find(|(name, ..)| *name == room) {
            for other in rooms.iter().filter(|other| **other != room) {
                assert!(may_rooms.contains(other), "{} may not use {other}", file.path);
            }
            for used in &crates {
                assert!(may_crates.contains(&used.as_str()), "{} may not use the crate {used}", file.path);
            }
        } else {
            let (_, never) = SERVER_NEVER.iter().find(|(name, _)| *name == room).unwrap_or_else(|| {
                panic!("{room} is a room that no table here knows");
            });
            let crates = crates.iter().map(String::as_str);
            for used in rooms.iter().copied().chain(crates).filter(|used| *used != room) {
                assert!(!never.contains(&used), "{} may not use {used}", file.path);
            }
        }
        // The store's language stays where the store is.
        assert!(!crates_used(file, "cheeper-server/Cargo.toml").contains("rusqlite") || file.path.contains("/sqlite/"));
    }
    let rooms = SERVER.iter().map(|(name, ..)| *name).chain(SERVER_NEVER.iter().map(|(name, _)| *name));
    assert_eq!(seen, rooms.collect(), "a room of the tables is not there");
}

#[test]
fn what_thinks_does_nothing_else() {
    for source in crates().iter().flat_map(|one| &one.files) {
        if !PURE.iter().any(|pure| source.path.starts_with(pure)) {
            continue;
        }
        for used in &source.uses {
            let impure = used.iter().find(|part| IMPURE.contains(&part.as_str()));
            assert!(impure.is_none(), "{} uses {}", source.path, used.join("::"));
        }
    }
    for pure in PURE {
        assert!(root().join(pure).exists(), "{pure} is not there");
    }
}

#[test]
fn the_parts_of_the_terminal_client_use_only_what_they_may() {
    let terminal = Crate::read("cheeper-tui/src");
    for (place, never) in TERMINAL_NEVER {
        let here: Vec<&Source> = terminal.files.iter().filter(|file| file.path.starts_with(place)).collect();
        assert!(!here.is_empty(), "{place} has no code: is the table out of date?");
        for file in here {
            let (rooms, crates) = (rooms_used(&terminal, file), crates_used(file, "cheeper-tui/Cargo.toml"));
            for used in rooms.into_iter().chain(crates.iter().map(String::as_str)) {
                assert!(!never.contains(&used), "{} may not use {used}", file.path);
            }
        }
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    for one in crates() {
        let mut edges = one.edges();
        // Whom nobody uses who is left, or who uses nobody who is left, is in no circle.
        loop {
            let left: BTreeSet<&str> = edges.keys().copied().collect();
            let used: BTreeSet<&str> = edges.values().flatten().copied().collect();
            let before = edges.len();
            edges.retain(|path, uses| used.contains(path) && uses.iter().any(|path| left.contains(path)));
            for uses in edges.values_mut() {
                uses.retain(|path| left.contains(path));
            }
            if edges.len() == before {
                break;
            }
        }
        assert!(edges.is_empty(), "these use each other in a circle: {edges:#?}");
    }
}

#[test]
fn each_file_fits_in_the_head_and_says_what_it_is_for() {
    for file in crates().iter().flat_map(|one| &one.files) {
        assert!(file.text.starts_with("//!"), "{} does not say what it is for", file.path);
        assert!(file.lines <= FILE_LINES, "{} has {} lines", file.path, file.lines);
        for (name, lines) in &file.functions {
            assert!(*lines <= FUNCTION_LINES, "{name} in {} has {lines} lines", file.path);
        }
    }
}

#[test]
fn the_page_keeps_its_thinking_apart_and_draws_text_as_text() {
    let web = root().join("cheeper-server/web");
    let mut found = Vec::new();
    files(&web, &["js", "html"], &mut found);
    found.retain(|path| !path.starts_with(web.join("test")));
    for (name, forbidden) in PAGE {
        let here: Vec<&PathBuf> = found.iter().filter(|path| name.is_empty() || path.ends_with(name)).collect();
        assert!(!here.is_empty(), "{name} is not there");
        for path in here {
            let text = fs::read_to_string(path).unwrap();
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for word in *forbidden {
                assert!(!code.iter().any(|line| line.contains(word)), "{} must not use {word}", path.display());
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_two_places() {
    let crates = crates();
    let with_unsafe = crates.iter().flat_map(|one| &one.files).filter(|file| file.text.contains("expect(unsafe_code"));
    let paths: Vec<&str> = with_unsafe.map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["cheeper-server/src/fanout/broadcast/batch.rs", "cheeper-server/src/trim.rs"]);
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
