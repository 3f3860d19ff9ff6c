//! Room for answers.
//!
//! An answer is in memory until the other end has taken it, and whoever asks and does not read takes nothing: one address may
//! have hundreds of connections, and an answer some megabytes. So large answers share a room, of which each network has a part.
//! Where it is used up, large answers are given later and small ones as ever. And few large ones are made at once, since each
//! is in memory several times while it is made.

use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    response::Response,
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{
    crowd::{Crowd, Place, part},
    limits::Caller,
    problem::{Kind, Problem},
};

/// All of it, in KiB.
const ALL: usize = 256 << 10;
/// The part that one network may have, in KiB: several times the largest answer.
const PART: usize = part(ALL);
/// Answers of so many bytes need no room: as many as there are connections are some megabytes.
const SMALL: usize = 16 << 10;
/// Large answers that are made at once.
const MADE: usize = 8;
/// A large answer is given to its connection in pieces of so many bytes.
const PIECE: usize = 64 << 10;

/// The room for answers that are not sent yet.
#[derive(Debug)]
pub(super) struct Room {
    all: Arc<Semaphore>,
    parts: Crowd,
    making: Semaphore,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            parts: Crowd::default(),
            making: Semaphore::new(MADE),
        }
    }

    /// Waits, for so long at most, until a large answer may be made. It has been when the permit is dropped.
    pub(super) async fn make(&self, patience: Duration) -> Result<SemaphorePermit<'_>, Problem> {
        match tokio::time::timeout(patience, self.making.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(full()),
        }
    }

    /// An answer to this network, which has its bytes' room until they are sent. Small ones need none, nor do those without a
    /// length: a stream of events is short of them.
    pub(super) async fn keep(
        &self,
        network: IpAddr,
        answer: Response,
    ) -> Result<Response, Problem> {
        let length = answer.body().size_hint().exact().unwrap_or(0);
        let length = usize::try_from(length).map_err(|_| full())?;
        if length <= SMALL {
            return Ok(answer);
        }
        let kib = length.div_ceil(1024);
        let caller = Caller::Network(network);
        let part = self.parts.enter(caller, kib, PART).ok_or_else(full)?;
        let all = Arc::clone(&self.all);
        let all = u32::try_from(kib).map(|kib| all.try_acquire_many_owned(kib));
        let Ok(Ok(all)) = all else {
            return Err(full());
        };
        let (head, body) = answer.into_parts();
        // one that a handler made is in memory as a whole, and is not copied
        let bytes = body.collect().await.map_err(|error| {
            tracing::error!(%error, "an answer is not whole");
            full()
        })?;
        let held = Held {
            bytes: bytes.to_bytes(),
            _part: part,
            _all: all,
        };
        let body = Body::new(Pieces(Bytes::from_owner(held)));
        Ok(Response::from_parts(head, body))
    }

    /// Takes all that is left of it.
    #[cfg(test)]
    pub(super) fn fill(&self) -> OwnedSemaphorePermit {
        let left = u32::try_from(self.all.available_permits()).unwrap();
        Arc::clone(&self.all).try_acquire_many_owned(left).unwrap()
    }
}

fn full() -> Problem {
    let text = "answers that are made, or not read yet, have as many bytes as the node keeps";
    Problem::new(Kind::Unavailable, text).retry_after(Duration::from_secs(1))
}

/// Bytes, and their room for as long as anything holds one of them: a connection has them after it has dropped the body.
struct Held {
    bytes: Bytes,
    _part: Place,
    _all: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body in pieces: a connection may copy what it is given before it is sent, and asks for no more until it is.
struct Pieces(Bytes);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = core::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let left = self.0.len();
        Poll::Ready((left > 0).then(|| Ok(Frame::data(self.0.split_to(left.min(PIECE))))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(work)
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// An answer has its room until the last of its bytes is gone, also those that were taken out of its body.
    #[test]
    fn an_answer_has_room_until_it_is_sent() {
        run(async {
            let room = Room::new();
            let left = || room.all.available_permits();
            let bytes: Vec<u8> = (0..1 << 20).map(|number| number as u8).collect();
            let answer = bytes.clone().into_response();
            let kept = room.keep(address(1), answer).await.unwrap();
            assert_eq!(left(), ALL - 1024);
            assert_eq!(kept.body().size_hint().exact(), Some(1 << 20));
            let mut body = kept.into_body();
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(piece, bytes[..PIECE]);
            let rest = body.collect().await.unwrap().to_bytes();
            assert_eq!(rest, bytes[PIECE..]);
            drop(rest);
            assert_eq!(left(), ALL - 1024);
            drop(piece);
            assert_eq!(left(), ALL);
            // a small one has none, and goes out as it is
            let small = room.keep(address(1), vec![1; SMALL].into_response()).await;
            assert_eq!((left(), small.is_ok()), (ALL, true));
        });
    }

    /// Large answers are made a few at a time: the next one waits, and is refused when it has waited for long.
    #[test]
    fn few_large_answers_are_made_at_once() {
        run(async {
            let room = Room::new();
            let make = || room.make(Duration::ZERO);
            let mut making = Vec::new();
            for _ in 0..MADE {
                making.push(make().await.unwrap());
            }
            assert_eq!(make().await.unwrap_err().kind(), Kind::Unavailable);
            making.pop();
            making.push(make().await.unwrap());
            assert!(make().await.is_err());
        });
    }

    /// Whoever reads nothing uses up his own part; and all of them together all of it, and no more.
    #[test]
    fn answers_that_nobody_reads_have_bounded_room() {
        run(async {
            let room = Room::new();
            let large = 8 << 20;
            let mut held = Vec::new();
            for network in 0..8 {
                let mut given = 0;
                while let Ok(kept) = room
                    .keep(address(network), vec![0; large].into_response())
                    .await
                {
                    held.push(kept);
                    given += 1;
                    assert!(given * large <= PART << 10);
                }
                assert_eq!(given > 0, network < 4, "{network}");
            }
            assert_eq!(held.len() * large, ALL << 10);
            let refused = room.keep(address(9), vec![0; large].into_response()).await;
            assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
            drop(held);
            assert!(
                room.keep(address(9), vec![0; large].into_response())
                    .await
                    .is_ok()
            );
        });
    }
}
