//! A store that an earlier version has left: `fixtures/store-v1.db.br` was filled by the server of version 1 of the store, through
//! its socket, and closed in order.
#![allow(dead_code, reason = "few test files use it")]

use std::{fs, path::Path};

/// What is in it.
pub(crate) const CHEEPS: u64 = 100_000;

/// Lays it out.
pub(crate) fn lay(data: &Path) {
    let packed = include_bytes!("../fixtures/store-v1.db.br");
    let mut store = Vec::new();
    brotli::BrotliDecompress(&mut &packed[..], &mut store).unwrap();
    fs::write(data, store).unwrap();
}
