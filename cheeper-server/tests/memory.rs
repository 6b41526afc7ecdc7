//! How little a server takes that nobody uses; what a crowd took is given back when it has gone.

mod support;

use std::{io::Write as _, net::TcpStream, thread, time::Instant};

use support::{PATIENCE, Server, TEXT, frame};

const CROWD: usize = 1_000;
/// Of a program with all that helps in finding faults.
const MOST_IDLE_KIB: u64 = 20_000;

/// A client that has begun a message as long as may be, for which room is set aside.
fn halfway(server: &Server) -> TcpStream {
    let client = server.client();
    let mut stream = client.socket.get_ref().try_clone().unwrap();
    let message = frame(TEXT, &[b' '; 16_000]);
    stream.write_all(&message[..15_000]).unwrap();
    stream
}

#[test]
fn the_memory_of_a_crowd_is_given_back_when_it_has_gone() {
    let server = Server::start();
    // A small crowd first, so that the program itself is in memory.
    drop((0..50).map(|_| halfway(&server)).collect::<Vec<_>>());
    let before = server.memory();
    let crowd: Vec<TcpStream> = (0..CROWD).map(|_| halfway(&server)).collect();
    let becomes = |what: &str, is_so: &dyn Fn(u64) -> bool| {
        let began = Instant::now();
        while !is_so(server.memory()) {
            assert!(began.elapsed() < PATIENCE, "it is not {what}: {} KiB, {before} before", server.memory());
            thread::yield_now();
        }
    };
    becomes("larger", &|kib| kib > before + 14_000);
    drop(crowd);
    becomes("small again", &|kib| kib < before + 7_000);
}

/// Coarse, as a program for tests is larger than one that is released: two queues that had room for all that they might ever
/// hold took 15 MB.
#[test]
fn a_server_that_nobody_uses_takes_little() {
    let server = Server::start();
    drop(server.client());
    let private = server.private_memory();
    assert!(private < MOST_IDLE_KIB, "{private} KiB");
}
