//! Just enough of WebSocket frames to load a server for little: text frames, masked with zeros, read in place.

/// A text frame from a server, of which nobody's client asks for more than this.
pub(crate) const HEADER_BYTES: usize = 10;

/// The place of a whole frame's payload at the start of `bytes`: where it begins and ends.
pub(crate) fn payload(bytes: &[u8]) -> Option<(usize, usize)> {
    let masked = usize::from(bytes.get(1)? >> 7) * 4;
    let (header, length) = match bytes[1] & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..4)?.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..10)?.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let begin = header + masked;
    (bytes.len() >= begin + length).then_some((begin, begin + length))
}

/// A client's text frame. The mask is zeros, which is legal, so that the payload stands as it is.
pub(crate) fn masked(text: &str) -> Vec<u8> {
    frame(text.as_bytes(), 0x80)
}

/// A server's text frame.
pub(crate) fn unmasked(text: &[u8]) -> Vec<u8> {
    frame(text, 0)
}

/// The first whole frame's payload, taken off the front.
pub(crate) fn take(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (begin, end) = payload(bytes)?;
    let payload = bytes[begin..end].to_vec();
    bytes.drain(..end);
    Some(payload)
}

fn frame(text: &[u8], mask_bit: u8) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + 4 + text.len());
    frame.push(0x81);
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(mask_bit | length),
        _ => {
            frame.push(mask_bit | 0x7E);
            // No post is longer than 64 KiB.
            frame.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    if mask_bit != 0 {
        frame.extend([0; 4]);
    }
    frame.extend_from_slice(text);
    frame
}

/// The number after `"seq":` nearest to the start of a JSON text.
pub(crate) fn seq(json: &[u8]) -> Option<u64> {
    number_after(json, b"\"seq\":")
}

/// The numbers after each `"seq":`; no text of a person's can hold one, as its quotes are escaped.
pub(crate) fn seqs(json: &[u8]) -> impl Iterator<Item = u64> {
    memchr::memmem::find_iter(json, b"\"seq\":").filter_map(|at| seq(&json[at..]))
}

/// The number after `"head":`.
pub(crate) fn head(json: &[u8]) -> Option<u64> {
    number_after(json, b"\"head\":")
}

fn number_after(json: &[u8], key: &[u8]) -> Option<u64> {
    let at = json.windows(key.len()).position(|part| part == key)? + key.len();
    let digits = json[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
