//! Why a server's certificate is not trusted, as far as that tells a person what to do. Pure.

use std::{error::Error, io};

use rustls::CertificateError;

/// What is wrong with a certificate. It does not mend itself, so nobody tries again before a person does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flaw {
    /// Nobody whom this machine trusts has signed it.
    Unknown,
    /// It is over, or not valid yet; or the clock here is wrong.
    Time,
    /// It is another host's.
    OtherHost,
    /// It is one to sign others with, which no server may show; to trust it does not help.
    SignsOthers,
}

impl Flaw {
    /// The flaw that an attempt to connect has failed for, if it was for one.
    pub(super) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        Self::of(error).or_else(|| error.source().and_then(Self::behind))
    }

    fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
            return Some(Self::of_certificate(why));
        }
        // What is in an error of input and output is not its source, but what that has.
        Self::behind(error.downcast_ref::<io::Error>()?.get_ref()?)
    }

    fn of_certificate(why: &CertificateError) -> Self {
        match why {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Time,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherHost,
            // The library has a word for it, but no variant.
            CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => Self::SignsOthers,
            _ => Self::Unknown,
        }
    }

    /// The sentence for a person, without its full stop.
    pub(super) fn sentence(self, host: &str) -> String {
        match self {
            Self::Unknown => format!(
                "this machine does not trust the certificate of {host}: ask its host for the file of the certificate, and \
                 start with SSL_CERT_FILE=FILE"
            ),
            Self::Time => format!(
                "the certificate of {host} is not valid now: ask its host for a new one, or set the clock of this machine"
            ),
            Self::OtherHost => {
                format!("the certificate of {host} is for another address: ask its host for the one to use")
            }
            Self::SignsOthers => format!(
                "the certificate of {host} is one to sign others with, not one for a server (CA:TRUE): ask its host to \
                 replace it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[test]
    fn it_is_found_wherever_a_library_has_put_it() {
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(Flaw::behind(&unknown()), Some(Flaw::Unknown));
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, unknown());
        assert_eq!(Flaw::behind(&wrapped), Some(Flaw::Unknown));
        assert_eq!(Flaw::behind(&io::Error::other(wrapped)), Some(Flaw::Unknown));
        assert_eq!(Flaw::behind(&io::Error::other("something else")), None);
        assert_eq!(Flaw::behind(&rustls::Error::DecryptError), None);
    }

    #[test]
    fn what_to_do_goes_by_what_is_wrong() {
        let signs = CertificateError::Other(OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity"))));
        for (why, flaw, says) in [
            (CertificateError::UnknownIssuer, Flaw::Unknown, "SSL_CERT_FILE"),
            (CertificateError::Expired, Flaw::Time, "clock"),
            (CertificateError::NotValidForName, Flaw::OtherHost, "another address"),
            (signs, Flaw::SignsOthers, "CA:TRUE"),
        ] {
            assert_eq!(Flaw::of_certificate(&why), flaw);
            assert!(flaw.sentence("host").contains(says), "{flaw:?}");
        }
    }
}
