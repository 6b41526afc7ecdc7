//! A program of which nothing goes unnoticed: what it logs is kept, and if it panicked or crashed the test that started it
//! fails, whatever the test itself looked at.

use std::{
    cell::RefCell,
    convert::Infallible,
    fs,
    io::{self, BufRead as _, BufReader, Read},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::PATIENCE;

/// What a Rust program's main thread ends with when it panics.
const PANICKED: i32 = 101;
/// What the kernel counts CPU time in (`getconf CLK_TCK`).
const TICKS_A_SECOND: u64 = 100;

/// A running program; it does not outlive this.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Receiver<String>,
    log: Arc<Mutex<String>>,
    log_ended: Receiver<Infallible>,
    /// The names of the signals that the test sent: none of these is a crash.
    signals: RefCell<Vec<String>>,
}

impl Process {
    /// Starts a program and keeps what it prints.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map(Self::watch)
    }

    /// Takes over a program that was started with pipes for both its outputs.
    pub fn watch(mut child: Child) -> Self {
        let (tell, stdout) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // What nobody asks for any more is read on, so that the program is never held up.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let log = Arc::new(Mutex::new(String::new()));
        let (ends, log_ended) = mpsc::channel();
        thread::spawn({
            let (stderr, log) = (child.stderr.take().expect("a pipe"), log.clone());
            move || {
                keep(stderr, &log);
                drop(ends);
            }
        });
        Self { child, stdout, log, log_ended, signals: RefCell::default() }
    }

    /// The next line on its standard output; none if it ended or is silent.
    pub fn line(&self) -> Option<String> {
        self.stdout.recv_timeout(PATIENCE).ok()
    }

    /// What it has written to its standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        self.signals.borrow_mut().push(name.to_owned());
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("there is a shell").success());
    }

    /// `kill -9`; nothing happens if it has ended already.
    pub fn kill(&mut self) -> ExitStatus {
        // One that ended by itself is not excused by this.
        if let Ok(Some(status)) = self.child.try_wait() {
            return status;
        }
        self.signals.borrow_mut().push("KILL".to_owned());
        drop(self.child.kill());
        self.child.wait().expect("it is our child")
    }

    /// Its end, which something has brought about.
    pub fn ended(&mut self) -> ExitStatus {
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("it is our child"),
                Err(RecvTimeoutError::Timeout) => panic!("the program did not end"),
            }
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }

    /// Memory in use, in KiB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it runs");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// Memory that is its own alone, in KiB: what it wrote to and, of its files, what no other process has in memory.
    pub fn private_memory(&self) -> u64 {
        let sums = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).expect("it runs");
        let private =
            sums.lines().filter(|line| line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:"));
        private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
    }

    /// CPU time so far, of all its threads, in the system and outside.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let after_name = stat.rsplit(") ").next().expect("a name in brackets").split(' ');
        let ticks: u64 = after_name.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 1000 / TICKS_A_SECOND)
    }

    /// What is wrong with how it ran and ended.
    fn fault(&self, status: ExitStatus) -> Option<String> {
        if self.log().contains("panicked") || status.code() == Some(PANICKED) {
            return Some("the program panicked".to_owned());
        }
        let signal = status.signal()?;
        let name = Command::new("sh").args(["-c", &format!("kill -l {signal}")]).output().expect("there is a shell");
        let name = String::from_utf8_lossy(&name.stdout).trim().to_owned();
        (!self.signals.borrow().contains(&name)).then(|| format!("the program was ended by {name}, which nobody sent"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let status = self.kill();
        // What it had yet to say comes until the pipe ends; a program it started may hold that open.
        _ = self.log_ended.recv_timeout(PATIENCE);
        let fault = self.fault(status);
        if thread::panicking() {
            // A second panic would end all tests, and this one's reason may stand in there.
            eprintln!("{}; it logged:\n{}", fault.as_deref().unwrap_or("a program was ended"), self.log());
        } else if let Some(fault) = fault {
            panic!("{fault}; it logged:\n{}", self.log());
        }
    }
}

fn keep(mut from: impl Read, log: &Mutex<String>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

/// A start that must fail: its exit code and its one sentence. One that does not fail is ended, and told by what it said.
pub fn refused(command: &mut Command) -> (Option<i32>, String) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
    let kill = format!("kill -KILL {}", child.id());
    let (tell, ended) = mpsc::channel::<()>();
    let guard = thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        }
    });
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its output");
    drop(tell);
    guard.join().expect("the guard does not fail");
    let said = String::from_utf8(stderr).expect("text");
    assert!(stdout.is_empty() && !said.contains("panicked"), "{said}");
    (status.code(), said)
}

/// A start that must fail for a reason of the system's, in one sentence with these words.
pub fn refused_in_a_sentence(command: &mut Command, with: &str) {
    let (code, said) = refused(command);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.lines().count() == 1 && said.ends_with(".\n") && said.contains(with), "{said}");
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn shell(script: &str) -> Process {
        Process::spawn(Command::new("sh").args(["-c", script])).unwrap()
    }

    /// Why dropping it fails the test, if it does.
    fn complaint(process: Process) -> Option<String> {
        let complaint = catch_unwind(AssertUnwindSafe(|| drop(process))).err()?;
        Some(*complaint.downcast::<String>().unwrap())
    }

    #[test]
    fn a_worker_that_panicked_is_noticed_though_the_program_runs_on() {
        let program = shell("echo \"thread 'shard 1' panicked at src/shard.rs:1:1:\" >&2; echo started; exec sleep 60");
        assert_eq!(program.line().as_deref(), Some("started"));
        let complaint = complaint(program).unwrap();
        assert!(complaint.contains("panicked") && complaint.contains("shard.rs"), "{complaint}");
    }

    #[test]
    fn the_exit_code_of_a_panic_and_a_crash_are_noticed_by_themselves() {
        let mut program = shell("exit 101");
        program.ended();
        assert!(complaint(program).is_some_and(|said| said.contains("panicked")));
        let mut program = shell("kill -SEGV $$");
        program.ended();
        assert!(complaint(program).is_some_and(|said| said.contains("SEGV")));
    }

    #[test]
    fn what_the_test_itself_brought_about_is_no_fault() {
        assert_eq!(complaint(shell("exec sleep 60")), None);
        let mut program = shell("exec sleep 60");
        program.signal("TERM");
        program.ended();
        assert_eq!(complaint(program), None);
        let mut program = shell("echo 'ERROR the disk is full' >&2; exit 1");
        assert_eq!(program.ended().code(), Some(1));
        assert_eq!(complaint(program), None);
    }

    #[test]
    fn a_test_that_fails_by_itself_fails_once() {
        let failed = catch_unwind(|| {
            let _program = shell("echo panicked >&2");
            panic!("the test's own reason");
        });
        assert_eq!(failed.err().and_then(|why| why.downcast::<&str>().ok()).as_deref(), Some(&"the test's own reason"));
    }
}
