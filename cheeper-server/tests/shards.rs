//! Four shards, as on a machine with eight processors, end to end: whichever of them serves a client, it is one timeline.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use cheeper_protocol::{Limits, Role, testkit::Client};
use cheeper_server::{
    app::{self, Listeners},
    config::{Config, Edge},
    timeline::sqlite::Store,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

const SHARDS: usize = 4;

/// A server within this process.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let limits = Limits { posts_per_minute: 0, ..Limits::default() };
        let config = Config {
            limits,
            strangers: Some(Role::Member),
            edge: Edge::default(),
            tls: None,
            max_connections: 1000,
            pages_per_second: 0,
            frames_per_second: 0,
            connections_per_address: None,
            shards: SHARDS,
            control: None,
        };
        let listeners = Listeners { main: listener, redirect: None };
        let serving = app::run(listeners, config, store, async { drop(stopped.await) });
        let serve = move || runtime.block_on(serving).unwrap();
        Self { address, stop: Some(stop), thread: Some(thread::spawn(serve)), _folder: folder }
    }

    fn client(&self, path: &str) -> Client {
        Client::connect(self.address, path).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_some_and(|ended| ended.is_ok()), "the server ended in a panic");
    }
}

/// Posts as fast as it can until it is dropped.
struct Poster {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Poster {
    fn start(server: &Server, name: &'static str) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (mut client, is_done) = (server.client("/ws"), done.clone());
        let post = move || {
            while !is_done.load(Ordering::Relaxed) {
                client.post(name, "again");
            }
        };
        Self { done, thread: Some(thread::spawn(post)) }
    }
}

impl Drop for Poster {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        drop(self.thread.take().map(JoinHandle::join));
    }
}

#[test]
fn who_comes_back_at_once_is_never_told_of_less_than_it_was_shown() {
    let server = Server::start();
    let _posters = ["alice", "bob"].map(|name| Poster::start(&server, name));
    let mut client = server.client("/ws");
    for _ in 0..300 {
        let shown = client.next("cheep")["seq"].as_u64().unwrap();
        client = server.client("/ws");
        assert!(client.head() >= shown, "welcomed at {} after {shown} was shown", client.head());
    }
}

#[test]
fn a_pong_is_never_below_an_ack_on_whichever_connection_that_came() {
    let server = Server::start();
    let mut clients: Vec<Client> = (0..SHARDS).map(|_| server.client("/ws")).collect();
    for turn in 0..200 {
        let acked = clients[turn % SHARDS].post("alice", "hello");
        let head = clients[(turn + 1) % SHARDS].ask(json!({ "type": "ping" }))["head"].as_u64().unwrap();
        assert!(head >= acked, "{head} after {acked} was acked");
    }
}

#[test]
fn everybody_on_every_shard_sees_the_same_order_without_a_hole() {
    const POSTS: u64 = 500;
    let server = Server::start();
    let readers: Vec<JoinHandle<Vec<String>>> = (0..3 * SHARDS)
        .map(|nth| {
            // Some follow live, some ask for what was before.
            let mut client = server.client(if nth % 2 == 0 { "/ws" } else { "/ws?after=0" });
            thread::spawn(move || {
                (1..=POSTS * SHARDS as u64)
                    .map(|expected| {
                        let cheep = client.next("cheep");
                        assert_eq!(cheep["seq"], expected);
                        cheep["cheep"].as_str().unwrap().to_owned()
                    })
                    .collect()
            })
        })
        .collect();
    thread::scope(|scope| {
        for author in 0..SHARDS {
            let mut client = server.client("/ws");
            scope.spawn(move || {
                for nth in 0..POSTS {
                    client.post("author", &format!("{author} {nth}"));
                }
            });
        }
    });
    let seen: Vec<Vec<String>> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    assert!(seen.iter().all(|texts| *texts == seen[0]));
}
