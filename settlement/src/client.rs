//! Settlement at an address: a client that waits for its answer.

use std::{fmt, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use ureq::{Agent, Body, http::Response};

use winterlane_ledger::{Amount, AssetId, BatchNumber, objects::from_json};
use winterlane_machine::address::{has_good_port, shown};

use crate::{
    BatchData, Call, CallError, Claim, Genesis, Obligation, Outcome, Payment, Secret, Settlement,
    Status, view::ClaimView,
};

/// The most bytes of an answer: a batch with the proofs of its operations of the pool.
const ANSWER: u64 = 65 << 20;
/// How long settlement may take to answer. It verifies a proof in milliseconds, and a pool's in a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settlement at an address.
pub struct Client {
    agent: Agent,
    base: String,
    secret: Option<Secret>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// A refusal, as it travels.
#[derive(Deserialize)]
struct Problem {
    code: String,
    message: String,
}

impl Client {
    /// Settlement at `http://host:port`, as whoever has this secret, or as nobody.
    ///
    /// # Errors
    /// [`CallError::Unavailable`] when the address is none.
    pub fn new(address: &str, secret: Option<Secret>) -> Result<Self, CallError> {
        let base = address.trim_end_matches('/');
        let rest = base.strip_prefix("http://").unwrap_or_default();
        let plain = !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']);
        if !plain || !has_good_port(rest) {
            return Err(CallError::Unavailable {
                what: format!(
                    "{:?} is no address like http://127.0.0.1:7440",
                    shown(address)
                ),
                source: None,
            });
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            // settlement is on this machine, whatever the environment says of proxies
            .proxy(None)
            .build();
        Ok(Self {
            agent: agent.into(),
            base: base.into(),
            secret,
        })
    }

    fn failed(&self) -> impl Fn(ureq::Error) -> CallError + '_ {
        |error| CallError::Unavailable {
            what: format!("{}: {error}", self.base),
            source: Some(Box::new(error)),
        }
    }

    fn bearer(&self) -> Option<zeroize::Zeroizing<String>> {
        let secret = self.secret.as_ref()?;
        Some(zeroize::Zeroizing::new(format!(
            "Bearer {}",
            *secret.to_text()
        )))
    }

    fn get(&self, path: &str) -> Result<(u16, Vec<u8>), CallError> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer.as_str());
        }
        self.whole(request.call())
    }

    fn whole(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<(u16, Vec<u8>), CallError> {
        let mut answer = answer.map_err(self.failed())?;
        let body = answer.body_mut().with_config().limit(ANSWER).read_to_vec();
        Ok((answer.status().as_u16(), body.map_err(self.failed())?))
    }

    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let (status, body) = self.get(path)?;
        self.understand(status, &body)
    }

    fn understand<T: DeserializeOwned>(&self, status: u16, body: &[u8]) -> Result<T, CallError> {
        if status != 200 {
            return Err(self.problem(status, body));
        }
        from_json(body).map_err(|error| CallError::Unavailable {
            what: format!(
                "{}: an answer that is none of settlement: {error}",
                self.base
            ),
            source: Some(Box::new(error)),
        })
    }

    /// A list of which settlement gives some at a time, by ascending number, from `first` on and at most `limit` of it.
    fn pages<T: DeserializeOwned>(
        &self,
        what: &str,
        first: u64,
        limit: usize,
        number: impl Fn(&T) -> u64,
    ) -> Result<Vec<T>, CallError> {
        let mut all = Vec::new();
        let mut next = Some(first);
        while let Some(first) = next.filter(|_| all.len() < limit) {
            let left = limit - all.len();
            let mut page: Vec<T> = self.read(&format!("/v1/{what}?first={first}&limit={left}"))?;
            let mut least = Some(first);
            for one in &page {
                let number = number(one);
                // one that is given again and again would be read for ever
                if least.is_none_or(|least| number < least) {
                    return Err(CallError::Unavailable {
                        what: format!("{}: {what} that are not in order", self.base),
                        source: None,
                    });
                }
                least = number.checked_add(1);
            }
            next = least.filter(|_| !page.is_empty());
            page.truncate(left);
            all.extend(page);
        }
        Ok(all)
    }

    fn problem(&self, status: u16, body: &[u8]) -> CallError {
        match from_json(body) {
            // what settlement was asked and has decided
            Ok(Problem { code, message }) if (400..500).contains(&status) => {
                CallError::Refused { code, message }
            }
            Ok(Problem { message, .. }) => CallError::Unavailable {
                what: format!("{}: {message}", self.base),
                source: None,
            },
            Err(_) => CallError::Unavailable {
                what: format!("{}: status {status}, and no reason", self.base),
                source: None,
            },
        }
    }
}

impl Settlement for Client {
    fn status(&self) -> Result<Status, CallError> {
        self.read("/v1/status")
    }

    fn genesis(&self) -> Result<Genesis, CallError> {
        self.read("/v1/genesis")
    }

    fn call(&self, call: &Call) -> Result<Outcome, CallError> {
        let mut request = self.agent.post(format!("{}/v1/calls", self.base));
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer.as_str());
        }
        let request = request.content_type("application/octet-stream");
        let (status, body) = self.whole(request.send(&call.to_bytes()[..]))?;
        self.understand(status, &body)
    }

    fn batch(&self, number: BatchNumber) -> Result<Option<BatchData>, CallError> {
        let (status, body) = self.get(&format!("/v1/batches/{number}"))?;
        match status {
            200 => BatchData::from_bytes(&body)
                .map(Some)
                .map_err(|error| CallError::Unavailable {
                    what: format!("{}: batch {number}: {error}", self.base),
                    source: Some(Box::new(error)),
                }),
            404 => Ok(None),
            _ => Err(self.problem(status, &body)),
        }
    }

    fn obligations(&self, first: u64, limit: usize) -> Result<Vec<(u64, Obligation)>, CallError> {
        self.pages("obligations", first, limit, |(number, _)| *number)
    }

    fn payments(&self, first: u64, limit: usize) -> Result<Vec<Payment>, CallError> {
        self.pages("payments", first, limit, |payment: &Payment| payment.number)
    }

    fn claims(&self) -> Result<Vec<(Claim, AssetId, Amount)>, CallError> {
        let claims: Vec<ClaimView> = self.read("/v1/claims")?;
        let known = claims.into_iter().filter_map(|claim| {
            // a kind of claim that this version does not know is left to a newer one
            match Call::from_bytes(&claim.call) {
                Ok(Call::Collect(what)) => Some((what, claim.asset, claim.amount)),
                _ => None,
            }
        });
        Ok(known.collect())
    }
}
