//! A number from a text: the same in every version, on every machine. It keeps no secret. Pure.

/// FNV-1a with 64 bits.
pub(crate) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
