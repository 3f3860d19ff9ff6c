//! File descriptors: how many connections there may be so that the node's own files can still be opened.
//!
//! A node that has no descriptor left cannot open the file of a witness, which is a failure of its storage, and ends. So
//! whoever opens connections must not be able to take the last ones.

use winterlane_settlement::server;

/// Descriptors for everything but the node's connections: the store, witnesses, keys, the queue, webhooks; and connections of
/// a settlement that this process serves.
const OWN: u64 = 128 + server::CONNECTIONS as u64;

/// The fewest connections that are worth a listener.
const FEWEST: usize = 48;

/// How many connections may be served of those that are wanted, when the process may have so many descriptors; `None`: as many as
/// it likes.
fn allowed(wanted: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else {
        return wanted;
    };
    let room = usize::try_from(limit.saturating_sub(OWN)).unwrap_or(usize::MAX);
    wanted.min(room.max(FEWEST))
}

/// Raises the limit of descriptors as far as this process may, and says how many connections may be served of those that are
/// wanted.
pub(crate) fn connections(wanted: usize) -> usize {
    let limit = raised();
    let allowed = allowed(wanted, limit);
    if allowed < wanted {
        tracing::warn!(
            wanted,
            allowed,
            limit,
            "fewer connections than interface.connections: raise the limit of file descriptors (ulimit -n, LimitNOFILE)"
        );
    }
    allowed
}

/// The limit, after it was raised.
#[cfg(unix)]
fn raised() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// The limit: not known here.
#[cfg(not(unix))]
fn raised() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_nodes_own_files() {
        assert_eq!(allowed(1024, None), 1024);
        assert_eq!(allowed(1024, Some(65_536)), 1024);
        for limit in [256, 1024, 1215, 1216] {
            let allowed = allowed(1024, Some(limit));
            assert_eq!(allowed as u64 + OWN, limit);
        }
        // So few that a node does not live on them for long: it says so, and serves a few.
        assert_eq!(allowed(1024, Some(10)), FEWEST);
        assert_eq!(allowed(4, Some(10)), 4);
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_is_raised_as_far_as_it_may() {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(raised(), limit.maximum);
        let raised = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(raised.current, raised.maximum);
    }
}
