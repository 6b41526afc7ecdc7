//! A number from a text: the same in every version, on every machine. It keeps no secret. Pure.

use std::hash::Hasher as _;

use fnv::FnvHasher;

/// FNV-1a with 64 bits: names of files and colours of people hang on it, so it stays what it is.
pub(crate) fn digest(text: &str) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_for_ever() {
        assert_eq!(digest(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest("foobar"), 0x8594_4171_f739_67e8);
    }
}
