//! Up to where a log may go, found out by a thread that lets all others go first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use cheeper_protocol::{Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    super::{
        check::behind::Soundness,
        files::{Files, Loss},
        schema,
    },
    keep::Keep,
};
use crate::worker;

/// This often it is looked whether more may go.
const EVERY: Duration = if cfg!(test) { Duration::from_millis(5) } else { Duration::from_secs(60) };
/// The same, while the look behind the start is not at its end.
const NOT_YET: Duration = if cfg!(test) { Duration::from_millis(1) } else { Duration::from_millis(200) };
/// So long the clock has to run like the one that nobody sets before it is believed about ages: a machine may begin with a
/// wrong one, and what is taken away is gone.
const TRUST_AFTER: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(600) };
/// A clock that has gone this much more or less than that was set.
const JUMP: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The first event that is to stay, as far as it is known.
#[derive(Clone, Default)]
pub(super) struct Wanted(Arc<AtomicU64>);

impl Wanted {
    pub(super) fn seq(&self) -> Seq {
        Seq::new(self.0.load(Ordering::Acquire)).unwrap_or_default()
    }

    fn raise(&self, seq: u64) {
        self.0.fetch_max(seq, Ordering::AcqRel);
    }
}

/// The thread that finds it out.
pub(super) struct Planner {
    pub(super) db: Connection,
    pub(super) keep: Keep,
    pub(super) wanted: Wanted,
    pub(super) files: Files,
    pub(super) soundness: Arc<Soundness>,
}

impl Planner {
    /// Works until the other end of `stop` is gone.
    pub(super) fn run(self, stop: &Receiver<()>) {
        worker::step_back();
        let (mut clock, mut cheeps) = (Steady::default(), None);
        loop {
            let is_ready = self.soundness.has_ended() && !self.soundness.hinders_writing();
            let is_whole = !matches!(self.files.check(), Err(Loss::Cut(_)));
            if is_ready
                && is_whole
                && let Err(error) = self.plan(&mut clock, &mut cheeps)
            {
                tracing::debug!(%error, "it could not be seen what may go");
            }
            match stop.recv_timeout(if is_ready { EVERY } else { NOT_YET }) {
                Err(RecvTimeoutError::Timeout) | Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn plan(&self, clock: &mut Steady, oldest: &mut Option<Oldest>) -> rusqlite::Result<()> {
        let view = self.db.unchecked_transaction()?;
        let head = u64::try_from(schema::head(&view, schema::VERSION)?).unwrap_or_default();
        let from = schema::floor(&view)?.max(self.wanted.seq()).get();
        let now = Timestamp::now();
        let days = self.keep.days.filter(|_| clock.is_trusted(Instant::now(), now, TRUST_AFTER));
        let since_ms = days.map(|days| now.as_millisecond() - i64::from(days) * DAY_MS);
        self.wanted.raise(first_to_stay(&view, (self.keep.cheeps, since_ms), (from, head), oldest)?);
        view.finish()
    }
}

/// The first event that is to stay of those from `from` to `head`, before which all may be gone: it is one of the newest `cheeps`
/// or came in behind one, and no earlier one came in at `since_ms` or later. A bound that is not there takes nothing away.
fn first_to_stay(
    db: &Connection,
    (cheeps, since_ms): (Option<u64>, Option<i64>),
    (from, head): (u64, u64),
    oldest: &mut Option<Oldest>,
) -> rusqlite::Result<u64> {
    let mut first = from;
    if let Some(count) = cheeps {
        // Some behind it went by age: what has come since does not take their places.
        *oldest = oldest.filter(|oldest| oldest.seq >= from);
        *oldest = oldest_of_the_newest(db, count, oldest.take())?;
        first = oldest.map_or(first, |oldest| first.max(oldest.seq));
    }
    if let Some(since_ms) = since_ms {
        first = first_since(db, first, since_ms, head)?;
    }
    Ok(first)
}

/// The oldest of those cheeps that are kept, and the newest that was counted with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Oldest {
    seq: u64,
    newest: u64,
}

/// The oldest of the newest `count` cheeps; none if there are not more. From what it was before, only the new ones are counted.
fn oldest_of_the_newest(db: &Connection, count: u64, before: Option<Oldest>) -> rusqlite::Result<Option<Oldest>> {
    let Some(before) = before else {
        let newest: Option<u64> = db.query_row("SELECT max(seq) FROM cheeps", [], |row| row.get(0))?;
        let query = "SELECT seq FROM cheeps ORDER BY seq DESC LIMIT 1 OFFSET ?";
        let seq: Option<u64> = db.query_row(query, [count.saturating_sub(1)], |row| row.get(0)).optional()?;
        return Ok(seq.zip(newest).map(|(seq, newest)| Oldest { seq, newest }));
    };
    let query = "SELECT count(*), max(seq) FROM cheeps WHERE seq > ?";
    let (new, newest): (u64, Option<u64>) =
        db.query_row(query, [before.newest], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(newest) = newest else { return Ok(Some(before)) };
    let query = "SELECT seq FROM cheeps WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?";
    let seq: Option<u64> = db.query_row(query, (before.seq, new - 1), |row| row.get(0)).optional()?;
    Ok(seq.map(|seq| Oldest { seq, newest }))
}

/// The first event from `from` on that came in at a time or later; the one after the head if none did.
fn first_since(db: &Connection, from: u64, at_ms: i64, head: u64) -> rusqlite::Result<u64> {
    let mut first = head + 1;
    for query in [
        "SELECT seq FROM cheeps WHERE seq >= ? AND at_ms >= ? ORDER BY seq LIMIT 1",
        "SELECT seq FROM changes WHERE seq >= ? AND at_ms >= ? ORDER BY seq LIMIT 1",
    ] {
        let found: Option<u64> = db.query_row(query, (from, at_ms), |row| row.get(0)).optional()?;
        first = first.min(found.unwrap_or(first));
    }
    Ok(first)
}

/// Whether a clock can be believed about ages.
#[derive(Default)]
struct Steady {
    last: Option<(Instant, Timestamp)>,
    since: Option<Instant>,
}

impl Steady {
    /// It is asked again and again; a time in which the machine slept counts as a jump.
    fn is_trusted(&mut self, now: Instant, clock: Timestamp, after: Duration) -> bool {
        let has_jumped = self.last.replace((now, clock)).is_none_or(|(then, clock_then)| {
            let went = clock.as_millisecond() - clock_then.as_millisecond();
            let passed = i64::try_from(now.saturating_duration_since(then).as_millis()).unwrap_or(i64::MAX);
            u128::from(went.abs_diff(passed)) > JUMP.as_millis()
        });
        if has_jumped {
            self.since = Some(now);
        }
        self.since.is_some_and(|since| now.saturating_duration_since(since) >= after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clock_is_trusted_once_it_has_run_evenly_for_long_enough() {
        let (start, clock) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut steady = Steady::default();
        let mut ask = |passed: u64, shown: u64| {
            let at = Timestamp::from_second(clock.as_second() + i64::try_from(shown).unwrap()).unwrap();
            steady.is_trusted(start + Duration::from_secs(passed), at, Duration::from_secs(600))
        };
        assert!(!ask(0, 0), "nobody knows yet");
        assert!(!ask(599, 599));
        assert!(ask(600, 603), "it is set a little all the time");
        assert!(!ask(660, 86_400), "it was set");
        assert!(!ask(1259, 86_999) && ask(1260, 87_000));
        assert!(!ask(1300, 0), "backwards as well");
    }

    #[test]
    fn the_oldest_of_the_newest_is_found_and_followed() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE cheeps (seq INTEGER PRIMARY KEY)").unwrap();
        let mut seqs = Vec::new();
        let mut followed = None;
        for seq in (1..200_u64).filter(|seq| seq % 3 > 0) {
            db.execute("INSERT INTO cheeps VALUES (?)", [seq]).unwrap();
            seqs.push(seq);
            if seq % 7 < 3 {
                followed = oldest_of_the_newest(&db, 10, followed).unwrap();
                let expected = seqs.len().checked_sub(10).map(|at| seqs[at]);
                assert_eq!(followed.map(|oldest| oldest.seq), expected);
                assert_eq!(oldest_of_the_newest(&db, 10, None).unwrap(), followed);
            }
        }
    }

    /// What is done to a log between looks, or a look.
    #[derive(Clone, Debug)]
    enum Step {
        Cheep,
        Change,
        Day,
        /// Of what may go so many rows do, in percent: it goes step by step, and others post meanwhile.
        Look(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Cheep),
            1 => Just(Step::Change),
            1 => Just(Step::Day),
            3 => prop_oneof![Just(100), 0..=100_u64].prop_map(Step::Look),
        ]
    }

    proptest! {
        #[test]
        fn what_goes_is_beyond_a_bound_and_nothing_else_does(
            steps in prop::collection::vec(step(), 0..80),
            cheeps in prop::option::of(1..6_u64),
            days in prop::option::of(1..4_i64),
        ) {
            let db = Connection::open_in_memory().unwrap();
            let tables = ["cheeps", "changes"];
            for table in tables {
                db.execute(&format!("CREATE TABLE {table} (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL)"), []).unwrap();
            }
            // All that ever came in: whether it is a cheep, and on which day.
            let mut log: Vec<(bool, i64)> = Vec::new();
            let (mut day, mut from, mut floor, mut oldest) = (0, 1, 1, None);
            for step in steps {
                match step {
                    Step::Day => day += 1,
                    Step::Cheep | Step::Change => {
                        let is_cheep = matches!(step, Step::Cheep);
                        log.push((is_cheep, day));
                        let insert = format!("INSERT INTO {} VALUES (?, ?)", tables[usize::from(!is_cheep)]);
                        db.execute(&insert, (log.len(), day)).unwrap();
                    }
                    Step::Look(percent) => {
                        let since = days.map(|days| day - days);
                        let head = log.len() as u64;
                        from = first_to_stay(&db, (cheeps, since), (from, head), &mut oldest).unwrap();
                        let at = |nth: usize| nth as u64 + 1;
                        let seqs: Vec<_> = (0..log.len()).filter(|nth| log[*nth].0).map(at).collect();
                        let by_count = cheeps
                            .and_then(|count| seqs.len().checked_sub(usize::try_from(count).unwrap()))
                            .and_then(|nth| seqs.get(nth).copied());
                        let by_age = since.map(|since| log.iter().position(|(_, day)| *day >= since).map_or(head + 1, at));
                        // The clock only goes forth here, so what was beyond a bound once is so for good.
                        let expected = [by_count, by_age].into_iter().flatten().fold(1, u64::max);
                        prop_assert_eq!(from, expected);
                        floor += (from - floor) * percent / 100;
                        for table in tables {
                            db.execute(&format!("DELETE FROM {table} WHERE seq < ?"), [floor]).unwrap();
                        }
                    }
                }
            }
        }
    }
}
