//! Sends through `io_uring`. The one place with unsafe code: `docs/decisions/0005-sends-in-batches.md` says what it brings and
//! why it is sound.

use std::{io, mem::forget, os::fd::AsRawFd};

use io_uring::{IoUring, Probe, cqueue, opcode, squeue, types::Fixed};
use mio::net::TcpStream;

use super::{super::tail::Slice, WIDTH};

/// A ring that knows the sockets by their places, so that the kernel need not look each up among the process's files.
pub(crate) struct Batch {
    ring: IoUring,
}

impl Batch {
    /// A ring of this thread's own for sockets at so many places, if the kernel has what it takes.
    pub(super) fn new(places: usize) -> io::Result<Self> {
        let entries = u32::try_from(WIDTH).map_err(io::Error::other)?;
        // No other thread submits, and nothing completes but while we wait for it: so the kernel needs no locks.
        let ring: IoUring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(entries)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        ring.submitter().register_files_sparse(u32::try_from(places).map_err(io::Error::other)?)?;
        if probe.is_supported(opcode::Send::CODE) { Ok(Self { ring }) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Who is at this place from now on. A socket that was there and is closed goes only after this.
    pub(super) fn set(&self, place: usize, socket: Option<&TcpStream>) -> io::Result<()> {
        const NOBODY: i32 = -1;
        let offset = u32::try_from(place).map_err(io::Error::other)?;
        let socket = socket.map_or(NOBODY, AsRawFd::as_raw_fd);
        self.ring.submitter().register_files_update(offset, &[socket]).map(drop)
    }

    /// One send for each socket. When it returns, the kernel is done with all of them. An error means that the ring is of
    /// no more use; the sends whose fate is not known count as failed.
    pub(super) fn send(
        &mut self,
        sockets: &[(usize, &TcpStream)],
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
    fn push(&mut self, sockets: &[(usize, &TcpStream)], piece: &Slice) -> io::Result<()> {
        let bytes = piece.bytes();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut queue = self.ring.submission();
        for (nth, &(place, _)) in sockets.iter().enumerate() {
            let place = u32::try_from(place).map_err(io::Error::other)?;
            let send: squeue::Entry = opcode::Send::new(Fixed(place), bytes.as_ptr(), length)
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
