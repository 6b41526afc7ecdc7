//! Terminals do not agree on how wide a character is that is made of several (a family, a flag, a heart with a selector). What
//! one of them draws too wide lies over cells that have not changed and so would never be drawn again. Pure.

use ratatui::buffer::{Buffer, CellDiffOption};

/// Has all of a row drawn whenever such a character is in it. When none is any longer, the row is drawn once more by itself,
/// because its cells are not as they were.
pub(super) fn steady(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        if (area.left()..area.right()).any(|x| buffer[(x, y)].symbol().chars().nth(1).is_some()) {
            for x in area.left()..area.right() {
                buffer[(x, y)].set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    /// How many cells are drawn to get from one picture to the next.
    fn drawn(from: &Buffer, text: &str) -> (Buffer, usize) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        buffer.set_string(0, 0, text, Style::new());
        steady(&mut buffer);
        let count = from.diff(&buffer).len();
        (buffer, count)
    }

    #[test]
    fn a_row_with_a_joined_character_is_drawn_whole_and_after_it_once_more() {
        let empty = Buffer::empty(Rect::new(0, 0, 10, 2));
        let (plain, count) = drawn(&empty, "ab");
        assert_eq!(count, 2, "only what changed");
        let (family, count) = drawn(&plain, "ab👩‍👩‍👧");
        assert_eq!(count, 9, "all of the row; the family has two cells");
        assert_eq!(drawn(&family, "ab👩‍👩‍👧").1, 9, "the same again");
        let (plain, count) = drawn(&family, "ab");
        assert_eq!(count, 10, "and once without it");
        assert_eq!(drawn(&plain, "ab").1, 0);
    }
}
