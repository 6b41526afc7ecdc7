//! What holds for every input, not only for the ones somebody thought of.

mod follow;
mod frames;
mod texts;

use proptest::test_runner::Config;

/// So many times as many cases as others draw, which is 256 or what the environment says (`PROPTEST_CASES`).
/// A failure prints its smallest case, which belongs into the vectors; no file of its own is written.
fn cases(times: u32) -> Config {
    Config { cases: times * Config::default().cases, failure_persistence: None, ..Config::default() }
}
