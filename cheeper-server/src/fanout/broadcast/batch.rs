//! Sends through `io_uring`. The one place with unsafe code: `docs/decisions/0005-sends-in-batches.md` says what it brings and
//! why it is sound.

use std::{io, mem::forget, os::fd::AsRawFd as _};

use io_uring::{IoUring, Probe, cqueue, opcode, squeue, types::Fd};
use mio::net::TcpStream;

use crate::feed::tail::Slice;

/// Sends in one system call.
pub const WIDTH: usize = 512;

/// A ring of the kernel's and what is sent through it.
pub struct Batch {
    ring: IoUring,
}

impl Batch {
    /// A ring of this thread's own, if the kernel has what it takes.
    pub(super) fn new() -> io::Result<Self> {
        let entries = u32::try_from(WIDTH).map_err(io::Error::other)?;
        // No other thread submits, and nothing completes but while we wait for it: so the kernel needs no locks.
        let ring: IoUring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(entries)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if probe.is_supported(opcode::Send::CODE) { Ok(Self { ring }) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// One send for each socket. When it returns, the kernel is done with all of them. An error means that the ring is of
    /// no more use; the sends whose fate is not known count as failed.
    pub(super) fn send(
        &mut self,
        sockets: &[&TcpStream],
        piece: &Slice,
        results: &mut Vec<io::Result<usize>>,
    ) -> io::Result<()> {
        results.extend(sockets.iter().map(|_| Err(io::ErrorKind::BrokenPipe.into())));
        let done = self.push(sockets, piece).and_then(|()| self.complete(sockets.len(), results));
        if done.is_err() {
            // The kernel may still read these bytes.
            forget(piece.clone());
        }
        done
    }

    #[expect(unsafe_code, reason = "the kernel reads the bytes after this returns")]
    fn push(&mut self, sockets: &[&TcpStream], piece: &Slice) -> io::Result<()> {
        let bytes = piece.bytes();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut queue = self.ring.submission();
        for (nth, socket) in sockets.iter().enumerate() {
            let send: squeue::Entry = opcode::Send::new(Fd(socket.as_raw_fd()), bytes.as_ptr(), length)
                .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
                .build()
                .user_data(nth as u64);
            // SAFETY: the bytes and the sockets live until `send` returns, which waits for every completion; if it cannot,
            // it lets the bytes live for ever.
            unsafe { queue.push(&send) }.map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn complete(&mut self, count: usize, results: &mut [io::Result<usize>]) -> io::Result<()> {
        let mut completed = 0;
        while completed < count {
            match self.ring.submit_and_wait(count - completed) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for completion in self.ring.completion() {
                completed += 1;
                if let Some(result) = usize::try_from(completion.user_data()).ok().and_then(|nth| results.get_mut(nth))
                {
                    *result = outcome(&completion);
                }
            }
        }
        Ok(())
    }
}

fn outcome(completion: &cqueue::Entry) -> io::Result<usize> {
    let result = completion.result();
    usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result))
}
