//! Reads a write-ahead log as SQLite's file format has it, without SQLite and without changing a byte: how much of it
//! counts, which database it belongs to, and whether it only ends early or is damaged. Knows bytes, no files.
//!
//! A log is a head of 32 bytes and frames, each of them a page with a head of 24. The checksum of a frame goes on from
//! the one before it, so the log counts up to the first frame that does not verify, or whose salts are not the head's:
//! such frames are left from an earlier round. SQLite reads that far and silently drops the rest.
//!
//! A power cut may leave any part of the last transaction, as its pages reach the disk in any order. That is a torn
//! end, and nobody was told that it is stored. It is damage if more than that is missing, and two things prove it:
//!
//! * a frame that goes on from the last frame of a transaction: it was written after that transaction was flushed;
//! * the index (`-shm`), which is told of a transaction only when that is flushed, and knows of more frames.

use std::{
    collections::BTreeSet,
    io::{self, Read},
};

const HEAD_BYTES: usize = 32;
const FRAME_HEAD_BYTES: usize = 24;
/// The last bit tells the order of bytes in checksums.
const MAGIC: u32 = 0x377f_0682;
const FORMAT: u32 = 3_007_000;
/// Page 1 begins with the head of the database, and this field of it is the schema cookie.
const COOKIE_AT: usize = 40;

type Salts = [u8; 8];

/// What counts of a log.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Log {
    /// Frames of whole transactions.
    pub(super) frames: u32,
    /// The schema cookies that page 1 has in them.
    pub(super) cookies: BTreeSet<u32>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something is missing before what is certain to have been stored.
    #[error("the log is damaged")]
    Damaged,
}

/// How far the log goes according to the index beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Witness {
    salts: Salts,
    frames: u32,
}

/// Reads a log of a database with pages of this size.
pub(super) fn read(mut log: impl Read, page_bytes: usize, witness: Option<Witness>) -> Result<Log, LogError> {
    let mut bytes = [0; HEAD_BYTES];
    if !fill(&mut log, &mut bytes)? {
        return Ok(Log::default());
    }
    let head = Head::parse(&bytes, page_bytes);
    // SQLite takes a log without a sound head for an empty one. The head is flushed before any frame, and no disk tears
    // its 32 bytes apart, so frames behind a broken one tell of damage.
    let order = head.as_ref().map_or_else(|| Order::of(word(&bytes, 0)), |head| head.order);
    let mut walk = Walk::new(order, head.as_ref());
    let (mut read, mut counted, mut cookies) = (0, Log::default(), BTreeSet::new());
    let mut frame = vec![0; FRAME_HEAD_BYTES + page_bytes];
    while fill(&mut log, &mut frame)? {
        match walk.step(&frame) {
            Step::Counts { ends_transaction } => {
                read += 1;
                if word(&frame, 0) == 1 {
                    cookies.insert(word(&frame, FRAME_HEAD_BYTES + COOKIE_AT));
                }
                if ends_transaction {
                    counted.frames = read;
                    counted.cookies.append(&mut cookies);
                }
            }
            Step::LeftOver => {}
            Step::ProvesMore => return Err(LogError::Damaged),
        }
    }
    match witness {
        Some(witness) if walk.salts == Some(witness.salts) && witness.frames > counted.frames => Err(LogError::Damaged),
        _ => Ok(counted),
    }
}

/// Reads all of `bytes`, or tells that there are not as many left.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The index's own head, which stands there twice. Only one that is whole bears witness.
pub(super) fn witness(index: &[u8]) -> Option<Witness> {
    const BYTES: usize = 48;
    let (head, copy) = (index.get(..BYTES)?, index.get(BYTES..2 * BYTES)?);
    // It is shared by processes of one machine, so its numbers are in the machine's own order.
    let number = |at: usize| u32::from_ne_bytes(array(head, at));
    let is_whole = head == copy && number(0) == FORMAT && head[12] == 1;
    let sum = Order::NATIVE.sum([0; 2], &head[..40]);
    (is_whole && sum == [number(40), number(44)]).then(|| Witness { salts: array(head, 32), frames: number(16) })
}

/// The order of bytes in which checksums are reckoned.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };

    fn of(magic: u32) -> Self {
        if magic & 1 == 1 { Self::Big } else { Self::Little }
    }

    fn sum(self, seed: [u32; 2], bytes: &[u8]) -> [u32; 2] {
        let number = |at| match self {
            Self::Little => u32::from_le_bytes(array(bytes, at)),
            Self::Big => u32::from_be_bytes(array(bytes, at)),
        };
        (0..bytes.len()).step_by(8).fold(seed, |[first, second], at| {
            let first = first.wrapping_add(number(at)).wrapping_add(second);
            [first, second.wrapping_add(number(at + 4)).wrapping_add(first)]
        })
    }
}

/// The head of a log that SQLite would read.
struct Head {
    order: Order,
    salts: Salts,
    sum: [u32; 2],
}

impl Head {
    fn parse(bytes: &[u8; HEAD_BYTES], page_bytes: usize) -> Option<Self> {
        let order = Order::of(word(bytes, 0));
        let sum = order.sum([0; 2], &bytes[..24]);
        let is_sound = word(bytes, 0) & !1 == MAGIC
            && word(bytes, 4) == FORMAT
            && usize::try_from(word(bytes, 8)) == Ok(page_bytes)
            && sum == [word(bytes, 24), word(bytes, 28)];
        is_sound.then(|| Self { order, salts: array(bytes, 16), sum })
    }
}

enum Step {
    Counts { ends_transaction: bool },
    LeftOver,
    ProvesMore,
}

/// Goes from frame to frame.
struct Walk {
    order: Order,
    has_head: bool,
    /// The head's; without a sound one those of the first frame.
    salts: Option<Salts>,
    /// The sum so far, while everything counts.
    sum: Option<[u32; 2]>,
    /// Behind the first frame that does not count: what the one before says of itself.
    last: Option<Last>,
}

struct Last {
    salts: Salts,
    sum: [u32; 2],
    ends_transaction: bool,
}

impl Walk {
    fn new(order: Order, head: Option<&Head>) -> Self {
        let (salts, sum) = (head.map(|head| head.salts), head.map(|head| head.sum));
        Self { order, has_head: head.is_some(), salts, sum, last: None }
    }

    fn step(&mut self, frame: &[u8]) -> Step {
        let (salts, said) = (array(frame, 8), [word(frame, 16), word(frame, 20)]);
        let is_current = *self.salts.get_or_insert(salts) == salts;
        let ends_transaction = word(frame, 4) != 0;
        let goes_on_from = |seed| self.order.sum(self.order.sum(seed, &frame[..8]), &frame[FRAME_HEAD_BYTES..]) == said;
        if is_current && word(frame, 0) != 0 && self.sum.is_some_and(goes_on_from) {
            self.sum = Some(said);
            return Step::Counts { ends_transaction };
        }
        // Without a sound head nothing counts, and any two frames in a row were written behind one.
        let proves = self.last.as_ref().is_some_and(|last| {
            let is_proof = if self.has_head { is_current && last.ends_transaction } else { true };
            is_proof && last.salts == salts && goes_on_from(last.sum)
        });
        (self.sum, self.last) = (None, Some(Last { salts, sum: said, ends_transaction }));
        if proves { Step::ProvesMore } else { Step::LeftOver }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

/// These bytes of something that is known to have them.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}
