//! Takes the terminal and panics: what a bug would do. A test looks at how the terminal is given back.

use cheeper_tui::terminal::Guard;

fn main() -> std::io::Result<()> {
    let mut guard = Guard::take(true)?;
    guard.draw(|frame| frame.render_widget("about to panic", frame.area()))?;
    panic!("on purpose");
}
