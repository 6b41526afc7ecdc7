//! Gives memory back to the system after a crowd has gone. The allocator keeps what was freed, in case it is wanted again, and
//! would keep it for ever: a server that was flooded once would be as large to its end.

use std::{sync::Arc, time::Duration};

use tokio::{task::spawn_blocking, time::sleep};

use crate::memory::MemoryBudget;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// A crowd that took less than this is not worth the moment in which the allocator stands still, in bytes.
const WORTH_BYTES: usize = 8 * 1024 * 1024;

/// Looks for ever.
pub(crate) async fn watch(memory: Arc<MemoryBudget>) {
    let (mut peak, mut before) = (0, 0);
    loop {
        sleep(EVERY).await;
        let used = memory.used();
        peak = peak.max(memory.take_peak());
        // While it still falls there will be more to give back.
        let has_settled = used >= before;
        before = used;
        if peak >= WORTH_BYTES && used < peak / 4 && has_settled {
            tracing::debug!(peak, used, "memory is given back");
            peak = used;
            if let Err(error) = spawn_blocking(give_back).await {
                tracing::error!(%error, "memory could not be given back");
            }
        }
    }
}

/// Gives back what the allocator keeps and nobody uses.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator's own call, which is declared in C")]
pub(crate) fn give_back() {
    // SAFETY: it takes no pointer, may be called at any time by any thread, and only lets go of pages that are free.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
