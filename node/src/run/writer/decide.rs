//! Deciding: what comes to the writer from outside.

use winterlane_ledger::{
    BatchNumber, LedgerError, SignedOrder,
    pool::{Payment, Shield},
};

use super::{Answers, Writer};
use crate::{
    Event, ForcedOutcome, OrderId, Receipt, Refusal, SubmitError,
    core::{Claim, Fault, Known, note_bytes},
    error::AdminError,
    private::{Verified, encode},
    run::{
        admission::{Admin, Candidate, check_on_all_threads},
        verify::PrivateCandidate,
    },
    store::{StoreError, View},
};

impl Writer {
    pub(super) fn decide(
        &mut self,
        candidates: Vec<Candidate>,
        answers: &mut Answers,
    ) -> Result<(), Fault> {
        let now = self.now();
        let view = self.store.view()?;
        for candidate in candidates {
            let Candidate {
                id,
                order,
                note,
                answer,
            } = candidate;
            let paid_for = note.as_ref().map(|_| Claim::of_note(&id));
            let claims = [Some(Claim::of_order(&order)), paid_for];
            let known = known(&view, &id, claims)?;
            let result = match self.closed_to_orders() {
                Some(error) => {
                    let before = self.sequencer.answered(id, note.is_some(), known);
                    before.unwrap_or(Err(error))
                }
                None => self
                    .sequencer
                    .submit(id, order, note.as_ref(), known, now)?,
            };
            answers.push_back((answer, result));
        }
        Ok(())
    }

    pub(super) fn decide_private(
        &mut self,
        candidate: PrivateCandidate,
        answers: &mut Answers,
    ) -> Result<(), Fault> {
        let PrivateCandidate {
            id,
            operation,
            answer,
        } = candidate;
        let nullifiers = operation.operation().nullifiers();
        let claim = |at: usize| nullifiers.get(at).map(Claim::of_nullifier);
        let known = known(&self.store.view()?, &id, [claim(0), claim(1)])?;
        let result = match self.closed_to_orders() {
            Some(error) => {
                let before = self.sequencer.answered(id, false, known);
                before.unwrap_or(Err(error))
            }
            None => {
                let now = self.now();
                self.sequencer.private(id, operation, known, now)?
            }
        };
        answers.push_back((answer, result));
        Ok(())
    }

    /// Decides on an order that arrived by settlement. A paused node does so too: its operator has no say in it.
    fn force(&mut self, order: SignedOrder) -> Result<Result<ForcedOutcome, SubmitError>, Fault> {
        if let Some(error) = self.closed_to_settlement() {
            return Ok(Err(error));
        }
        let (id, account) = (OrderId::of(&order), order.order.signer());
        let domain = self.store.view()?.head().domain;
        let checked = check_on_all_threads(vec![order], &domain).pop();
        let order = match checked {
            Some(Ok(order)) => order,
            Some(Err(reason)) => {
                let refusal = LedgerError::BadSignature { account, reason };
                return Ok(Ok(ForcedOutcome::Impossible(refusal)));
            }
            None => return Ok(Err(SubmitError::Stopped)),
        };
        let claims = [Some(Claim::of_order(&order)), None];
        let known = known(&self.store.view()?, &id, claims)?;
        let now = self.now();
        self.sequencer.force(id, order, known, now).map(Ok)
    }

    /// Decides on a private operation that arrived by settlement.
    fn force_private(
        &mut self,
        operation: Verified,
    ) -> Result<Result<Result<Receipt, Refusal>, SubmitError>, Fault> {
        if let Some(error) = self.closed_to_settlement() {
            return Ok(Err(error));
        }
        let id = OrderId::of_private(&encode(operation.operation()));
        let nullifiers = operation.operation().nullifiers();
        let claim = |at: usize| nullifiers.get(at).map(Claim::of_nullifier);
        let known = known(&self.store.view()?, &id, [claim(0), claim(1)])?;
        let now = self.now();
        let decided = self.sequencer.force_private(id, operation, known, now)?;
        Ok(Ok(decided))
    }

    /// Decides on a note that arrived by settlement.
    fn force_note(
        &mut self,
        note: Shield,
        payment: Payment,
    ) -> Result<Result<Result<Receipt, Refusal>, SubmitError>, Fault> {
        if let Some(error) = self.closed_to_settlement() {
            return Ok(Err(error));
        }
        let id = OrderId::of_note(&note_bytes(&note, payment));
        let known = known(&self.store.view()?, &id, [None, None])?;
        let now = self.now();
        Ok(Ok(self.sequencer.force_note(note, payment, known, now)?))
    }

    /// Why nothing is taken now that is forced. A pause is no reason: its operator has no say in it.
    fn closed_to_settlement(&self) -> Option<SubmitError> {
        if self.state.stopping {
            Some(SubmitError::Stopped)
        } else if self.state.read_only {
            Some(SubmitError::ReadOnly)
        } else {
            None
        }
    }

    /// Why no deposit is taken now that settlement obliges the operator to. It is taken later, and in time ([`crate::run::ahead`]):
    /// a forced order that found more batches made than it lives for would be lost. What is pending takes memory: deposits have as
    /// much again as orders, so that these leave them some.
    fn closed_to_deposits(&self) -> Option<SubmitError> {
        if let Some(error) = self.closed_to_settlement() {
            return Some(error);
        }
        let batches = self.ahead();
        if batches >= self.shared.most_ahead().deposits {
            return Some(SubmitError::Unsettled { batches });
        }
        let limits = &self.shared.limits;
        if self.sequencer.pending() >= limits.max_pending.saturating_mul(2) {
            return Some(SubmitError::Busy {
                retry_after: limits.max_age,
            });
        }
        None
    }

    /// Why no orders are taken now. What was taken before has its answer nevertheless.
    fn closed_to_orders(&self) -> Option<SubmitError> {
        if self.state.stopping {
            Some(SubmitError::Stopped)
        } else if self.state.ended {
            Some(SubmitError::Frozen)
        } else if self.state.paused {
            Some(SubmitError::Paused)
        } else if self.state.read_only {
            Some(SubmitError::ReadOnly)
        } else if self.too_far_ahead() {
            Some(SubmitError::Unsettled {
                batches: self.ahead(),
            })
        } else {
            None
        }
    }

    fn pause(&mut self) {
        self.state.paused = true;
        // shown before it is answered: whoever asks next sees it
        self.shared.live().paused = true;
        self.shared.tell(Event::Paused);
    }

    /// Closes the open batch, unless too many before it are not settled.
    fn close_unless(&mut self, too_many: bool) -> Result<Result<BatchNumber, AdminError>, Fault> {
        if too_many {
            let batches = self.ahead();
            return Ok(Err(AdminError::Unsettled { batches }));
        }
        let closed = self.sequencer.close_now()?;
        // the decision to close is durable before anybody hears of it
        self.commit(Answers::new())?;
        Ok(closed.ok_or(AdminError::Empty))
    }

    pub(super) fn administer(&mut self, admin: Admin, answers: &mut Answers) -> Result<(), Fault> {
        // that whoever asked has gone is no error
        match admin {
            Admin::Deposit {
                reference,
                deposit,
                owed,
                answer,
            } => {
                let closed = if owed {
                    self.closed_to_deposits()
                } else {
                    self.closed_to_orders()
                };
                let bytes = winterlane_ledger::codec::CanonicalBytes::to_bytes(&*deposit);
                let id = OrderId::of_deposit(&reference, &bytes);
                let view = self.store.view()?;
                let known = known(&view, &id, [Some(Claim::of_deposit(&reference)), None])?;
                let result = match closed {
                    Some(error) => {
                        let before = self.sequencer.answered(id, false, known);
                        before.unwrap_or(Err(error))
                    }
                    None => {
                        let now = self.now();
                        self.sequencer.deposit(reference, *deposit, known, now)?
                    }
                };
                answers.push_back((answer, result));
            }
            Admin::Force { order, answer } => {
                let result = self.force(*order)?;
                // the decision is durable before anybody hears of it
                self.commit(Answers::new())?;
                let _ = answer.send(result);
            }
            Admin::ForcePrivate { operation, answer } => {
                let result = self.force_private(*operation)?;
                self.commit(Answers::new())?;
                let _ = answer.send(result);
            }
            Admin::ForceNote {
                note,
                payment,
                answer,
            } => {
                let result = self.force_note(*note, payment)?;
                self.commit(Answers::new())?;
                let _ = answer.send(result);
            }
            Admin::Pause(answer) => {
                self.pause();
                let _ = answer.send(());
            }
            Admin::End(answer) => {
                self.store.hear(|heard| heard.ended = true)?;
                self.state.ended = true;
                if !self.state.paused {
                    self.pause();
                }
                let _ = answer.send(());
            }
            Admin::Resume(answer) => {
                let result = if self.state.ended {
                    Err(AdminError::Frozen)
                } else {
                    self.state.paused = false;
                    // shown before it is answered: whoever asks next sees it
                    self.shared.live().paused = false;
                    self.shared.tell(Event::Resumed);
                    Ok(())
                };
                let _ = answer.send(result);
            }
            Admin::Seal(answer) => {
                let result = self.close_unless(self.too_far_ahead())?;
                let _ = answer.send(result);
            }
            // before those that settlement lacks it could not be settled either
            Admin::SealOwed(answer) => {
                let result = self.close_unless(self.fills_up())?;
                let _ = answer.send(result);
            }
            Admin::Requeue { batch, answer } => {
                let result = self.requeue(batch)?;
                let _ = answer.send(result);
            }
        }
        Ok(())
    }
}

/// What the store knows of something that has a name and takes what can be taken once.
fn known(view: &View, id: &OrderId, claims: [Option<Claim>; 2]) -> Result<Known, StoreError> {
    let mut known = Known {
        place: view.place(id)?,
        claimed: [None; 2],
    };
    for (taken, claim) in known.claimed.iter_mut().zip(claims) {
        *taken = claim.map_or(Ok(None), |claim| view.claimed(&claim))?;
    }
    Ok(known)
}
