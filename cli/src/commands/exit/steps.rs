//! What a command asks of settlement, one thing after another.

use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use winterlane_settlement::{CallError, Outcome};

use super::{add_outcome, failed};
use crate::{
    Failure,
    show::{self, Lines},
};

/// Steps of which each is done whatever becomes of the others: accounts, notes and claims of one owner may be a stranger's
/// gifts, made to stand in the way.
pub(super) struct Steps {
    /// What became of each, in order.
    done: Vec<Step>,
    /// Why some were not done.
    failures: Vec<Failure>,
    progress: ProgressBar,
    json: bool,
}

/// What became of a step.
#[derive(Serialize)]
struct Step {
    /// What it was about.
    of: String,
    #[serde(flatten)]
    end: End,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// Settlement has made the call.
    Outcome(Outcome),
    /// It had been made before, in words.
    Before(String),
    /// It was not made, and why.
    Failed(String),
}

impl Steps {
    /// None yet. `progress` shows the one that is under way; `json`: they are told as one object.
    pub(super) fn new(progress: &ProgressBar, json: bool) -> Self {
        Self {
            done: Vec::new(),
            failures: Vec::new(),
            progress: progress.clone(),
            json,
        }
    }

    /// A step begins.
    pub(super) fn begin(&self, what: &str) {
        self.progress.set_message(what.to_owned());
    }

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
        let end = match call {
            Ok(outcome) => End::Outcome(outcome),
            Err(error) if error.is(before.0) => End::Before(before.1.to_owned()),
            Err(error @ CallError::Refused { .. }) => {
                self.fail(what, failed(error));
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let of = what.to_owned();
        self.done.push(Step { of, end });
        Ok(())
    }

    /// Notes why a step cannot be done.
    pub(super) fn fail(&mut self, what: &str, failure: Failure) {
        let (Failure::Invalid(reason) | Failure::Unusable(reason)) = &failure;
        self.done.push(Step {
            of: what.to_owned(),
            end: End::Failed(reason.clone()),
        });
        self.failures.push(match failure {
            Failure::Invalid(reason) => Failure::Invalid(format!("{what}: {reason}")),
            Failure::Unusable(reason) => Failure::Unusable(format!("{what}: {reason}")),
        });
    }

    /// What was done, as it is told.
    fn text(&self) -> Result<String, Failure> {
        if self.json {
            return show::json(&json!({ "steps": self.done }));
        }
        let mut lines = Lines::default();
        for Step { of, end } in &self.done {
            match end {
                End::Outcome(outcome) => add_outcome(&mut lines, outcome),
                End::Before(words) => lines.add(of, words),
                // with the reasons, in the end
                End::Failed(_) => {}
            }
        }
        Ok(lines.0)
    }

    /// What is told in the end. When something was not done, what was done is told all the same, before the reasons.
    ///
    /// # Errors
    /// The reasons.
    pub(super) fn end(mut self, ended: Result<(), Failure>) -> Result<String, Failure> {
        self.failures.extend(ended.err());
        let text = self.text()?;
        if self.failures.is_empty() {
            return Ok(text);
        }
        self.progress.finish_and_clear();
        show::print(&text)?;
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
