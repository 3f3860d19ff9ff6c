//! What a command asks of settlement, one thing after another.

use winterlane_settlement::{CallError, Outcome};

use super::{add_outcome, failed};
use crate::{
    Failure,
    show::{self, Lines},
};

/// Steps of which each is done whatever becomes of the others: accounts, notes and claims of one owner may be a stranger's
/// gifts, made to stand in the way.
#[derive(Default)]
pub(super) struct Steps {
    /// What is told of those that were done.
    pub(super) lines: Lines,
    /// Why others were not.
    failures: Vec<Failure>,
}

impl Steps {
    /// Notes what became of a call. `before` is the refusal that says that it was made before, and what is told then: the
    /// command may be run again.
    ///
    /// # Errors
    /// When settlement cannot be asked: then nothing else can be.
    pub(super) fn add(
        &mut self,
        what: &str,
        call: Result<Outcome, CallError>,
        before: (&str, &str),
    ) -> Result<(), Failure> {
        match call {
            Ok(outcome) => add_outcome(&mut self.lines, &outcome),
            Err(error) if error.is(before.0) => self.lines.add(what, before.1),
            Err(error @ CallError::Refused { .. }) => self.fail(what, failed(error)),
            Err(error) => return Err(failed(error)),
        }
        Ok(())
    }

    /// Notes why a step cannot be done.
    pub(super) fn fail(&mut self, what: &str, failure: Failure) {
        self.failures.push(match failure {
            Failure::Invalid(reason) => Failure::Invalid(format!("{what}: {reason}")),
            Failure::Unusable(reason) => Failure::Unusable(format!("{what}: {reason}")),
        });
    }

    /// What is told in the end. When something was not done, what was done is told all the same, before the reasons.
    ///
    /// # Errors
    /// The reasons.
    pub(super) fn end(mut self, ended: Result<(), Failure>) -> Result<String, Failure> {
        self.failures.extend(ended.err());
        if self.failures.is_empty() {
            return Ok(self.lines.0);
        }
        show::print(&self.lines.0)?;
        let unusable = |failure: &Failure| matches!(failure, Failure::Unusable(_));
        let unusable = self.failures.iter().any(unusable);
        let reasons = self.failures.into_iter().map(|failure| match failure {
            Failure::Invalid(reason) | Failure::Unusable(reason) => reason,
        });
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        Err(match unusable {
            true => Failure::Unusable(reasons),
            false => Failure::Invalid(reasons),
        })
    }
}
