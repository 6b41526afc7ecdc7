//! A certificate by ACME, from a real authority: Debian's `pebble`, which asks as Let's Encrypt does.

mod support;

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use cheeper_protocol::testkit::Process;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use support::{PATIENCE, Server};

const DOMAIN: &str = "cheeper.example";
/// How long what the authority gives is good for; the server renews after two thirds of it.
const VALIDITY_SECONDS: u64 = 12;

/// An authority, and the name server that leads every name to this machine.
struct Authority {
    folder: PathBuf,
    port: u16,
    management: u16,
    _names: Process,
    _pebble: Process,
}

impl Authority {
    /// One that looks for the proof at a port.
    fn start(folder: &Path, ports: [u16; 2], proof: u16) -> Self {
        let [port, management] = ports;
        let names = free_udp_port();
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": folder.join("authority.pem"),
            "privateKey": folder.join("authority.key"),
            "httpPort": 1,
            "tlsPort": proof,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": VALIDITY_SECONDS,
        }});
        fs::write(folder.join("pebble.json"), config.to_string()).unwrap();
        let (dns, api) = (format!("127.0.0.1:{names}"), format!("127.0.0.1:{}", free_port()));
        let none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
        let mut name_server = Command::new("pebble-challtestsrv");
        let name_server = name_server.args(none).args(["-dns01", &dns, "-management", &api]);
        let mut authority = Command::new("pebble");
        let authority = authority.arg("-config").arg(folder.join("pebble.json")).args(["-dnsserver", &dns]);
        // It would wait a few seconds before it looks, and refuse a part of all requests, to try its clients.
        let authority = authority.envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")]);
        Self {
            folder: folder.to_owned(),
            port,
            management,
            _names: Process::spawn(name_server).expect("pebble-challtestsrv is installed"),
            _pebble: Process::spawn(authority).expect("pebble is installed"),
        }
    }

    /// The certificate that all that it gives are proved by, in a file.
    fn root(&self) -> PathBuf {
        let (path, url) = (self.folder.join("root.pem"), format!("https://127.0.0.1:{}/roots/0", self.management));
        until(|| {
            let root = Command::new("curl").args(["-sSk", &url]).output().unwrap();
            fs::write(&path, root.stdout).unwrap();
            root.status.success()
        });
        path
    }
}

/// A certificate for the authority's own address, in files.
fn vouch_for_the_authority(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("authority.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(folder.join("authority.key"), key.serialize_pem()).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One that is free for both, as a name server needs.
fn free_udp_port() -> u16 {
    loop {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Asks again until it is so.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never came to be");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Asks the server by its name, trusting the authority alone.
fn answers(server: &Server, root: &Path) -> bool {
    let port = server.address.port();
    let mut curl = Command::new("curl");
    curl.args(["-sSf", "--resolve", &format!("{DOMAIN}:{port}:127.0.0.1"), "--cacert"]).arg(root);
    curl.arg(format!("https://{DOMAIN}:{port}/healthz")).output().unwrap().status.success()
}

#[test]
fn a_certificate_is_got_kept_and_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    vouch_for_the_authority(folder);
    let ports = [free_port(), free_port()];
    let (data, root_of_authority) = (folder.join("cheeper.db"), folder.join("authority.pem"));
    let directory = format!("https://localhost:{}/dir", ports[0]);
    let flags =
        ["--domain", DOMAIN, "--acme-directory", &directory, "--acme-root", root_of_authority.to_str().unwrap()];
    let log = ["--redirect-listen", "127.0.0.1:0", "--log", "warn,cheeper_server=info"];
    // It asks before there is anybody, and again when there is.
    let mut server = Server::on(&data, &[&flags[..], &log].concat());
    let authority = Authority::start(folder, ports, server.address.port());
    assert_eq!(authority.port, ports[0]);
    let root = authority.root();
    until(|| answers(&server, &root));
    let kept = data.with_file_name("cheeper.db-acme");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);

    until(|| server.log().matches("a new certificate is shown").count() > 1);
    assert!(answers(&server, &root));

    // Without the authority the one that was kept is shown.
    drop(authority);
    server.restart_in_place(&data);
    until(|| answers(&server, &root));
}
