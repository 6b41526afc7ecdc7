//! Who is let in: every request of whatever kind passes here once, before anything is done for it.

use std::{net::IpAddr, sync::Arc};

use cheeper_protocol::Refusal;
use warp::http::{HeaderMap, StatusCode};

use super::{credentials, edge::Edge};
use crate::access::{Access, Client, NotGranted, Principal};

/// What is asked of a request before it is carried out.
pub(crate) struct Gate {
    pub(crate) edge: Edge,
    pub(crate) access: Arc<Access>,
    pub(crate) on_wrong_token: OnWrongToken,
}

/// Takes a wrong token from what its address may try, or says how long to wait.
pub(crate) type OnWrongToken = Box<dyn Fn(IpAddr) -> Result<(), Refusal> + Send + Sync>;

/// What a request does, as far as a page of somebody else's could misuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It reads, and scripts of other pages cannot see the answer.
    Read,
    /// It changes something, or opens a socket that could.
    Write,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) status: StatusCode,
    pub(crate) refusal: Refusal,
}

impl Gate {
    /// Lets in a request that came from `peer`, or says why not.
    pub(crate) fn admit(&self, peer: IpAddr, headers: &HeaderMap, intent: Intent) -> Result<Principal, Denied> {
        self.look(peer, headers, intent).map_err(|(denied, guesser)| match guesser {
            Some(address) => self.wrong_token(address, denied.refusal),
            None => denied,
        })
    }

    /// The same for whoever asks again if the answer is no: a wrong token costs nothing yet, and it is said whose it was.
    pub(crate) fn look(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        intent: Intent,
    ) -> Result<Principal, (Denied, Option<IpAddr>)> {
        let client = self.knock(peer, headers, intent).map_err(|denied| (denied, None))?;
        let cookie = credentials::cookie(headers, self.access.cookie());
        let grant = self.access.grant(&client, credentials::shown(headers, cookie));
        let grant = grant.map_err(|why| {
            let guesser = matches!(why, NotGranted::WrongToken).then_some(client.address);
            (Denied { status: StatusCode::UNAUTHORIZED, refusal: why.into() }, guesser)
        })?;
        Ok(Principal { client, grant })
    }

    /// What somebody is told who has shown a token that lets nobody in. Who guesses has to wait.
    pub(crate) fn wrong_token(&self, address: IpAddr, refusal: Refusal) -> Denied {
        match (self.on_wrong_token)(address) {
            Ok(()) => Denied { status: StatusCode::UNAUTHORIZED, refusal },
            Err(refusal) => Denied { status: StatusCode::TOO_MANY_REQUESTS, refusal },
        }
    }

    /// Says whose request it is that came from `peer`, if it is for this server and no other page's doing: so far nobody has shown
    /// what lets them in.
    pub(crate) fn knock(&self, peer: IpAddr, headers: &HeaderMap, intent: Intent) -> Result<Client, Denied> {
        let refused = |status| move |refusal| Denied { status, refusal };
        let caller = self.edge.caller(peer, headers).map_err(refused(StatusCode::MISDIRECTED_REQUEST))?;
        if intent == Intent::Write {
            self.edge.check_origin(&caller, headers).map_err(refused(StatusCode::FORBIDDEN))?;
        }
        Ok(caller.client)
    }
}
