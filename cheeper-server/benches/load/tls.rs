//! What encryption costs: this server's own, and that of a program in front of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cheeper_protocol::testkit::Process;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

use crate::{
    Failure,
    fanout::PATIENCE,
    link::Dial,
    process::{Server, System, free_port, on_servers_core, wait_for},
    report::Row,
    swarm::Swarm,
};

/// Connections that say nothing.
const IDLE: usize = 1_000;

/// A certificate in files, and those who trust it.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) dial: Dial,
}

impl Identity {
    pub(crate) fn new(folder: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let pair = KeyPair::generate().map_err(|error| failed(&error))?;
        let params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(|error| failed(&error))?;
        let issued = params.self_signed(&pair).map_err(|error| failed(&error))?;
        fs::write(&certificate, issued.pem())?;
        fs::write(&key, pair.serialize_pem())?;
        let dial = Dial::Encrypted(trusting(issued.der().clone()).map_err(|error| failed(&error))?);
        Ok(Self { certificate, key, dial })
    }
}

fn trusting(certificate: CertificateDer<'static>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// A program in front of a server, on its core; the port at which it encrypts.
pub(crate) fn in_front(
    system: System,
    identity: &Identity,
    folder: &Path,
    behind: u16,
) -> Result<(Process, u16), Failure> {
    let port = free_port()?;
    let (certificate, key, folder) = (identity.certificate.display(), identity.key.display(), folder.display());
    let (name, text) = match system {
        System::Nginx => (
            "nginx.conf",
            format!(
                "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error; worker_rlimit_nofile 20000;\n\
                 events {{ worker_connections 19000; }}\n\
                 http {{ access_log off; server {{ listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {certificate}; \
                 ssl_certificate_key {key}; location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade; proxy_set_header Host $http_host; \
                 proxy_read_timeout 120s; }} }} }}\n"
            ),
        ),
        _ => (
            "Caddyfile",
            format!(
                "{{\n admin off\n auto_https off\n log {{\n level ERROR\n }}\n}}\nhttps://localhost:{port} {{\n bind 127.0.0.1\n \
                 tls {certificate} {key}\n reverse_proxy 127.0.0.1:{behind}\n}}\n"
            ),
        ),
    };
    let config = Path::new(&folder.to_string()).join(name);
    fs::write(&config, text)?;
    let mut command = match system {
        System::Nginx => Command::new("nginx"),
        _ => Command::new("caddy"),
    };
    match system {
        System::Nginx => command.arg("-c").arg(&config),
        _ => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&config).env("GOMAXPROCS", "1"),
    };
    let child = on_servers_core(|| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())??;
    let process = Process::watch(child);
    wait_for(port)?;
    Ok((process, port))
}

/// What an encrypted connection costs to open and to keep.
pub(crate) fn idle(system: System) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let mut swarm = Swarm::new(system.is_cheeper(), server.dial())?;
    swarm.open(server.port, "/ws", 100)?;
    let (memory, cpu) = (server.resident(), server.cpu());
    let began = Instant::now();
    swarm.open(server.port, "/ws", IDLE)?;
    let took = began.elapsed();
    let spent = server.cpu().saturating_sub(cpu);
    // What opening took is given back a moment later.
    swarm.run(PATIENCE, |_| false)?;
    let mut row = Row::new("idle, TLS", system);
    row.add("memory of a connection", "B", (server.resident() - memory) as f64 / IDLE as f64);
    row.add("CPU to open one", "µs", spent.as_secs_f64() * 1e6 / IDLE as f64);
    row.add("opened/s", "", IDLE as f64 / took.as_secs_f64());
    let before = server.cpu();
    swarm.run(Duration::from_secs(10), |_| false)?;
    row.add("CPU of idle ones", "ms/s", server.cpu().saturating_sub(before).as_secs_f64() * 1e3 / 10.0);
    Ok(row)
}
