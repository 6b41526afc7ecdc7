//! Random numbers, from the system.

/// 128 bits as text: a secret, or an id.
pub(crate) fn hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// From 0 to 1: where in the range of possible delays an attempt to connect lies. Without a number it is the middle.
pub(crate) fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
