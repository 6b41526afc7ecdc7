//! Lines on their way out of the process. Whoever hands one over neither waits nor fails, for that may be a thread that
//! everybody waits for: a thread of our own writes, and what it cannot get rid of is lost and counted.
//!
//! A pipe cannot be made non-blocking instead: that would change it for every process that shares it. tracing-appender bounds
//! lines, not bytes, does not count what a write lost, and can be waited for only once, in a destructor that prints.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Write},
    mem::take,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::Duration,
};

use crate::metrics::LOST_LOG_LINES;

/// Bytes of lines that may wait for their reader.
const WAITING_BYTES: usize = 1024 * 1024;

/// Where lines are handed over.
#[derive(Clone)]
pub(super) struct Output(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something came, or everything is out.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that were lost since this was last told.
    lost: u64,
    is_writing: bool,
}

impl Output {
    /// Starts the thread that writes. What was lost is told there in `told`'s words once there is a reader again.
    pub(super) fn start(to: impl Write + Send + 'static, told: fn(u64) -> String) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut writer = Writer { to, is_torn: false };
        let queue = shared.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || queue.drain_into(&mut writer, told))?;
        Ok(Self(shared))
    }

    /// Hands over a line, without its end.
    pub(super) fn line(&self, mut line: String) {
        line.push('\n');
        let mut queue = self.0.lock();
        if queue.bytes + line.len() > WAITING_BYTES {
            queue.lose_one();
        } else {
            queue.bytes += line.len();
            queue.lines.push_back(line);
            self.0.changed.notify_all();
        }
    }

    /// Waits until everything is out, but not for longer than this.
    pub(super) fn flush(&self, patience: Duration) {
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), patience, is_busy);
        drop(waited);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain_into(&self, writer: &mut Writer<impl Write>, told: fn(u64) -> String) -> ! {
        loop {
            let (line, lost) = self.next();
            let mut result = if lost == 0 { Ok(()) } else { writer.write_line(&(told(lost) + "\n")) };
            let was_told = result.is_ok();
            if was_told {
                result = writer.write_line(&line);
            }
            let mut queue = self.lock();
            if !was_told {
                queue.lost += lost;
            }
            if result.is_err() {
                queue.lose_one();
            }
            queue.is_writing = false;
            self.changed.notify_all();
        }
    }

    /// The next line, when there is one, and how many were lost before.
    fn next(&self) -> (String, u64) {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                queue.is_writing = true;
                return (line, take(&mut queue.lost));
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    fn lose_one(&mut self) {
        self.lost += 1;
        LOST_LOG_LINES.fetch_add(1, Ordering::Relaxed);
    }
}

struct Writer<W> {
    to: W,
    /// Only a part of the last line got out, as on a disk that was full by then.
    is_torn: bool,
}

impl<W: Write> Writer<W> {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        if self.is_torn {
            self.write(b"\n")?;
        }
        self.write(line.as_bytes())
    }

    fn write(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_torn = rest[written - 1] != b'\n';
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _},
        os::unix::net::UnixStream,
        sync::mpsc,
    };

    use super::*;

    const FOREVER: Duration = Duration::from_secs(3600);

    fn told(lost: u64) -> String {
        format!("{lost} lost")
    }

    #[test]
    fn while_nobody_reads_lines_are_lost_and_told_of_later() {
        let (mut reader, mut writer) = UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        let mut before = 0;
        while let Ok(written) = writer.write(&[b'.'; 1000]) {
            before += written;
        }
        writer.set_nonblocking(false).unwrap();
        let output = Output::start(writer, told).unwrap();
        let line = "x".repeat(1023);
        // Twice as many as may wait; nobody waits for them.
        let handed_over = 2 * WAITING_BYTES / 1024;
        for _ in 0..handed_over {
            output.line(line.clone());
        }
        output.flush(Duration::ZERO);
        reader.read_exact(&mut vec![0; before]).unwrap();
        let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
        let (mut kept, mut lost) = (0, 0);
        while kept + lost < handed_over {
            let read = lines.next().unwrap();
            match read.strip_suffix(" lost") {
                Some(count) => lost += count.parse::<usize>().unwrap(),
                None => {
                    assert_eq!(read, line);
                    kept += 1;
                }
            }
        }
        assert!(kept >= WAITING_BYTES / 1024 && lost > 0, "{kept} kept, {lost} lost");
    }

    /// A file on a disk on which there is room for so many bytes; what is written goes to whoever looks.
    struct Disk(Arc<Mutex<usize>>, mpsc::Sender<Vec<u8>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut room = self.0.lock().unwrap();
            let written = bytes.len().min(*room);
            if written == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            *room -= written;
            self.1.send(bytes[..written].to_vec()).unwrap();
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_full_disk_each_line_stands_alone_again() {
        let room = Arc::new(Mutex::new(9));
        let (sender, written) = mpsc::channel();
        let output = Output::start(Disk(room.clone(), sender), told).unwrap();
        for line in ["first", "second", "third"] {
            output.line(line.to_owned());
            output.flush(FOREVER);
        }
        *room.lock().unwrap() = 100;
        output.line("fourth".to_owned());
        output.flush(FOREVER);
        let written: Vec<u8> = written.try_iter().flatten().collect();
        assert_eq!(String::from_utf8(written).unwrap(), "first\nsec\n2 lost\nfourth\n");
    }
}
