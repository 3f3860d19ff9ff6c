//! For whom a connection counts: each address has so many of a listener's.
//!
//! A connection is counted when it is accepted, before anything of it is read: for the other end, and for good. Not so one of a
//! proxy that is believed, since all clients come on such connections. It counts for the client whose request it carried last,
//! until it carries another's or ends; and for nobody before it has carried one, which is the proxy's affair. A client who has as
//! many as it may is answered that it is too much, on a quarter as many more connections; beyond, those are hung up on, as are a
//! direct client's. So no client keeps the others out through a proxy either, however slowly it sends and reads.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use tokio::sync::Notify;

use super::{
    call::ClientAddress,
    crowd::{Crowd, Place, part},
    limits::Caller,
    measures,
    problem::{Kind, Problem},
    proxies::Proxies,
};

/// The connections of a listener.
#[derive(Clone, Debug)]
pub(super) struct Callers {
    proxies: Proxies,
    /// The most of one caller on which requests are carried out; of those on which it is refused, a part of that.
    most: usize,
    /// Those on which requests are carried out.
    served: Crowd,
    /// Those on which a client is answered that it has too many.
    refused: Crowd,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    callers: Callers,
    peer: IpAddr,
    /// The place of whom it counts for. Each request on a proxy's connection has it changed.
    place: Mutex<Option<Place>>,
    /// Told when its client has far too many.
    overdrawn: Notify,
}

/// A request that is not carried out.
#[derive(Clone, Copy, Debug)]
struct TooMany;

impl Callers {
    /// None yet; of one caller there may be `most`.
    pub(super) fn new(proxies: Proxies, most: usize) -> Self {
        Self {
            proxies,
            most,
            served: Crowd::default(),
            refused: Crowd::default(),
        }
    }

    /// A connection from this address; `None` when there are as many of it as there may be.
    pub(super) fn connected(&self, peer: IpAddr) -> Option<Line> {
        let place = match self.proxies.believes(peer) {
            true => None,
            false => Some(self.served.enter(Caller::at(peer), 1, self.most)?),
        };
        Some(Line {
            callers: self.clone(),
            peer,
            place: Mutex::new(place),
            overdrawn: Notify::new(),
        })
    }

    /// The router, which carries nothing out for a client with too many connections.
    pub(super) fn guard(&self, router: Router) -> Router {
        if self.proxies.is_empty() {
            router
        } else {
            router.layer(middleware::from_fn(carry_out))
        }
    }
}

impl Line {
    /// Notes in a request who asks, and has the connection count for that client.
    pub(super) fn carries<B>(&self, request: &mut http::Request<B>) {
        let Callers { proxies, .. } = &self.callers;
        let client = proxies.client(self.peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        if proxies.believes(self.peer) {
            tracing::trace!(peer = %self.peer, %client, "a proxy's request");
            if !self.counts_for(Caller::at(client)) {
                request.extensions_mut().insert(TooMany);
            }
        }
    }

    /// Has it count for this client; `false` when that has as many as it may.
    fn counts_for(&self, client: Caller) -> bool {
        let Callers {
            most,
            served,
            refused,
            ..
        } = &self.callers;
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        // The place of the request before is free first: it may be the same client's last one.
        *place = None;
        *place = served.enter(client, 1, *most);
        if place.is_some() {
            return true;
        }
        *place = refused.enter(client, 1, part(*most));
        if place.is_none() {
            self.overdrawn.notify_one();
        }
        false
    }

    /// Waits until the connection has to be hung up on.
    pub(super) async fn overdrawn(&self) {
        self.overdrawn.notified().await;
    }
}

async fn carry_out(request: Request, next: Next) -> Response {
    if request.extensions().get::<TooMany>().is_none() {
        return next.run(request).await;
    }
    measures::refused(Kind::Busy);
    let text = "as many requests at once as one address may make";
    let problem = Problem::new(Kind::Busy, text).retry_after(Duration::from_secs(1));
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};
    use std::pin::pin;

    use super::*;

    fn callers() -> Callers {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Callers::new(proxies, 2)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// A proxy asks for this client: whether that is carried out.
    fn asks(line: &Line, client: &str) -> bool {
        let request = http::Request::get("/").header("x-forwarded-for", client);
        let mut request = request.body(()).unwrap();
        line.carries(&mut request);
        let ClientAddress(noted) = request.extensions().get().copied().unwrap();
        assert_eq!(noted, ip(client));
        request.extensions().get::<TooMany>().is_none()
    }

    fn is_cut(line: &Line) -> bool {
        let overdrawn = pin!(line.overdrawn());
        overdrawn.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn a_connection_counts_for_its_other_end() {
        let callers = callers();
        let held = [(); 2].map(|()| callers.connected(ip("192.0.2.1")).unwrap());
        assert!(callers.connected(ip("192.0.2.1")).is_none());
        // what it says of itself changes nothing
        let request = http::Request::get("/").header("x-forwarded-for", "192.0.2.2");
        let mut request = request.body(()).unwrap();
        held[0].carries(&mut request);
        let ClientAddress(noted) = request.extensions().get().copied().unwrap();
        assert_eq!(noted, ip("192.0.2.1"));
        assert!(callers.connected(ip("192.0.2.1")).is_none());
        assert!(callers.connected(ip("192.0.2.2")).is_some());
        drop(held);
        assert!(callers.connected(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn a_proxys_connection_counts_for_the_client_that_it_carried_last() {
        let callers = callers();
        // a proxy has as many as it likes
        let lines: Vec<_> = (0..8)
            .map(|_| callers.connected(ip("10.0.0.1")).unwrap())
            .collect();
        assert!(asks(&lines[0], "192.0.2.1") && asks(&lines[1], "192.0.2.1"));
        // again on its own ones, and not on a third
        assert!(asks(&lines[0], "192.0.2.1") && asks(&lines[1], "192.0.2.1"));
        assert!(!asks(&lines[2], "192.0.2.1"));
        assert!(asks(&lines[3], "192.0.2.2"));
        // one that carries another's is that one's
        assert!(asks(&lines[0], "192.0.2.2"));
        assert!(!asks(&lines[4], "192.0.2.2"));
        assert!(asks(&lines[2], "192.0.2.1"));
        // those that come straight are counted with those that come through the proxy
        assert!(callers.connected(ip("192.0.2.1")).is_none());
        assert!(lines.iter().all(|line| !is_cut(line)));
        // one that has ended is nobody's
        drop(lines);
        assert!(callers.connected(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn who_goes_on_is_hung_up_on() {
        let callers = callers();
        let lines: Vec<_> = (0..5)
            .map(|_| callers.connected(ip("10.0.0.1")).unwrap())
            .collect();
        let carried: Vec<_> = lines.iter().map(|line| asks(line, "192.0.2.1")).collect();
        assert_eq!(carried, [true, true, false, false, false]);
        let cut: Vec<_> = lines.iter().map(is_cut).collect();
        assert_eq!(cut, [false, false, false, true, true]);
        // addresses of one network of version 6 are one client
        let six: Vec<_> = (1..=3)
            .map(|last| {
                let line = callers.connected(ip("10.0.0.1")).unwrap();
                let carried = asks(&line, &format!("2001:db8::{last}"));
                (line, carried)
            })
            .collect();
        assert_eq!([true, true, false], [six[0].1, six[1].1, six[2].1]);
        assert!(asks(&lines[0], "2001:db8:0:1::1"));
    }
}
