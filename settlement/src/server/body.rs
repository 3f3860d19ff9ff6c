//! The bytes of a call: bounded, and read as a whole.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::body::{Body, HttpBody as _};
use tokio::time::timeout;

use super::MAX_CALL_BYTES;

/// Why there are no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// There are more than there may be, or they do not come as a whole.
    TooLong,
    /// They take too long.
    Slow,
}

/// The next bytes that come; `None` at the end.
async fn next(body: &mut Body) -> Option<Result<axum::body::Bytes, axum::Error>> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
    // trailers have no bytes
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

/// Reads a body of at most `most` bytes, within `patience`.
pub(super) async fn read(
    mut body: Body,
    most: usize,
    patience: Duration,
) -> Result<Vec<u8>, Unread> {
    // by its announcement, before a byte of it is read
    let mut too_long = body.size_hint().lower() > most as u64;
    let mut bytes = Vec::new();
    let reading = async {
        while !too_long {
            match next(&mut body).await {
                None => return Ok(()),
                Some(Ok(data)) if data.len() <= most - bytes.len() => bytes.extend(data),
                Some(Ok(_)) => too_long = true,
                Some(Err(_)) => return Err(Unread::TooLong),
            }
        }
        Ok(())
    };
    timeout(patience, reading)
        .await
        .map_err(|_| Unread::Slow)??;
    if too_long {
        drop_rest(body, patience);
        return Err(Unread::TooLong);
    }
    Ok(bytes)
}

/// Reads what still comes and drops it, beside the answer. Whoever is still sending hears the answer when all is sent; were the
/// connection ended before, the system would reset it, and the answer would be lost.
fn drop_rest(mut body: Body, patience: Duration) {
    let dropping = async move {
        let mut left = MAX_CALL_BYTES;
        while let Some(Ok(data)) = next(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    tokio::spawn(timeout(patience, dropping));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(length: usize, most: usize) -> Result<usize, Unread> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let patience = Duration::from_secs(600);
        let read = read(Body::from(vec![7; length]), most, patience);
        runtime.block_on(read).map(|bytes| bytes.len())
    }

    #[test]
    fn as_many_bytes_as_there_may_be_are_read() {
        assert_eq!(read_of(0, 0), Ok(0));
        assert_eq!(read_of(9, 9), Ok(9));
        assert_eq!(read_of(10, 9), Err(Unread::TooLong));
        assert_eq!(read_of(1, 0), Err(Unread::TooLong));
    }
}
