//! Which part of the timeline is on screen. The place is held by a cheep, not by a row of the screen, so nothing that comes
//! or goes before or after it moves what is being read. Pure.

use cheeper_protocol::Seq;

/// What stands at the top of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Place {
    /// The end is shown, whatever comes.
    #[default]
    Following,
    /// This row of a cheep; those below 0 are the lines above it, such as the day.
    At { seq: Seq, row: isize },
}

/// A block and a row in it.
pub type Top = (usize, usize);

/// The timeline as blocks of rows: a cheep with the lines above it, or a post on its way.
pub trait Blocks {
    fn count(&self) -> usize;
    /// Rows of the lines above a cheep.
    fn above(&self, index: usize) -> usize;
    /// Rows of the cheep itself, at least one.
    fn body(&self, index: usize) -> usize;
    /// The cheep of a block; a post on its way has no place yet.
    fn seq(&self, index: usize) -> Option<Seq>;
    /// The block of a cheep, or of the next one if it is not there.
    fn index_of(&self, seq: Seq) -> usize;

    fn rows(&self, index: usize) -> usize {
        self.above(index) + self.body(index)
    }
}

/// The block and row at the top of a screen of `height` rows.
pub fn top(blocks: &impl Blocks, place: Place, height: usize) -> Top {
    let last = last_top(blocks, height);
    let Place::At { seq, row } = place else { return last };
    let index = blocks.index_of(seq);
    let row = if blocks.seq(index) == Some(seq) { row } else { 0 };
    let row = row.saturating_add_unsigned(if index < blocks.count() { blocks.above(index) } else { 0 });
    let top = match usize::try_from(row) {
        Ok(row) => down_from(blocks, (index, row), 0),
        Err(_) => up_from(blocks, (index, 0), row.unsigned_abs()),
    };
    top.min(last)
}

/// Where `lines` further up or down is.
pub fn moved(blocks: &impl Blocks, place: Place, height: usize, up: bool, lines: usize) -> Place {
    let top = top(blocks, place, height);
    let to = if up { up_from(blocks, top, lines) } else { down_from(blocks, top, lines) };
    place_of(blocks, to, height)
}

/// The place nearest to this one at which all of a block can be seen, or as much of it as there is room for.
pub fn shown(blocks: &impl Blocks, place: Place, height: usize, index: usize) -> Place {
    let top = top(blocks, place, height);
    let highest = up_from(blocks, (index + 1, 0), height).min((index, 0));
    if top > (index, 0) {
        place_of(blocks, (index, 0), height)
    } else if top < highest {
        place_of(blocks, highest, height)
    } else {
        place
    }
}

/// The same place; or the end, if that is what it shows by now.
pub fn settled(blocks: &impl Blocks, place: Place, height: usize) -> Place {
    if place != Place::Following && top(blocks, place, height) >= last_top(blocks, height) {
        return Place::Following;
    }
    place
}

fn place_of(blocks: &impl Blocks, top: Top, height: usize) -> Place {
    if top >= last_top(blocks, height) {
        return Place::Following;
    }
    let (mut index, row) = top;
    let mut row = below(row, blocks.above(index));
    // A post on its way cannot hold a place: the last cheep before it does.
    while blocks.seq(index).is_none() {
        let Some(before) = index.checked_sub(1) else { return Place::Following };
        index = before;
        row = row.saturating_add_unsigned(blocks.body(index));
    }
    blocks.seq(index).map_or(Place::Following, |seq| Place::At { seq, row })
}

/// The top at which the last row is at the bottom.
fn last_top(blocks: &impl Blocks, height: usize) -> Top {
    up_from(blocks, (blocks.count(), 0), height)
}

fn up_from(blocks: &impl Blocks, (mut index, mut row): Top, lines: usize) -> Top {
    let mut left = lines;
    while left > row && index > 0 {
        left -= row;
        index -= 1;
        row = blocks.rows(index);
    }
    (index, row.saturating_sub(left))
}

fn down_from(blocks: &impl Blocks, (mut index, row): Top, lines: usize) -> Top {
    let mut row = row + lines;
    while index < blocks.count() && row >= blocks.rows(index) {
        row -= blocks.rows(index);
        index += 1;
    }
    (index, row)
}

/// How far `row` is below the first row after those `above`; negative if it is one of them.
fn below(row: usize, above: usize) -> isize {
    isize::try_from(row).unwrap_or(isize::MAX).saturating_sub_unsigned(above)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cheeps of one to three rows; each that begins a new ten has a line above it. Two posts are on their way.
    struct Cheeps {
        first: u64,
        last: u64,
    }

    impl Cheeps {
        fn at(&self, index: usize) -> u64 {
            self.first + index as u64
        }

        /// The cheep at the top of the screen and the row of it, or below 0 what is above it.
        fn seen(&self, place: Place) -> (u64, isize) {
            let (index, row) = top(self, place, HEIGHT);
            (self.at(index), below(row, self.above(index)))
        }
    }

    impl Blocks for Cheeps {
        fn count(&self) -> usize {
            usize::try_from(self.last - self.first).unwrap() + 3
        }
        fn above(&self, index: usize) -> usize {
            // The first one here has the day above it; when older ones come it may lose it.
            usize::from(index == 0 || self.at(index).is_multiple_of(10))
        }
        fn body(&self, index: usize) -> usize {
            usize::try_from(self.at(index) % 3).unwrap() + 1
        }
        fn seq(&self, index: usize) -> Option<Seq> {
            Some(self.at(index)).filter(|seq| *seq <= self.last).and_then(Seq::new)
        }
        fn index_of(&self, seq: Seq) -> usize {
            usize::try_from(seq.get().saturating_sub(self.first)).unwrap()
        }
    }

    const HEIGHT: usize = 10;

    #[test]
    fn what_is_read_stands_still_whatever_comes_before_or_after() {
        let before = Cheeps { first: 105, last: 150 };
        let place = moved(&before, Place::Following, HEIGHT, true, 7);
        let seen = before.seen(place);
        assert_eq!(Cheeps { first: 105, last: 160 }.seen(place), seen);
        assert_eq!(Cheeps { first: 5, last: 160 }.seen(place), seen);
    }

    #[test]
    fn the_first_cheep_stands_still_though_the_day_above_it_goes() {
        let before = Cheeps { first: 105, last: 150 };
        let place = moved(&before, Place::Following, HEIGHT, true, 1_000);
        assert_eq!(before.seen(place), (105, -1));
        let after = Cheeps { first: 95, last: 150 };
        assert_eq!(after.seen(place), (104, 2), "the last row of the one before is where the day was");
    }

    #[test]
    fn a_place_that_is_gone_is_the_next_one_there_is() {
        let place = Place::At { seq: Seq::new(50).unwrap(), row: 1 };
        assert_eq!(Cheeps { first: 80, last: 200 }.seen(place), (80, 0));
    }

    proptest! {
        #[test]
        fn up_and_down_again_is_where_it_was(up in 0..120_usize, more in 0..60_usize) {
            let cheeps = Cheeps { first: 1, last: 100 };
            let place = moved(&cheeps, Place::Following, HEIGHT, true, up);
            let away = moved(&cheeps, place, HEIGHT, true, more);
            prop_assert_eq!(moved(&cheeps, away, HEIGHT, false, more), place);
            prop_assert_eq!(moved(&cheeps, place, HEIGHT, false, up), Place::Following);
        }

        #[test]
        fn what_is_to_be_shown_is_on_screen(up in 0..250_usize, index in 0..100_usize, height in 4..40_usize) {
            let cheeps = Cheeps { first: 1, last: 100 };
            let place = moved(&cheeps, Place::Following, height, true, up);
            let place = shown(&cheeps, place, height, index);
            let top = top(&cheeps, place, height);
            prop_assert!(top <= (index, 0));
            prop_assert!(down_from(&cheeps, top, height) >= (index + 1, 0));
        }
    }
}
