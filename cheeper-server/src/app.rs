//! Puts the parts together, and stops them in order.

use std::{future::Future, io, net::TcpListener, pin::pin, sync::Arc};

use cheeper_protocol::Event;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{Access, Standing},
    config::Config,
    control::{self, Handler},
    conversation::request::Rules,
    fanout::Fanout,
    feed::{Feed, tail::Tail},
    limits::{ConnectionBounds, ConnectionLimit, RateLimits, Rates, RequestLimit},
    memory::MemoryBudget,
    metrics::Metrics,
    presence::Presence,
    services::Services,
    timeline::{AccessChange, Engine, Timeline},
    tls::{Tls, TlsError},
    trim,
    web::{
        self, Site,
        edge::Edge,
        gate::{Gate, OnWrongToken},
    },
};

/// The newest frames kept in memory for readers that are a little behind, in bytes.
const TAIL_BYTES: usize = 1024 * 1024;
/// Events read into that ring at the start, so that those who come back after a restart find them there. A start looks at as many,
/// so that what keeps it from serving is told before anybody is let in.
const PRELOADED_EVENTS: u64 = 1000;
/// What may wait in memory for all clients together, in bytes.
const WAITING_BYTES: usize = 256 * 1024 * 1024;

/// Why a server could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The store cannot be used.
    #[error(transparent)]
    Store(E),
    /// The system has no more threads or files.
    #[error("the server could not get what it needs from the system: {0}; look at its limits of threads and files")]
    System(#[from] io::Error),
    /// Encryption cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The parts at work, in the order in which they are stopped.
struct App {
    stopping: CancellationToken,
    web: Arc<Site>,
    fanout: Arc<Fanout>,
    timeline: Arc<dyn Timeline>,
}

/// Where clients come in. Neither blocks.
#[derive(Debug)]
pub struct Listeners {
    /// Where the server is.
    pub main: TcpListener,
    /// Where whoever comes without encryption is led to it from.
    pub redirect: Option<TcpListener>,
}

/// Serves the timeline of `engine` on `listeners`, until `shutdown` is done, then stops in order: goodbye to all, what was
/// taken is committed and answered.
pub async fn run<E: Engine>(
    listeners: Listeners,
    mut config: Config,
    engine: E,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError<E::Error>> {
    let control = config.control.take();
    let edge = Edge::new(
        config.edge.clone(),
        web::edge::machine(listeners.main.local_addr()?.ip()).as_deref(),
        config.tls.is_some(),
    );
    let app = App::start(config, edge, engine)?;
    let trimming = tokio::spawn(trim::watch(app.web.services.memory.clone()));
    let operator = control.map(|bound| {
        let services = &app.web.services;
        let handler = Handler::new(services.timeline.clone(), services.access.clone());
        tokio::spawn(control::serve(bound, handler, app.stopping.clone()))
    });
    if let Some(listener) = listeners.redirect {
        let port = listeners.main.local_addr()?.port();
        tokio::spawn(web::redirect::serve(listener, port, app.web.clone()));
    }
    let mut serving = pin!(web::serve::serve(listeners.main, app.web.clone()));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shutdown => {
            app.stopping.cancel();
            serving.await
        }
    };
    trimming.abort();
    if let Some(operator) = operator {
        // It takes its socket away first.
        drop(operator.await);
    }
    app.stop().await?;
    Ok(served?)
}

impl App {
    fn start<E: Engine>(config: Config, edge: Edge, engine: E) -> Result<Self, RunError<E::Error>> {
        let preloaded = engine.newest(PRELOADED_EVENTS, TAIL_BYTES).map_err(RunError::Store)?;
        let before = preloaded.first().map_or(engine.head(), |event| event.seq().previous());
        let tail = Arc::new(Tail::new(before, TAIL_BYTES));
        tail.push(&preloaded);
        let published = tail.clone();
        let publish = move |events: &[Event]| published.push(events);
        let standing = Arc::new(Standing::default());
        standing.apply(&engine.access().map_err(RunError::Store)?);
        let admitted = standing.clone();
        let admit = move |changes: &[AccessChange]| admitted.apply(changes);
        let timeline = engine.start(Box::new(publish), Box::new(admit)).map_err(RunError::Store)?;
        let timeline: Arc<dyn Timeline> = Arc::new(timeline);

        let memory = MemoryBudget::new(WAITING_BYTES);
        let proxies = config.edge.trusted_proxies;
        let is_proxy = move |address| proxies.iter().any(|network| network.contains(&address));
        let bounds = ConnectionBounds::new(config.max_connections, config.connections_per_address, is_proxy);
        let rates = Rates {
            posts_per_minute: config.limits.posts_per_minute,
            pages_per_second: config.pages_per_second,
            frames_per_second: config.frames_per_second,
        };
        let access = Arc::new(Access::new(config.strangers, &*timeline, standing));
        let services = Arc::new(Services {
            timeline: timeline.clone(),
            access: access.clone(),
            feed: Arc::new(Feed::new(timeline.clone(), tail, memory.clone())),
            rules: Rules { rate_limits: RateLimits::of(rates), limits: config.limits },
            presence: Presence::default(),
            metrics: Metrics::new(),
            memory,
        });
        let tls = config.tls.map(Tls::start).transpose()?;
        let fanout = Arc::new(Fanout::start(config.shards, &services)?);
        let stopping = CancellationToken::new();
        let asked = services.clone();
        let on_wrong_token: OnWrongToken = Box::new(move |address| asked.rules.rate_limits.check_token(address));
        let gate = Gate { edge, access, on_wrong_token };
        let limited = services.rules.rate_limits.limited();
        let connections = ConnectionLimit::new(bounds, limited.clone());
        let requests = RequestLimit::new(limited.clone());
        let fanout_of_site = fanout.clone();
        let web =
            Site { services, fanout: fanout_of_site, gate, connections, requests, tls, stopping: stopping.clone() };
        let web = Arc::new(web);
        // To open the store and to fill the ring took more than both keep.
        trim::give_back();
        Ok(Self { stopping, web, fanout, timeline })
    }

    async fn stop(self) -> io::Result<()> {
        self.stopping.cancel();
        spawn_blocking(move || {
            self.fanout.stop();
            self.timeline.close()
        })
        .await
        .map_err(io::Error::other)?
    }
}
