//! What is kept of what was done.

use cheeper_protocol::Action;

/// Whether an entry tells of somebody who did something for themselves. Of these the newest are kept, of all others all.
pub(in crate::timeline) fn is_arrival(action: &Action) -> bool {
    matches!(action, Action::Join { .. } | Action::Claim { .. })
}
