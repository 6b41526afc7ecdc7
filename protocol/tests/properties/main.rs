//! What holds for every input, not only for the ones somebody thought of.

mod emoji;
mod follow;
mod frames;
mod languages;
mod node;
mod references;
mod texts;

use proptest::test_runner::Config;

/// A failure prints its smallest case, which belongs into the vectors; no file of its own is written.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}
