//! Requests over HTTP that are under way, each from its head to the beginning of its answer.

use std::{net::IpAddr, sync::Arc};

use cheeper_protocol::{Code, Refusal};

use super::{
    address_counts::{AddressCount, AddressCounts},
    limited::{Limit, Limited},
};

/// Requests under way at once, and those from one address.
const IN_ALL: usize = 4096;
const PER_ADDRESS: usize = 256;
/// When to try again.
const RETRY_MS: u64 = 1000;

/// The requests there may be.
pub(crate) struct RequestLimit {
    address_counts: Arc<AddressCounts>,
    limited: Arc<Limited>,
}

/// A request that is under way as long as this is kept.
pub(crate) struct UnderWay {
    _place: AddressCount,
}

impl RequestLimit {
    pub(crate) fn new(limited: Arc<Limited>) -> Self {
        Self { address_counts: AddressCounts::new(IN_ALL, PER_ADDRESS), limited }
    }

    /// Begins a request, or says that there are too many. `counts_for_address`: for those from a proxy it does not.
    pub(crate) fn begin(&self, peer: IpAddr, counts_for_address: bool) -> Result<UnderWay, Refusal> {
        let place = self.address_counts.take(peer, counts_for_address).map_err(|_| {
            self.limited.note(Limit::Requests);
            let why = "Too many requests are under way: wait a moment.";
            Refusal::new(Code::RateLimited, why).retry_after(RETRY_MS)
        })?;
        Ok(UnderWay { _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_too_many_under_way_waits_and_others_do_not() {
        let limited = Arc::new(Limited::default());
        let limit = RequestLimit::new(limited.clone());
        let begin = |peer: &str| limit.begin(peer.parse().unwrap(), true);
        let mut under_way: Vec<_> = (0..PER_ADDRESS).map(|_| begin("10.0.0.1").ok().unwrap()).collect();
        let refusal = begin("10.0.0.1").err().unwrap();
        assert_eq!((refusal.code, refusal.retry_after_ms), (Code::RateLimited, Some(RETRY_MS)));
        assert!(begin("10.0.0.2").is_ok());
        under_way.pop();
        assert!(begin("10.0.0.1").is_ok());
        assert_eq!(limited.count(Limit::Requests), 1);
    }
}
