//! `wss://`, with the roots that the system trusts.

use std::{fs, path::Path, sync::Arc};

use cheeper_protocol::testkit::Server;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::pipes::Person;

/// Takes the encryption off what comes for the server; gives its own port.
fn front(runtime: &Runtime, server: u16, certificate: &Path, is_ca: IsCa) -> u16 {
    let signing_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = is_ca;
    let cert = params.self_signed(&signing_key).unwrap();
    fs::write(certificate, cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut inside = acceptor.accept(stream).await?;
                let mut outside = TcpStream::connect(("127.0.0.1", server)).await?;
                copy_bidirectional(&mut inside, &mut outside).await
            });
        }
    });
    port
}

#[test]
fn a_certificate_is_trusted_if_the_system_trusts_it() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let runtime = Runtime::new().unwrap();
    let certificate = folder.path().join("root.pem");
    let port = front(&runtime, server.address.port(), &certificate, IsCa::NoCa);
    let alice = Person::new(folder.path(), &format!("wss://localhost:{port}/ws"));
    let post = || alice.command(&["post", "hello", "--name", "alice", "--patience", "2"]);
    let trusted = post().env("SSL_CERT_FILE", &certificate).output().unwrap();
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
    let other = folder.path().join("other.pem");
    front(&runtime, server.address.port(), &other, IsCa::NoCa);
    let stranger = post().env("SSL_CERT_FILE", &other).output().unwrap();
    let said = String::from_utf8(stranger.stderr).unwrap();
    assert_eq!(stranger.status.code(), Some(1));
    assert!(said.contains("does not trust the certificate of localhost") && said.lines().count() == 1, "{said}");
    assert!(said.contains("SSL_CERT_FILE=FILE"), "{said}");
    // To change a link for a session is a connection of another kind.
    let link = format!("https://localhost:{port}/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg");
    let by_link = Person::new(folder.path(), &link);
    let stranger = by_link.command(&["tail"]).env("SSL_CERT_FILE", &other).output().unwrap();
    let said = String::from_utf8(stranger.stderr).unwrap();
    assert!(
        stranger.status.code() == Some(1) && said.contains("does not trust the certificate of localhost"),
        "{said}"
    );
}

#[test]
fn a_certificate_that_is_made_to_sign_others_is_told_from_one_that_is_unknown() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let runtime = Runtime::new().unwrap();
    let certificate = folder.path().join("root.pem");
    let port = front(&runtime, server.address.port(), &certificate, IsCa::Ca(BasicConstraints::Unconstrained));
    for address in
        [format!("wss://localhost:{port}/ws"), format!("https://localhost:{port}/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg")]
    {
        let alice = Person::new(folder.path(), &address);
        let tail = alice.command(&["tail"]).env("SSL_CERT_FILE", &certificate).output().unwrap();
        let said = String::from_utf8(tail.stderr).unwrap();
        assert!(tail.status.code() == Some(1) && said.contains("not one for a server (CA:TRUE)"), "{said}");
    }
}
