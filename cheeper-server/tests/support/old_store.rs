//! Stores that earlier versions have left: `fixtures/store-v1.db.br` was filled by the server of version 1 of the store, through
//! its socket, and closed in order; and `fixtures/store-v2.db.br` by that of version 2.
#![allow(dead_code, reason = "few test files use it")]

use std::{fs, path::Path};

/// What is in the one of version 1.
pub(crate) const CHEEPS: u64 = 100_000;

/// Lays the one of version 1 out.
pub(crate) fn lay(data: &Path) {
    unpack(include_bytes!("../fixtures/store-v1.db.br"), data);
}

/// Lays the one of version 2 out.
pub(crate) fn lay_version_2(data: &Path) {
    unpack(include_bytes!("../fixtures/store-v2.db.br"), data);
}

fn unpack(packed: &[u8], data: &Path) {
    let mut store = Vec::new();
    brotli::BrotliDecompress(&mut &packed[..], &mut store).unwrap();
    fs::write(data, store).unwrap();
}
