//! [`winterlane_settlement`] as a node's settlement: in this process, or at an address.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use winterlane_ledger::{Domain, PublicInputs};
use winterlane_settlement::{
    BatchData, Call, CallError, Client, Durable, Genesis, Outcome, Party, Secret,
    Settlement as Base, StoreError, Verifier, durable, server::Server,
};

use super::{Obligation, Opening, Published, Settled, Settlement, SettlementError};

/// Where settlement is, and as whom it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSettings {
    /// `http://HOST:PORT`, or the folder of a settlement that this process opens.
    pub at: String,
    /// The folder that paths are in which are not absolute.
    pub folder: PathBuf,
    /// The file of the operator's secret.
    pub secret: PathBuf,
    /// Where a settlement of this process is served to others on this machine.
    pub listen: Option<SocketAddr>,
    /// The rollup.
    pub domain: Domain,
}

/// Settlement that verifies, holds the money and obliges its operator.
///
/// It is opened when it is first used. A node that publishes begins an *epoch* of its own: whoever published by an older
/// one, a node that was cloned, is refused from then on.
pub struct Chain {
    open: Box<dyn FnMut() -> Result<Link, SettlementError> + Send>,
    link: Option<Link>,
}

/// Settlement, open.
struct Link {
    base: Box<dyn Base>,
    /// The epoch that this node has begun.
    epoch: Option<u64>,
    /// Serves it to others for as long as it lives.
    _server: Option<Server>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("open", &self.link.is_some())
            .finish_non_exhaustive()
    }
}

impl Chain {
    /// By settings. Nothing is opened yet.
    #[must_use]
    pub fn new(settings: ChainSettings) -> Self {
        Self {
            open: Box::new(move || open(&settings)),
            link: None,
        }
    }

    /// Settlement that is open already, as its operator has it.
    #[must_use]
    pub fn over(base: Box<dyn Base>) -> Self {
        let closed = || Err(SettlementError::Unreachable("it was closed".into()));
        Self {
            open: Box::new(closed),
            link: Some(Link {
                base,
                epoch: None,
                _server: None,
            }),
        }
    }

    fn link(&mut self) -> Result<&mut Link, SettlementError> {
        match &mut self.link {
            Some(link) => Ok(link),
            none => Ok(none.insert((self.open)()?)),
        }
    }
}

fn unusable(what: impl fmt::Display) -> SettlementError {
    SettlementError::Unusable(what.to_string())
}

fn open(settings: &ChainSettings) -> Result<Link, SettlementError> {
    let ChainSettings {
        at,
        folder,
        secret,
        listen,
        domain,
    } = settings;
    let secret = Secret::load(&folder.join(secret)).map_err(unusable)?;
    let who = secret.party();
    let (base, server): (Box<dyn Base>, _) = if at.starts_with("http://") {
        let client = Client::new(at, Some(secret)).map_err(unusable)?;
        (Box::new(client), None)
    } else {
        let (base, server) = here(&folder.join(at), who, *listen)?;
        (base, server)
    };
    let status = base.status().map_err(failed)?;
    if status.domain != *domain {
        return Err(unusable(format_args!(
            "{at} is of the rollup {}, and this node of {domain}",
            status.domain
        )));
    }
    if status.operator != who {
        return Err(unusable(format_args!(
            "the operator of {at} is {}, and settlement.secret is of {who}",
            status.operator
        )));
    }
    Ok(Link {
        base,
        epoch: None,
        _server: server,
    })
}

/// A settlement of this process, and served to others on this machine if that is wanted.
fn here(
    folder: &Path,
    who: Party,
    listen: Option<SocketAddr>,
) -> Result<(Box<dyn Base>, Option<Server>), SettlementError> {
    let verifier = |genesis: &Genesis| Verifier::of_bits(genesis.rules.bits);
    let opened = Durable::open(folder, verifier, durable::system_clock());
    let opened = opened.map_err(|error| match error {
        StoreError::Missing { .. } => unusable(format_args!(
            "{error}: `winterlane-settlement create` makes one; an address begins with http://"
        )),
        error => unusable(error),
    })?;
    let server = listen.map(|address| Server::start(opened.clone(), address));
    let server = server.transpose().map_err(unusable)?;
    if let Some(server) = &server {
        tracing::info!("settlement is served at http://{}", server.address());
    }
    Ok((Box::new(opened.by(who)), server))
}

fn failed(error: CallError) -> SettlementError {
    match error {
        CallError::Refused { code, message } => SettlementError::Refused { code, message },
        error => SettlementError::Unreachable(error.to_string()),
    }
}

fn strange(outcome: &Outcome) -> SettlementError {
    SettlementError::Unreachable(format!("an answer to another call: {outcome:?}"))
}

impl Link {
    /// The epoch that this node publishes by. It is begun once, with the first batch that settlement waits for, and never
    /// again by itself: of two nodes that both did so, each would take it from the other for ever. A node whose batches
    /// are others than those that are settled begins none, and hears that from settlement.
    fn epoch(&mut self, batch: &PublicInputs) -> Result<u64, SettlementError> {
        if let Some(epoch) = self.epoch {
            return Ok(epoch);
        }
        let status = self.base.status().map_err(failed)?;
        let seen = status.epoch;
        if (status.next_batch, status.root) != (batch.batch_number, batch.old_root) {
            return Ok(seen);
        }
        // an answer that was lost is begun again: epochs are not counted
        match self.base.call(&Call::TakeOver { seen }).map_err(failed)? {
            Outcome::Epoch { epoch } => Ok(*self.epoch.insert(epoch)),
            other => Err(strange(&other)),
        }
    }

    fn settled(&self) -> Result<Settled, SettlementError> {
        let status = self.base.status().map_err(failed)?;
        Ok(Settled {
            next_batch: status.next_batch,
            root: status.root,
        })
    }
}

impl Settlement for Chain {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        self.link()?.settled().map(Some)
    }

    fn publish(&mut self, batch: Published<'_>) -> Result<(), SettlementError> {
        let link = self.link()?;
        let public = *batch.public_inputs;
        let epoch = link.epoch(&public)?;
        let data = BatchData {
            public,
            records: batch.records.to_vec(),
            proof: batch.proof.to_vec(),
            pool: batch.pool.to_vec(),
        };
        match link.base.call(&Call::Publish { epoch, batch: data }) {
            Ok(Outcome::Settled { .. } | Outcome::AlreadySettled { .. }) => Ok(()),
            Ok(other) => Err(strange(&other)),
            Err(error) if error.is("forked") => Err(SettlementError::Forked {
                batch: public.batch_number,
                root: public.old_root,
                settled: link.settled()?,
            }),
            Err(error) => Err(failed(error)),
        }
    }

    fn obliges(&self) -> bool {
        true
    }

    fn verifies(&self) -> bool {
        true
    }

    fn bits(&mut self) -> Result<u32, SettlementError> {
        Ok(self.link()?.base.status().map_err(failed)?.rules.bits)
    }

    fn time_left(&mut self) -> Result<Option<Duration>, SettlementError> {
        let status = self.link()?.base.status().map_err(failed)?;
        // settlement is on this machine, and goes by its clock
        let now = durable::system_clock()();
        let left = |due: u64| Duration::from_secs(due.saturating_sub(now));
        Ok(status.next_due.map(left))
    }

    fn obligations(
        &mut self,
        first: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        let link = self.link()?;
        if let Some(frozen) = link.base.status().map_err(failed)?.frozen {
            return Err(SettlementError::Refused {
                code: "frozen".into(),
                message: format!(
                    "the rollup is frozen at root {}: obligation {} was due at {}",
                    frozen.root, frozen.obligation, frozen.due
                ),
            });
        }
        link.base.obligations(first, limit).map_err(failed)
    }

    fn window(&mut self) -> Result<u64, SettlementError> {
        Ok(self.link()?.base.status().map_err(failed)?.rules.window)
    }

    fn lifetime(&mut self) -> Result<Option<u64>, SettlementError> {
        let status = self.link()?.base.status().map_err(failed)?;
        Ok(Some(status.rules.lifetime))
    }

    fn refute(&mut self, number: u64, opening: &Opening) -> Result<(), SettlementError> {
        let opening = *opening;
        let call = Call::Refute { number, opening };
        match self.link()?.base.call(&call).map_err(failed)? {
            Outcome::Refuted { .. } => Ok(()),
            other => Err(strange(&other)),
        }
    }
}
