//! Large stores, made once through the engine itself and kept between runs. What is in them is drawn by lot, the same each time: words
//! as often as in any language (the second half as often as the first), some tags, mentions and Chinese.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
};

use cheeper_protocol::{CheepText, Name, Role, Seq};
use cheeper_server::timeline::{Author, Command, Engine as _, Person, Post, Timeline, sqlite::Store};

use crate::{Failure, process};

/// Words there are.
pub(crate) const WORDS: u64 = 20_000;
pub(crate) const NAMES: u64 = 5_000;
pub(crate) const TAGS: u64 = 500;
const CHINESE: u64 = 2_000;
/// Posts that wait for their answer.
const WAITING: u64 = 16_384;

/// Numbers that look drawn by lot.
pub(crate) struct Lot(u64);

impl Lot {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// One of so many, the first most often (Zipf).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the bound")]
    pub(crate) fn ranked(&mut self, bound: u64) -> u64 {
        let share = self.below(1 << 40) as f64 / (1_u64 << 40) as f64;
        ((bound as f64).powf(share) as u64 - 1).min(bound - 1)
    }
}

/// The word of a rank.
pub(crate) fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ka", "ne", "to", "mi", "ru", "sol", "ven", "par", "di", "lu", "gos", "tem", "fi", "bra", "no", "qué"];
    let mut left = rank + 16;
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES[usize::try_from(left % 16).unwrap_or(0)]);
        left /= 16;
    }
    word
}

pub(crate) fn chinese(rank: u64) -> char {
    u32::try_from(0x4E00 + rank * 7).ok().and_then(char::from_u32).unwrap_or('字')
}

fn text(nth: u64) -> String {
    let mut lot = Lot::new(nth + 1);
    if nth % 20 == 7 {
        return (0..12).map(|_| chinese(lot.ranked(CHINESE))).collect();
    }
    let mut words: Vec<String> = (0..5 + lot.below(9)).map(|_| word(lot.ranked(WORDS))).collect();
    match lot.below(10) {
        0 => words.push(format!("#tag{}", lot.ranked(TAGS))),
        1 => words.push(format!("@user{}", lot.ranked(NAMES))),
        _ => {}
    }
    words.join(" ")
}

/// The path of a store with so many cheeps, which is made if it is not there yet.
pub(crate) fn store(cheeps: u64) -> Result<PathBuf, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/stores");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{cheeps}.db"));
    if path.exists() {
        return Ok(path);
    }
    println!("making a store of {cheeps} cheeps; it is kept in {}", folder.display());
    process::unpin()?;
    let part = folder.join("part.db");
    for left in ["", "-wal", "-shm", "-search", "-search-wal", "-search-shm", ".lock"] {
        drop(fs::remove_file(folder.join(format!("part.db{left}"))));
    }
    let made = fill(&part, cheeps);
    process::pin_load()?;
    made?;
    for left in ["-search", ""] {
        fs::rename(folder.join(format!("part.db{left}")), folder.join(format!("{cheeps}.db{left}")))?;
    }
    Ok(path)
}

fn fill(path: &Path, cheeps: u64) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(format!("the store cannot be made: {error}"));
    let store = Store::open(path).map_err(|error| failed(&error))?;
    let timeline = store.start(Box::new(|_| {}), Box::new(|_| {})).map_err(|error| failed(&error))?;
    let (answered, answers) = mpsc::channel();
    for nth in 0..cheeps {
        let name = Name::parse(&format!("user{}", Lot::new(nth ^ 0xABCD_EF01).ranked(NAMES)));
        let post = Post {
            author: Author {
                name: name.map_err(|error| failed(&error))?,
                secret: None,
                role: Role::Member,
                person: Person(1),
                link: None,
            },
            cheep: CheepText::cleaned(&text(nth)),
            reply_to: Some(nth / 2).filter(|seq| nth % 50 == 3 && *seq > 0).and_then(Seq::new),
            id: None,
        };
        let answered = answered.clone();
        timeline.submit(Command::Post(post), Box::new(move |outcome| drop(answered.send(outcome))));
        if nth >= WAITING {
            answers.recv().map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        }
    }
    timeline.close()?;
    Ok(())
}
