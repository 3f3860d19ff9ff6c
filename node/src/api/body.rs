//! Bodies: bounded, read whole before anything is done, and parsed with the name of the field that is wrong.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use winterlane_ledger::objects::Objects;

use super::{
    crowd::{Crowd, Place, part},
    limits::Caller,
    problem::{Kind, Problem},
};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The type of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`.
    Json,
    /// `application/octet-stream`: the canonical bytes.
    Binary,
}

/// Room for the bodies of all requests that are under way, in KiB: 256 MiB. A body takes as much as has come of it, so that
/// announcing a large one and sending nothing takes nothing.
pub(super) const ROOM: usize = 256 << 10;

/// The room for bodies, in KiB, of which each network has a part: bodies are read before anybody knows whose they are, and who
/// sends slowly keeps what came for some time.
#[derive(Debug)]
pub(super) struct Room {
    all: Semaphore,
    parts: Crowd,
    part: usize,
}

impl Room {
    pub(super) fn new(all: usize) -> Self {
        Self {
            all: Semaphore::new(all),
            parts: Crowd::default(),
            part: part(all),
        }
    }

    /// So many KiB of it, if they are left, also of the caller's part.
    fn take(&self, caller: Caller, kib: usize) -> Option<Taken<'_>> {
        let part = self.parts.enter(caller, kib, self.part)?;
        let all = self.all.try_acquire_many(u32::try_from(kib).ok()?).ok()?;
        Some(Taken { all, part })
    }
}

/// What a body has of the room.
pub(super) struct Taken<'a> {
    all: SemaphorePermit<'a>,
    part: Place,
}

impl Taken<'_> {
    fn kib(&self) -> usize {
        self.all.num_permits()
    }
}

/// A body, and what it has of the room, which is given back when the request is answered.
pub(super) struct Received<'a> {
    pub(super) bytes: Bytes,
    pub(super) room: Option<Taken<'a>>,
}

/// Reads a body of at most `limit` bytes, which that caller sends.
pub(super) async fn read<'a>(
    body: Body,
    headers: &HeaderMap,
    limit: usize,
    room: &'a Room,
    caller: Caller,
) -> Result<Received<'a>, Problem> {
    let too_large =
        || Problem::new(Kind::TooLarge, format!("at most {limit} bytes")).with("limit", limit);
    // Refused by its announcement, before a byte of it is read.
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = Limited::new(body, limit);
    let receiving = async {
        let mut received = Received {
            bytes: Bytes::new(),
            room: None,
        };
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    too_large()
                } else {
                    Problem::new(Kind::Slow, "the body ended before it was whole")
                }
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            bytes.extend_from_slice(&data);
            let held = received.room.as_ref().map_or(0, Taken::kib);
            let more = bytes.len().div_ceil(1024).saturating_sub(held);
            let more = room.take(caller, more).ok_or_else(|| {
                let text = "the requests under way, or those of this address, have as many bytes as the node keeps";
                Problem::new(Kind::Unavailable, text).retry_after(Duration::from_secs(1))
            })?;
            match &mut received.room {
                None => received.room = Some(more),
                Some(held) => {
                    held.all.merge(more.all);
                    held.part.merge(more.part);
                }
            }
        }
        received.bytes = bytes.into();
        Ok(received)
    };
    tokio::time::timeout(ARRIVAL, receiving)
        .await
        .unwrap_or_else(|_| {
            let text = format!("the body took over {} s", ARRIVAL.as_secs());
            Err(Problem::new(Kind::Slow, text))
        })
}

/// The type that the request says its body has.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let wrong = || {
        Problem::new(
            Kind::MediaType,
            "application/json or application/octet-stream",
        )
        .at("Content-Type")
    };
    let value = headers.get(header::CONTENT_TYPE).ok_or_else(wrong)?;
    let essence = value
        .to_str()
        .map_err(|_| wrong())?
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(Media::Json)
    } else if essence.eq_ignore_ascii_case("application/octet-stream") {
        Ok(Media::Binary)
    } else {
        Err(wrong())
    }
}

/// Parses the body of a command; an empty one is `{}`.
pub(super) fn command<T: DeserializeOwned>(
    media: Option<Media>,
    bytes: &[u8],
) -> Result<T, Problem> {
    match media {
        None => json(b"{}"),
        Some(Media::Json) => json(bytes),
        Some(Media::Binary) => {
            Err(Problem::new(Kind::MediaType, "application/json").at("Content-Type"))
        }
    }
}

/// Parses a body; the problem names the path of the field that is wrong.
///
/// A duplicate field, an unknown one, a list in the place of an object, and anything after the document are errors: two
/// readers must not see two requests. Nesting is bounded by the parser.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Lists would be read as the members in their order: a second spelling of each document.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::field("body", "expected a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let objects = Objects::new(&mut deserializer);
    let value = serde_path_to_error::deserialize(objects).map_err(|error| {
        let path = error.path().to_string();
        // A question mark is a member that was not read as far as its name.
        let path = path.trim_end_matches(['.', '?']);
        let field = if path.is_empty() { "body" } else { path };
        Problem::field(field.to_owned(), error.inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::field("body", error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The caller whose address has this as its last number.
    fn caller(last: u8) -> Caller {
        Caller::at([192, 0, 2, last].into())
    }

    fn received(
        length: usize,
        limit: usize,
        room: &Room,
        last: u8,
    ) -> Result<Received<'_>, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let body = Body::from(vec![b'x'; length]);
        runtime.block_on(read(body, &HeaderMap::new(), limit, room, caller(last)))
    }

    /// What ends before a member has its name is told to be in what was read; and nothing is told to be at "?".
    #[test]
    fn what_cannot_be_read_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            #[expect(dead_code, reason = "read, and never looked at")]
            inner: Vec<std::collections::BTreeMap<String, u32>>,
        }
        for (text, field) in [
            ("{", "body"),
            ("{\"inner", "body"),
            ("{\"inner\":[{}]", "body"),
            ("{\"inner\":[{", "inner[0]"),
            ("{\"inner\":[{\"a\":-1}]}", "inner[0].a"),
            ("{\"inner\":[]} ,", "body"),
        ] {
            let problem = json::<Outer>(text.as_bytes()).unwrap_err();
            let named = problem.document()["field"].clone();
            assert_eq!(named, field, "{text}");
        }
    }

    /// Neither the whole nor anything in it: the field is told.
    #[test]
    fn a_list_is_no_object() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "read, and never looked at")]
        struct Outer {
            inner: Vec<Inner>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "read, and never looked at")]
        struct Inner {
            number: u32,
        }
        json::<Outer>(b"{\"inner\":[{\"number\":1}]}").unwrap();
        for (text, field) in [
            ("[[{\"number\":1}]]", "body"),
            ("{\"inner\":[[1]]}", "inner[0]"),
            ("{\"inner\":[{\"number\":1},[1]]}", "inner[1]"),
        ] {
            let document = json::<Outer>(text.as_bytes()).unwrap_err().document();
            assert_eq!(document["field"], field, "{document}");
            assert!(
                document["detail"].as_str().unwrap().contains("object"),
                "{document}"
            );
        }
    }

    /// However many requests there are: their bodies have so much room together, and give it back.
    #[test]
    fn bodies_share_their_room() {
        let room = Room::new(16);
        let left = || room.all.available_permits();
        let limit = 1 << 20;
        let one = received(3 << 10, limit, &room, 1).unwrap();
        assert_eq!((one.bytes.len(), left()), (3 << 10, 13));
        // a network has a quarter, and keeps nothing of what is refused
        let refused = |length, last| {
            let refused = received(length, limit, &room, last).map(|_| ());
            assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
        };
        refused(1025, 1);
        let small = received(1, limit, &room, 1).unwrap();
        refused(1, 1);
        assert_eq!(left(), 12);
        let others = [2, 3, 4].map(|last| received(4 << 10, limit, &room, last).unwrap());
        refused(1, 5);
        // Nothing takes nothing.
        received(0, limit, &room, 5).unwrap();
        drop((one, small, others));
        assert_eq!(left(), 16);
        drop(received(4 << 10, limit, &room, 1).unwrap());
        let large = received(9, 8, &room, 1).map(|_| ()).unwrap_err();
        assert_eq!(large.kind(), Kind::TooLarge);
        assert_eq!(left(), 16);
    }
}
