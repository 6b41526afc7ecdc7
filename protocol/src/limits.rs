//! The bounds both sides hold to, and the ones a server tells its clients in `welcome`.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Longest cheep a server accepts unless its host set another length, in grapheme clusters.
pub const CHEEP_CHARS: usize = 280;
/// The lengths a host may choose from, in grapheme clusters.
pub const CHEEP_CHARS_RANGE: RangeInclusive<usize> = 1..=4000;
/// Most line feeds in one cheep.
pub const CHEEP_LINE_FEEDS: usize = 10;
/// Longest name, in grapheme clusters.
pub const NAME_CHARS: usize = 32;
/// Longest name, in bytes of UTF-8: a character can carry any number of marks.
pub const NAME_BYTES: usize = 512;
/// Most nonspacing marks on one letter of a name, as UTS #39 (5.4) advises: more of them run over the lines above and below.
pub const NAME_MARKS: usize = 4;
/// Most code points in one grapheme cluster of a name, or 32 characters could be hundreds. The longest that words are written
/// with, as far as we know, has 9: Sanskrit *kārtsnya*.
pub const NAME_CLUSTER: usize = 10;
/// Longest message a client may send, in bytes of payload; a longer one is answered by close 1009.
pub const FRAME_BYTES: usize = 16 * 1024;
/// Most events in one page.
pub const PAGE: usize = 200;
/// Events in a page when the asker gave no `limit`.
pub const PAGE_DEFAULT: usize = 50;
/// Most bytes of JSON in one page; a page with fewer events than asked for says `more`.
pub const PAGE_BYTES: usize = 256 * 1024;
/// Most names in the answer to `who`.
pub const WHO: usize = 1000;
/// Most kinds of reactions to one cheep.
pub const REACTION_KINDS: usize = 20;
/// Most names that are told of one kind of reaction.
pub const REACTION_NAMES: usize = 50;
/// Longest emoji, in bytes of UTF-8: a kiss of two people with skin tones, the longest that Unicode recommends (17.0), has
/// as many.
pub const EMOJI_BYTES: usize = 35;
/// Longest search, in bytes of UTF-8.
pub const QUERY_BYTES: usize = 512;
/// Most cheeps that a thread shows of what its cheep answers: the nearest ones.
pub const THREAD_ANCESTORS: usize = 100;
/// Length of a request's `id`, in bytes.
pub const ID_BYTES: RangeInclusive<usize> = 1..=64;
/// Length of a name's secret, in bytes.
pub const SECRET_BYTES: RangeInclusive<usize> = 16..=128;
/// Length of a token, in bytes.
pub const TOKEN_BYTES: RangeInclusive<usize> = 16..=128;
/// How long a mute or a link may last, in milliseconds: a year at most. Without an end it lasts until it is undone.
pub const FOR_MS: RangeInclusive<u64> = 1..=366 * 24 * 60 * 60 * 1000;
/// Largest `seq`: the largest integer that every JSON reader keeps exactly (2⁵³ − 1).
pub const SEQ_MAX: u64 = (1 << 53) - 1;

/// The limits of one server, as `welcome` tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest cheep, in grapheme clusters.
    pub cheep_chars: usize,
    /// Longest name, in grapheme clusters.
    pub name_chars: usize,
    /// Longest message a client may send, in bytes.
    pub frame_bytes: usize,
    /// Most events in one page.
    pub page: usize,
    /// Most names in the answer to `who`.
    pub who: usize,
    /// Posts a minute for one person; 0 means no limit.
    pub posts_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cheep_chars: CHEEP_CHARS,
            name_chars: NAME_CHARS,
            frame_bytes: FRAME_BYTES,
            page: PAGE,
            who: WHO,
            posts_per_minute: 60,
        }
    }
}
