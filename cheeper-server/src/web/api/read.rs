//! Pages over HTTP.

use cheeper_protocol::{Code, Refusal};
use tokio::sync::oneshot;

use crate::{
    feed::{PageRequest, Question, Ready},
    limits::Source,
    web::site::Site,
};

/// When to ask again for what there was no memory for.
const NO_MEMORY_RETRY_MS: u64 = 1000;

/// One page that somebody asks for.
pub(crate) async fn asked_page(site: &Site, from: Source, question: Question) -> Result<Ready, Refusal> {
    site.services.rules.check_question(&question, from)?;
    page(site, question).await
}

/// One page, from the ring or the store.
pub(crate) async fn page(site: &Site, question: Question) -> Result<Ready, Refusal> {
    if site.services.memory.is_exhausted() {
        return Err(Refusal::from(Code::Internal).retry_after(NO_MEMORY_RETRY_MS));
    }
    let request = PageRequest { id: None, question, head: site.services.feed.tail().head(), reset: false };
    let (sender, receiver) = oneshot::channel();
    match site.services.feed.page(request, move |page| drop(sender.send(page))) {
        Some(page) => Ok(page),
        None => receiver.await.unwrap_or_else(|_| Err(Code::Internal.into())),
    }
}
