//! The vectors in `protocol/vectors`, which every implementation of the protocol runs.

mod follow;

fn cases<T: serde::de::DeserializeOwned>(file: &str) -> Vec<T> {
    let path = format!("{}/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
