//! A line between two machines, on one.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A line between two machines: what goes in comes out later, either way.
pub(crate) struct SlowLine;

impl SlowLine {
    /// The address at this end of a line to the server. Only opening a connection takes no time.
    pub(crate) fn to(server: SocketAddr, delay: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(server).unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                Self::carry(near.try_clone().unwrap(), far.try_clone().unwrap(), delay);
                Self::carry(far, near, delay);
            }
        });
        address
    }

    fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
        let (put, get) = mpsc::channel::<(Instant, Vec<u8>)>();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if put.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        thread::spawn(move || {
            for (due, bytes) in get {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    return;
                }
            }
            drop(to.shutdown(Shutdown::Both));
        });
    }
}
