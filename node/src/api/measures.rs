//! Metrics. Their names are those that the alert rules (`node/alerts.yml`) use; a test compares them.

use std::{
    collections::VecDeque,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::http::StatusCode;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{Api, problem::Kind, routes::Route};
use crate::{PrivateChecks, keys::Phase};

/// Collects the metrics of this process; the first call begins. What comes back writes them as text.
#[must_use]
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            const SECONDS: &[f64] = &[
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
            ];
            const PROOFS: &[f64] = &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 300.0];
            let builder = PrometheusBuilder::new();
            // Refused only for an empty list.
            let builder = builder
                .set_buckets(SECONDS)
                .and_then(|builder| {
                    let proofs = Matcher::Full("winterlane_worker_prove_seconds".into());
                    builder.set_buckets_for_metric(proofs, PROOFS)
                })
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Refused when the embedding program has a recorder of its own, which then has these metrics.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

pub(super) fn served(route: &Route, status: StatusCode, took: Duration) {
    let status = status.as_u16().to_string();
    counter!("winterlane_requests_total", "route" => route.path, "method" => route.method.name(), "status" => status)
        .increment(1);
    histogram!("winterlane_request_seconds", "route" => route.path).record(took.as_secs_f64());
}

pub(super) fn refused(kind: Kind) {
    counter!("winterlane_problems_total", "problem" => kind.slug()).increment(1);
}

/// How long the last orders took to be answered.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<VecDeque<Duration>>);

impl Answers {
    /// How many are looked at.
    const LAST: usize = 1024;

    pub(super) fn note(&self, took: Duration) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == Self::LAST {
            last.pop_front();
        }
        last.push_back(took);
    }

    /// The time within which so many hundredths were answered, in milliseconds.
    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted: Vec<_> = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).map(|took| took.as_secs_f64() * 1000.0)
    }
}

/// Brings the gauges up to date: called for each scrape.
#[allow(clippy::cast_precision_loss, reason = "gauges are for people")]
pub fn update(api: &Api) {
    let now = api.keys.now();
    {
        let state = api.keys.state();
        for phase in Phase::ALL {
            let count = state
                .keys
                .values()
                .filter(|key| state.phase_of(key, now) == phase)
                .count();
            gauge!("winterlane_keys", "phase" => phase.name()).set(count as f64);
        }
        let keymasters: std::collections::BTreeSet<_> =
            state.keymasters(now).map(|key| &key.client).collect();
        gauge!("winterlane_keymasters").set(keymasters.len() as f64);
        let open = state
            .proposals
            .values()
            .filter(|proposal| now < proposal.expires)
            .count();
        gauge!("winterlane_key_proposals").set(open as f64);
        // Predecessors that were used within the last hour and end within 24.
        let late = state.keys.values().filter(|key| {
            let recently = api
                .keys
                .usage(key.id)
                .last
                .is_some_and(|last| now.since(last) < Duration::from_secs(3600));
            let day = Duration::from_secs(24 * 3600);
            let soon = key
                .successor
                .is_some_and(|next| next.overlap_until <= now.after(day));
            recently && soon && state.phase_of(key, now).is_live()
        });
        gauge!("winterlane_key_predecessors_late").set(late.count() as f64);
        let soon = now.after(Duration::from_secs(7 * 24 * 3600));
        let expiring = state.keys.values().filter(|key| {
            key.expires <= soon && key.successor.is_none() && state.phase_of(key, now).is_live()
        });
        gauge!("winterlane_keys_expiring").set(expiring.count() as f64);
    }
    for (refusal, count) in api.keys.refusals() {
        counter!("winterlane_key_refusals_total", "reason" => refusal.name()).absolute(count);
    }
    gauge!("winterlane_audit_entries").set(api.keys.head().length as f64);
    gauge!("winterlane_storage_failed").set(f64::from(u8::from(api.keys.failed())));
    let Ok(status) = api.node.status() else {
        gauge!("winterlane_up").set(0.0);
        return;
    };
    gauge!("winterlane_up").set(1.0);
    gauge!("winterlane_ready").set(f64::from(u8::from(status.ready())));
    gauge!("winterlane_paused").set(f64::from(u8::from(status.paused)));
    gauge!("winterlane_read_only").set(f64::from(u8::from(status.read_only)));
    gauge!("winterlane_orders_pending").set(status.pending as f64);
    gauge!("winterlane_orders_pending_limit").set(status.max_pending as f64);
    gauge!("winterlane_batches_sealed").set(status.next_to_seal.get() as f64);
    gauge!("winterlane_batches_unproven").set(status.unproven as f64);
    gauge!("winterlane_batches_held").set(status.held as f64);
    let oldest = status.oldest_unproven.unwrap_or_default();
    gauge!("winterlane_oldest_unproven_seconds").set(oldest.as_secs_f64());
    let unsettled = status.oldest_unsettled.unwrap_or_default();
    gauge!("winterlane_oldest_unsettled_seconds").set(unsettled.as_secs_f64());
    counter!("winterlane_settlement_refusals_total").absolute(status.settlement_refusals);
    // Nothing is due: as much as anything may wait is left.
    let window = status.obligation_window.unwrap_or_default();
    let left = status.obligation_left.unwrap_or(window);
    gauge!("winterlane_obligation_window_seconds").set(window.as_secs_f64());
    gauge!("winterlane_obligation_left_seconds").set(left.as_secs_f64());
    private(&status.private_checks);
    if let Some(free) = status.disk_free {
        gauge!("winterlane_disk_free_bytes").set(free as f64);
    }
    counter!("winterlane_orders_accepted_total").absolute(status.accepted);
    counter!("winterlane_orders_refused_total").absolute(status.refused);
    counter!("winterlane_alarms_total").absolute(status.alarms);
    counter!("winterlane_one_time_key_reuse_total").absolute(api.alerts.reuses());
}

/// How proofs of private operations are verified. Who starts and stops workers looks at those that wait and those that were
/// overdue.
#[allow(clippy::cast_precision_loss, reason = "gauges are for people")]
fn private(checks: &PrivateChecks) {
    for (by, count) in [("node", checks.by_node), ("workers", checks.by_workers)] {
        counter!("winterlane_private_checks_total", "by" => by).absolute(count);
    }
    for (why, count) in [
        ("sampled", checks.sampled),
        ("disagreed", checks.disagreed),
        ("overdue", checks.overdue),
    ] {
        counter!("winterlane_private_returned_total", "why" => why).absolute(count);
    }
    counter!("winterlane_private_verdicts_ignored_total").absolute(checks.ignored);
    counter!("winterlane_private_false_verdicts_total").absolute(checks.false_verdicts);
    gauge!("winterlane_private_waiting").set(checks.waiting as f64);
    gauge!("winterlane_private_workers").set(checks.workers as f64);
    gauge!("winterlane_private_doubt").set(f64::from(u8::from(checks.doubt)));
}
