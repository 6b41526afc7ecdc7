//! Draws the client into a picture for the README: `cargo run -p cheeper-tui --example picture > docs/terminal.svg`. What is in
//! it is drawn by the client itself.

use std::fmt::{self, Write as _};

use cheeper_protocol::{Name, Seq, ServerFrame, follow::Identity};
use cheeper_tui::{
    action::Action,
    model::Model,
    msg::Msg,
    storage::{Kept, Read},
    update::{start, update},
    view,
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    layout::Position,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr as _;

const WIDTH: u16 = 88;
const HEIGHT: u16 = 20;
/// A cell, in pixels.
const CELL: (u16, u16) = (9, 19);
const EDGE: u16 = 12;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#e4e6eb";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut model = model()?;
    model.area = ratatui::layout::Rect::new(0, 0, WIDTH, HEIGHT);
    let mut terminal = Terminal::new(TestBackend::new(WIDTH, HEIGHT))?;
    terminal.draw(|frame| view::draw(&model, frame))?;
    let cursor = terminal.get_cursor_position()?;
    print!("{}", picture(terminal.backend().buffer(), cursor)?);
    Ok(())
}

/// Somebody's morning.
fn model() -> Result<Model, Box<dyn std::error::Error>> {
    let identity = Identity { name: Name::parse("alice")?, secret: None };
    let read = Read { timeline: "t".to_owned(), seq: Seq::ZERO.next().next().next().next() };
    let mut model = Model::new("localhost:5000".to_owned(), identity, Kept { read: Some(read), ..Kept::default() });
    start(&mut model);
    let cheeps = [
        ("07:58", "dora", "coffee is ready ☕", false, None),
        ("08:01", "alice", "good morning, everyone", true, None),
        ("08:01", "bob", "@alice hi! have a look at https://example.org/timeline", true, None),
        ("08:02", "第二条", "早上好 🎉 everybody here already?", false, None),
        (
            "08:15",
            "bob",
            "a long cheep wraps under its own text, never under the name, and never in the middle of 家 or 👩‍👩‍👧",
            true,
            None,
        ),
        ("08:20", "carol", "yes, and the server is up again", false, Some(4)),
        ("08:21", "dora", "nothing was lost?", false, None),
        ("08:21", "carol", "not a cheep", false, Some(7)),
    ];
    let events: Vec<String> = (1_u64..)
        .zip(cheeps)
        .map(|(seq, (clock, name, cheep, verified, reply_to))| {
            let at = format!("2026-11-23T{clock}:00.000Z");
            serde_json::json!({ "type": "cheep", "seq": seq, "at": at, "name": name, "cheep": cheep, "verified": verified, "reply_to": reply_to })
                .to_string()
        })
        .collect();
    let head = events.len();
    let frames = [
        format!(
            r#"{{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":{head},"online":17,"limits":{{"cheep_chars":280,
            "name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}}}"#
        ),
        format!(
            r#"{{"type":"page","id":"gap","events":[{}],"from":1,"to":{head},"head":{head},"more":false}}"#,
            events.join(",")
        ),
        r#"{"type":"hello","id":"hello","name":"alice","claimed":true}"#.to_owned(),
    ];
    for frame in frames {
        update(&mut model, Msg::Frame(ServerFrame::parse(&frame)?));
    }
    update(&mut model, Msg::Paste("on my way".to_owned()));
    update(&mut model, Msg::Do(Action::Send));
    update(&mut model, Msg::Paste("what's happening?".to_owned()));
    Ok(model)
}

fn picture(buffer: &Buffer, cursor: Position) -> Result<String, fmt::Error> {
    let (width, height) = (WIDTH * CELL.0 + 2 * EDGE, HEIGHT * CELL.1 + 2 * EDGE);
    let mut svg = String::new();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="The terminal client">
<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="15">"#
    )?;
    let (x, y) = corner(cursor.x, cursor.y);
    writeln!(svg, r#"<rect x="{x}" y="{y}" width="{}" height="{}" fill="{FOREGROUND}"/>"#, CELL.0, CELL.1)?;
    for row in 0..HEIGHT {
        let mut column = 0;
        while column < WIDTH {
            let cell = &buffer[(column, row)];
            let mut text = String::new();
            let start = column;
            // A run of narrow cells that look the same; a wide one stands alone, so that nothing after it moves.
            while column < WIDTH {
                let next = &buffer[(column, row)];
                let width = u16::try_from(next.symbol().width()).unwrap_or(1).max(1);
                if looks(next) != looks(cell) || (width > 1 && !text.is_empty()) {
                    break;
                }
                text.push_str(next.symbol());
                column += width;
                if width > 1 {
                    break;
                }
            }
            if !text.trim().is_empty() {
                run(&mut svg, (start, row), column - start, cell, &text)?;
            }
        }
    }
    svg.push_str("</g>\n</svg>\n");
    Ok(svg)
}

fn run(svg: &mut String, (column, row): (u16, u16), cells: u16, cell: &Cell, text: &str) -> fmt::Result {
    let (x, y) = corner(column, row);
    let fill = match cell.fg {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        _ => FOREGROUND.to_owned(),
    };
    let has = |modifier| cell.modifier.contains(modifier);
    let weight = if has(Modifier::BOLD) { r#" font-weight="bold""# } else { "" };
    let opacity = if has(Modifier::DIM) { r#" opacity="0.6""# } else { "" };
    let line = if has(Modifier::UNDERLINED) { r#" text-decoration="underline""# } else { "" };
    // Ordinary spaces would run together.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}");
    writeln!(
        svg,
        r#"<text x="{x}" y="{}" textLength="{}" fill="{fill}"{weight}{opacity}{line}>{text}</text>"#,
        y + CELL.1 - 5,
        cells * CELL.0
    )
}

fn looks(cell: &Cell) -> (Color, Modifier) {
    (cell.fg, cell.modifier)
}

fn corner(column: u16, row: u16) -> (u16, u16) {
    (EDGE + column * CELL.0, EDGE + row * CELL.1)
}
