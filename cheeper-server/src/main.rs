//! The command: reads flags, opens the store, serves until it is told to stop.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    process::{self, ExitCode},
    time::Duration,
};

use cheeper_server::{
    app::{RunError, run},
    config::{Args, ConfigError},
    timeline::sqlite::{OpenError, Store},
};
use clap::Parser as _;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// However long goodbyes and commits take, the process ends within this time after it was told to.
const STOP_TIMEOUT: Duration = Duration::from_millis(4500);

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("cannot listen on {address}: {why}; {}", advice(.why, *.address))]
    Listen { address: SocketAddr, why: io::Error },
    #[error(transparent)]
    Run(#[from] RunError<OpenError>),
    #[error("the system refused what the server needs: {0}")]
    System(#[from] io::Error),
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cheeper-server: {error}.");
            ExitCode::from(if matches!(error, StartError::Config(_)) { 2 } else { 1 })
        }
    }
}

#[tokio::main]
async fn start(args: Args) -> Result<(), StartError> {
    let address = args.listen;
    let data = args.data()?;
    let config = args.into_config(rlimit::increase_nofile_limit(u64::MAX)?)?;
    let listener = listen(address).map_err(|why| StartError::Listen { address, why })?;
    let store = Store::open(&data)?;
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    greet(listener.local_addr()?);
    run(listener, config, store, told_to_stop(interrupt, terminate)).await?;
    Ok(())
}

/// What to do about an address that cannot be listened on.
fn advice(why: &io::Error, address: SocketAddr) -> String {
    let port = address.port();
    match why.kind() {
        io::ErrorKind::AddrInUse => {
            "is another server running there? Stop it, or choose another address with --listen".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            format!("port {port} needs rights that this user has not: choose one from 1024 up with --listen")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("this machine has no such address: --listen 0.0.0.0:{port} takes all that it has")
        }
        _ => "choose another address with --listen".to_owned(),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Done at the first signal; the second one, or too long a wait, ends the process at once.
async fn told_to_stop(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; once more stops at once");
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => process::exit(130),
            _ = terminate.recv() => process::exit(143),
            () = tokio::time::sleep(STOP_TIMEOUT) => process::exit(0),
        }
    });
}

/// Says where the page is and how to share it.
fn greet(address: SocketAddr) {
    let port = address.port();
    let greeting = if address.ip().is_unspecified() {
        format!(
            "Cheeper is running: open http://localhost:{port}/\n\
             Others on your network open http://ADDRESS:{port}/ with this machine's address (see: hostname -I).\n"
        )
    } else if address.ip().is_loopback() {
        format!(
            "Cheeper is running: open http://{address}/\n\
             Only this machine can see it. To share it: cheeper-server --listen 0.0.0.0:{port}\n"
        )
    } else {
        format!("Cheeper is running: open http://{address}/\n")
    };
    // Nobody may be reading, which is no reason not to serve.
    drop(io::stdout().write_all(greeting.as_bytes()));
}
