//! The terminal, taken over for a while and given back as it was: at the end, in a panic, at a signal.

mod escape;
mod hang_up;
mod steady;

use std::{
    io::{self, BufWriter, Stdout, Write as _},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor::Show,
    event::{
        DisableBracketedPaste, EnableBracketedPaste, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
        PushKeyboardEnhancementFlags,
    },
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend, layout::Size};

pub use self::escape::Escape;
use self::steady::steady;

/// Frames are written in one go.
const FRAME_BYTES: usize = 64 * 1024;

/// Whether the terminal is ours. A panic gives it back before its message, and then nobody else must.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back when it is dropped.
pub struct Guard {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
    title: Option<Escape>,
}

impl Guard {
    pub fn take(mouse: bool) -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        // What is drawn has no colours if none are wanted; crossterm need not decide that again.
        crossterm::style::force_color_output(true);
        let output = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        let mut guard = Self { terminal: Terminal::new(CrosstermBackend::new(output))?, mouse, title: None };
        guard.enter()?;
        hang_up::watch()?;
        Ok(guard)
    }

    /// Takes it again, after [`Self::leave`] or after somebody else had it.
    pub fn enter(&mut self) -> io::Result<()> {
        IS_TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(
            io::stdout(),
            Print(escape::SAVE_TITLE),
            EnterAlternateScreen,
            EnableBracketedPaste,
            // So that Shift+Enter can be told from Enter, where the terminal can; others pass over it.
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
        )?;
        if self.mouse {
            execute!(io::stdout(), Print(escape::TAKE_MOUSE))?;
        }
        if let Some(title) = self.title.clone() {
            self.say(&title)?;
        }
        self.clear()
    }

    /// Gives it back for a while.
    pub fn leave(&mut self) {
        restore();
    }

    /// Has everything drawn afresh, whatever the terminal shows.
    pub fn clear(&mut self) -> io::Result<()> {
        if !is_taken() {
            return Ok(());
        }
        // `Terminal::clear` would ask the terminal where the cursor is, which not every one answers.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws one picture: whole, where the terminal can wait for the end of it, and in one write.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            draw(frame);
            steady(frame.buffer_mut());
        })?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Says something to the terminal itself; to nobody while somebody else has it.
    pub fn say(&mut self, escape: &Escape) -> io::Result<()> {
        if !is_taken() {
            return Ok(());
        }
        let output = self.terminal.backend_mut();
        output.write_all(escape.as_bytes())?;
        output.flush()
    }

    /// Gives it a title, now and whenever it is taken again.
    pub fn entitle(&mut self, title: &str) -> io::Result<()> {
        let title = Escape::title(title);
        self.say(&title)?;
        self.title = Some(title);
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn is_taken() -> bool {
    IS_TAKEN.load(Ordering::SeqCst)
}

fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // There is nobody left to tell if the terminal is gone.
    drop(execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        Print(escape::LEAVE_MOUSE),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Print(escape::RESTORE_TITLE),
        Show
    ));
    drop(disable_raw_mode());
}
