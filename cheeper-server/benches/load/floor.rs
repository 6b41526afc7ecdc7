//! The floor: what the kernel alone asks for one cheep on one screen. The first connection posts, all others read; each
//! post is one `send()` for each of them.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use crate::frames;

const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// Serves until the poster hangs up.
pub(crate) fn serve() -> io::Result<()> {
    // The standard library's own holds 128 newcomers, of whom more come at once.
    let listener = TcpListener::from(mio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?);
    listener.set_nonblocking(false)?;
    println!("http://{}/", listener.local_addr()?);
    let (mut poster, _) = listener.accept()?;
    poster.set_nodelay(true)?;
    read_head(&mut poster)?;
    poster.write_all(SWITCHING)?;
    let (tell, newcomers) = mpsc::channel();
    thread::spawn(move || {
        for reader in listener.incoming() {
            let adopted = reader.and_then(|mut reader| {
                reader.set_nodelay(true)?;
                read_head(&mut reader)?;
                // It is on the list before it hears so.
                drop(tell.send(reader.try_clone()?));
                reader.write_all(SWITCHING)?;
                reader.set_nonblocking(true)
            });
            if adopted.is_err() {
                return;
            }
        }
    });
    let mut readers: Vec<TcpStream> = Vec::new();
    let (mut waiting, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let length = poster.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        readers.extend(newcomers.try_iter());
        waiting.extend_from_slice(&buffer[..length]);
        while let Some(post) = frames::take(&mut waiting) {
            let frame = frames::unmasked(&post);
            for mut reader in &readers {
                // One that is full loses this cheep, which the load counts as missing.
                drop(reader.write(&frame));
            }
        }
    }
}

fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = BufReader::with_capacity(1, stream);
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(())
}
