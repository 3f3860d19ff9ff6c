//! A state that fails when it is told to.

use alloc::vec::Vec;
use core::{cell::Cell, ops::RangeInclusive};

use thiserror::Error;

use crate::{
    Account, AccountId, Digest, Root,
    state::{Changes, ReadState, State, StateError},
    tree::Siblings,
};

/// A state whose reads and writes fail once a number of them are done: what a full or broken disk does.
///
/// A call that fails changes nothing.
#[derive(Clone, Debug)]
pub struct Failing<S> {
    state: S,
    left: Cell<u32>,
}

/// What a [`Failing`] state says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure<E> {
    /// It was told to fail.
    #[error("failed as told")]
    Told,
    /// The state below has failed.
    #[error("the state below")]
    State(#[source] E),
}

impl<S> Failing<S> {
    /// A state that does not fail yet.
    #[must_use]
    pub const fn new(state: S) -> Self {
        Self {
            state,
            left: Cell::new(u32::MAX),
        }
    }

    /// From now on, `calls` calls are done, and all others fail.
    pub fn fail_after(&self, calls: u32) {
        self.left.set(calls);
    }

    /// No call fails any more.
    pub fn heal(&self) {
        self.left.set(u32::MAX);
    }

    fn call<T, E>(&self, call: impl FnOnce(&S) -> Result<T, E>) -> Result<T, Failure<E>> {
        self.spend()?;
        call(&self.state).map_err(Failure::State)
    }

    fn spend<E>(&self) -> Result<(), Failure<E>> {
        match self.left.get() {
            0 => Err(Failure::Told),
            u32::MAX => Ok(()),
            left => {
                self.left.set(left - 1);
                Ok(())
            }
        }
    }

    fn change<T, E: Copy>(
        &mut self,
        change: impl FnOnce(&mut S) -> Result<T, StateError<E>>,
    ) -> Result<T, StateError<Failure<E>>> {
        self.spend().map_err(StateError::Store)?;
        change(&mut self.state).map_err(below)
    }
}

const fn below<E: Copy>(error: StateError<E>) -> StateError<Failure<E>> {
    match error {
        StateError::Store(error) => StateError::Store(Failure::State(error)),
        StateError::Version {
            version,
            oldest,
            newest,
        } => StateError::Version {
            version,
            oldest,
            newest,
        },
        StateError::Committed { version } => StateError::Committed { version },
    }
}

impl<S: ReadState> ReadState for Failing<S> {
    type Error = Failure<S::Error>;

    fn version(&self) -> u64 {
        self.state.version()
    }

    fn root(&self) -> Root {
        self.state.root()
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, Self::Error> {
        self.call(|state| state.account(id))
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, Self::Error> {
        self.call(|state| state.accounts_from(first, limit))
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, Self::Error> {
        self.call(|state| state.node(height, index))
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), Self::Error> {
        self.call(|state| state.siblings(ids, out))
    }
}

impl<S: State> State for Failing<S>
where
    S::Error: Copy,
{
    type Older<'a>
        = Failing<S::Older<'a>>
    where
        Self: 'a;

    fn at(&self, version: u64) -> Result<Self::Older<'_>, StateError<Self::Error>> {
        self.spend().map_err(StateError::Store)?;
        self.state.at(version).map(Failing::new).map_err(below)
    }

    fn versions(&self) -> RangeInclusive<u64> {
        self.state.versions()
    }

    fn committed(&self) -> u64 {
        self.state.committed()
    }

    fn apply(&mut self, changes: Changes) -> Result<(), Self::Error> {
        self.spend()?;
        self.state.apply(changes).map_err(Failure::State)
    }

    fn undo(&mut self) -> Result<(), StateError<Self::Error>> {
        self.change(State::undo)
    }

    fn commit(&mut self, version: u64) -> Result<(), StateError<Self::Error>> {
        self.change(|state| state.commit(version))
    }

    fn prune(&mut self, oldest: u64) -> Result<(), StateError<Self::Error>> {
        self.change(|state| state.prune(oldest))
    }
}
