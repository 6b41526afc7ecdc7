//! Flags about encryption.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{
    error::ArgsError,
    listen::{HERE, address},
};
use crate::tls::{Certificates, Files, Order, Source};

/// Where plain HTTP is expected, and HTTPS.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// What the server shows to prove who it is.
#[derive(Debug, Args)]
pub struct TlsArgs {
    /// The certificate for HTTPS, with those that vouch for it, as PEM; it is read again when it changes, or on SIGHUP.
    #[arg(long, env = "CHEEPER_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's key, as PEM.
    #[arg(long, env = "CHEEPER_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Serve HTTPS under this name, with a certificate that is got and renewed without further ado (from Let's Encrypt, whose
    /// terms you accept by that); can be given more than once. Port 443 of the name must lead here.
    #[arg(long, env = "CHEEPER_DOMAIN", value_name = "NAME", value_delimiter = ',', conflicts_with = "tls_cert", value_parser = domain)]
    pub domain: Vec<String>,

    /// An address of e-mail to which who gives the certificate may write when something is wrong with it.
    #[arg(long, env = "CHEEPER_ACME_CONTACT", value_name = "ADDRESS", value_parser = contact)]
    pub acme_contact: Option<String>,

    /// Another authority to get the certificate from: the URL of its ACME directory.
    #[arg(long, env = "CHEEPER_ACME_DIRECTORY", value_name = "URL", value_parser = directory)]
    pub acme_directory: Option<String>,

    /// Whom to trust when asking that authority, as PEM [default: whom browsers trust].
    #[arg(long, env = "CHEEPER_ACME_ROOT", value_name = "FILE")]
    pub acme_root: Option<PathBuf>,

    /// Where to lead plain HTTP to HTTPS from [default with --domain: port 80, if it can be had].
    #[arg(long, env = "CHEEPER_REDIRECT_LISTEN", value_name = "ADDR:PORT", value_parser = address)]
    pub redirect_listen: Option<SocketAddr>,
}

impl TlsArgs {
    /// Where to listen if nothing is said: for everybody, if the server has a name.
    pub(super) fn default_address(&self) -> SocketAddr {
        if self.domain.is_empty() { HERE } else { (Ipv4Addr::UNSPECIFIED, HTTPS_PORT).into() }
    }

    /// How the server is asked.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls_cert.is_none() && self.domain.is_empty() { "http" } else { "https" }
    }

    /// Where people find a server that has a name and listens on a port, below a path.
    pub(super) fn url(&self, port: u16, base_path: &str) -> Option<String> {
        let port = if port == HTTPS_PORT { String::new() } else { format!(":{port}") };
        self.domain.first().map(|domain| format!("https://{domain}{port}{base_path}/"))
    }

    /// Where to lead plain HTTP from, for a server that listens on an address; and whether somebody insists on it.
    pub(crate) fn redirects_from(&self, address: SocketAddr) -> Result<Option<(SocketAddr, bool)>, ArgsError> {
        if self.scheme() == "http"
            && let Some(address) = self.redirect_listen
        {
            return Err(ArgsError::NothingToLeadTo(address));
        }
        let usual = || (!self.domain.is_empty()).then_some((SocketAddr::new(address.ip(), HTTP_PORT), false));
        Ok(self.redirect_listen.map(|address| (address, true)).or_else(usual))
    }

    /// Where the certificate comes from, if there is to be one. What an authority gives is kept beside the store.
    pub(super) fn source(self, data: &Path) -> Result<Option<Source>, ArgsError> {
        let Self { domain: domains, acme_contact: contact, acme_directory: directory, acme_root: root, .. } = self;
        match (self.tls_cert, self.tls_key) {
            (Some(certificate), Some(key)) => {
                let certificates = Certificates::read(Files { certificate, key })?;
                return Ok(Some(Source::Files(Arc::new(certificates))));
            }
            (Some(certificate), None) => return Err(ArgsError::NoKey(certificate)),
            (None, Some(key)) => return Err(ArgsError::NoCertificate(key)),
            (None, None) => {}
        }
        let without_name = || {
            let said = [&contact, &directory].into_iter().flatten().cloned();
            said.chain(root.as_ref().map(|root| root.display().to_string())).next()
        };
        if domains.is_empty() {
            return without_name().map_or(Ok(None), |said| Err(ArgsError::NoDomain(said)));
        }
        let mut folder = data.as_os_str().to_owned();
        folder.push("-acme");
        Ok(Some(Source::Order(Order { domains, contact, directory, root, folder: folder.into() })))
    }
}

fn contact(typed: &str) -> Result<String, String> {
    match typed.split_once('@') {
        Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(typed.to_owned()),
        _ => Err("it must be an address of e-mail, such as host@cheeper.example".to_owned()),
    }
}

fn directory(typed: &str) -> Result<String, String> {
    if typed.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) {
        Ok(typed.to_owned())
    } else {
        Err("it must be a URL, such as https://acme.example/directory".to_owned())
    }
}

fn domain(typed: &str) -> Result<String, String> {
    let is_part =
        |part: &str| !part.is_empty() && part.len() < 64 && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_name = typed.split('.').all(is_part) && !typed.split('.').all(|part| part.parse::<u32>().is_ok());
    if is_name { Ok(typed.to_owned()) } else { Err("it must be a name, such as cheeper.example".to_owned()) }
}
