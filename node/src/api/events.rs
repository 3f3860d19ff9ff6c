//! What happens, as server-sent events; and the last alarms, for the page.

use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError, mpsc};

use super::{
    call::Call,
    crowd::{Crowd, Place, part},
    json as forms,
    limits::Caller,
    problem::{Kind, Problem},
};
use crate::{Alarm, Event, clock::UnixTime};

/// How often a silent stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for a slow listener before it is behind.
const QUEUE: usize = 256;
/// How many alarms are kept.
const ALARMS: usize = 50;

/// Places for listeners. A stream lasts for as long as its listener likes, so that one caller has a part of them alone: an
/// address, or a key, whose holder is not kept out by strangers at the same address.
#[derive(Debug)]
pub(super) struct Listeners {
    all: Arc<Semaphore>,
    parts: Crowd,
    part: usize,
}

impl Listeners {
    pub(super) fn new(all: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            parts: Crowd::default(),
            part: part(all),
        }
    }

    /// A place, if one is left, also of the caller's part.
    fn enter(&self, caller: Caller) -> Option<(OwnedSemaphorePermit, Place)> {
        let part = self.parts.enter(caller, 1, self.part)?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some((all, part))
    }
}

pub(super) async fn stream(call: Call) -> Result<Response, Problem> {
    let place = call.api.listeners.enter(call.caller).ok_or_else(|| {
        let text = "as many listeners as there may be, or as one caller may have; ask for /v1/status now and then instead";
        Problem::new(Kind::Busy, text).retry_after(Duration::from_secs(30))
    })?;
    let mut events = call.api.node.subscribe();
    let mut stopping = call.api.stopping.clone();
    let (api, key) = (call.api, call.identity.map(|identity| identity.key));
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            let text = tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => message(name(&event), &forms::to_value(&event)),
                    // The store has everything that events say: the listener reads it there.
                    Err(RecvError::Lagged(missed)) => message("missed", &json!({ "events": missed })),
                    Err(RecvError::Closed) => break,
                },
                _ = heartbeat.tick() => Bytes::from_static(b": \n\n"),
                _ = stopping.changed() => break,
                () = sender.closed() => break,
            };
            // A stream lasts for as long as its listener likes, and a key does not. Nothing is told after its end.
            if key.is_some_and(|key| !api.keys.is_live(key)) {
                break;
            }
            // A listener that does not read is dropped; it comes back and reads the store.
            if sender.try_send(text).is_err() {
                break;
            }
        }
    });
    let body = Body::new(Listener {
        receiver,
        _place: place,
    });
    let kind = HeaderValue::from_static("text/event-stream");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Accepted { .. } => "accepted",
        Event::Sealed { .. } => "sealed",
        Event::Proven { .. } => "proven",
        Event::Published { .. } => "published",
        Event::Paused => "paused",
        Event::Resumed => "resumed",
        Event::ReadOnly { .. } => "read-only",
        Event::Alarm(_) => "alarm",
    }
}

/// One event. JSON has no line breaks of its own, so that one line of data is enough.
fn message(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// The body of a stream: what comes out of the channel. Its place is given back with it.
struct Listener {
    receiver: mpsc::Receiver<Bytes>,
    _place: (OwnedSemaphorePermit, Place),
}

impl http_body::Body for Listener {
    type Data = Bytes;
    type Error = core::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.receiver
            .poll_recv(context)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The last alarms since the node was started.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    alarms: Mutex<VecDeque<Value>>,
    reuses: AtomicU64,
}

impl Alerts {
    pub(super) fn note(&self, event: &Event, now: UnixTime) {
        if let Event::Alarm(Alarm::KeyReuse { .. }) = event {
            self.reuses.fetch_add(1, Ordering::Relaxed);
        }
        if !matches!(
            event,
            Event::Alarm(_) | Event::ReadOnly { .. } | Event::Paused | Event::Resumed
        ) {
            return;
        }
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        if alarms.len() == ALARMS {
            alarms.pop_back();
        }
        alarms.push_front(json!({ "time": now.millis(), "event": forms::to_value(event) }));
    }

    /// How often a one-time key signed two messages.
    pub(super) fn reuses(&self) -> u64 {
        self.reuses.load(Ordering::Relaxed)
    }

    pub(super) fn list(&self) -> Vec<Value> {
        self.alarms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
