//! What people prove without showing it: notes of a shielded pool, credentials, and the public inputs of
//! the private statements.
//!
//! | module | what it holds |
//! |---|---|
//! | [`keys`] | spend key, nullifier key, address |
//! | [`note`] | notes, commitments, nullifiers |
//! | [`tree`] | the append-only note tree: frontier for a node, paths for a wallet |
//! | [`sparse`] | sparse trees: association sets, revoked credentials, sets of values |
//! | [`credential`] | attributes, their tree, credentials, holder keys, pseudonyms |
//! | [`inputs`] | the public inputs of the statements, and a proof with its own: [`PrivateProof`] |
//! | [`Question`] | what a verifier asked, and whether public inputs answer it |
//!
//! Every digest is [`compress`](crate::hash::compress) with a tag of its own:
//!
//! | digest | tag | left half | right half |
//! |---|---|---|---|
//! | authority `ak` | `y` | spend key `sk` | zeros |
//! | address `pk` | `a` | `ak` | nullifier key `nk` |
//! | blinded owner `b` | `b` | `pk` | randomness `rho` |
//! | commitment `cm` | `c` | `b` | asset, value limbs 0, 1, 2 |
//! | note id | `i` | `cm` | position, 0, 0, 0 |
//! | nullifier `nf` | `u` | `nk` | note id |
//! | note-tree node | `t` | left | right |
//! | association node | `j` | left | right |
//! | holder key | `h` | holder secret | zeros |
//! | pseudonym | `g` | holder secret | verifier |
//! | attribute | `q` | salt | 0, value limbs 0, 1, 2 |
//! | attribute node | `e` | left | right |
//! | body | `v` | root of the attributes | holder key |
//! | credential | `C` | body | number, last day, 0, 0 |
//! | schema domain | `D` | schema | zeros |
//! | revocation node | `R` | left | right |
//! | member of a set | `S` | zeros | 0, value limbs 0, 1, 2 |
//! | set node | `T` | left | right |
//!
//! A value is a `u128` in limbs of 50, 50 and 28 bits ([`crate::amount`]). What a proof says of these
//! digests is in `winterlane-air`, module `private`.

pub mod credential;
pub mod inputs;
pub mod keys;
pub mod note;
mod session;
pub mod sparse;
pub mod tree;

pub use credential::{
    ATTRIBUTE_HEIGHT, ATTRIBUTES, Attribute, AttributeTree, Credential, CredentialBody,
    HolderSecret, Issuance, IssueError, issue, schema_domain,
};
pub use inputs::{
    Association, AssociationMode, BalanceInputs, CredentialInputs, Fee, MAX_PREDICATES, Predicate,
    PrivateInputs, PrivateInputsError, PrivateProof, RESERVED_KEY_INDEX, SHOWN_CHAINS, Test,
    TransferInputs, ValueSet, WithdrawalInputs,
};
pub use keys::{Address, NoteKeys, SpendKey};
pub use note::{Commitment, Note, Nullifier};
pub use session::{
    AnswerError, AskedPredicate, BalanceQuestion, CredentialQuestion, Question, Session,
    SessionError,
};
pub use sparse::{SparseKind, SparseTree};
pub use tree::{NOTE_TREE_DEPTH, NoteFrontier, NotePath, NoteTree, NoteTreeFull};
