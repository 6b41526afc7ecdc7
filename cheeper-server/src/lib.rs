//! The Cheeper server: one timeline, durable, on every screen at once.
//!
//! A post goes `socket → session → timeline → tail → every shard → every socket`; `docs/ARCHITECTURE.md` has the picture.

pub mod config;
pub mod fanout;
mod feed;
mod metrics;
mod seats;
pub mod session;
pub mod timeline;
mod web;

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{Arc, OnceLock},
    thread,
};

use cheeper_protocol::Cheep;
use tokio::{net::TcpListener, sync::watch, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use self::{
    config::Config,
    fanout::{Fanout, ReplyBudget, Shared, presence::Presence, tail::Tail},
    feed::Feed,
    metrics::Metrics,
    seats::Seats,
    session::{Rules, budget::Budget},
    timeline::sqlite::{OpenError, Store},
    web::{Server, admission::Origins},
};

/// The newest frames kept in memory for readers that are a little behind, in bytes.
const TAIL_BYTES: usize = 1024 * 1024;
/// Events read into that ring at the start, so that those who come back after a restart find them there.
const PRELOADED_EVENTS: u64 = 4096;
/// Answers that may wait in memory for all clients together, in bytes.
const REPLY_BYTES: usize = 256 * 1024 * 1024;

/// Why a server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the server could not get what it needs from the system: {0}; look at its limits of threads and files")]
    System(#[from] io::Error),
}

/// Serves `store` on `listener` until `shutdown` is done, then stops in order: goodbye to all, what was taken is
/// committed and answered.
pub async fn run(
    listener: TcpListener,
    config: Config,
    store: Store,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let preloaded = store.newest(PRELOADED_EVENTS, TAIL_BYTES)?;
    let before = preloaded.first().map_or(store.head(), |cheep| cheep.seq.previous());
    let tail = Arc::new(Tail::new(before, TAIL_BYTES));
    tail.push(&preloaded);
    let (tell_head, head) = watch::channel(store.head());
    let fanout: Arc<OnceLock<Arc<Fanout>>> = Arc::default();

    let publish = {
        let (tail, fanout) = (tail.clone(), fanout.clone());
        move |cheeps: &[Cheep]| {
            tail.push(cheeps);
            if let Some(fanout) = fanout.get() {
                fanout.wake();
            }
            if let Some(newest) = cheeps.last() {
                tell_head.send_replace(newest.seq);
            }
        }
    };
    let sqlite = Arc::new(store.start(Box::new(publish))?);

    let metrics = Arc::new(Metrics::new());
    let feed = Arc::new(Feed::new(sqlite.clone(), tail, metrics.clone()));
    let rules = Arc::new(Rules { budget: Budget::new(config.limits.posts_per_minute), limits: config.limits });
    let presence = Arc::new(Presence::default());
    let shared = Arc::new(Shared {
        feed: feed.clone(),
        rules: rules.clone(),
        presence: presence.clone(),
        metrics: metrics.clone(),
        replies: ReplyBudget::new(REPLY_BYTES),
    });
    // The writer and the accept loop want a core as well.
    let shards = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
    let shards = Arc::new(Fanout::start(shards, &shared)?);
    drop(fanout.set(shards.clone()));

    let stopping = CancellationToken::new();
    let origins = Origins::new(config.allowed_origins);
    let server = Arc::new(Server {
        feed,
        fanout: shards.clone(),
        rules,
        presence,
        metrics,
        origins,
        head,
        stopping: stopping.clone(),
    });
    let seats = Seats::new(config.max_connections);
    let mut serving = pin!(web::serve::serve(listener.into_std()?, server, seats));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shutdown => {
            stopping.cancel();
            serving.await
        }
    };
    stopping.cancel();
    spawn_blocking(move || {
        shards.stop();
        sqlite.close()
    })
    .await
    .map_err(io::Error::other)??;
    Ok(served?)
}
