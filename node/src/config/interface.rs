//! Settings of the interface and of operators' keys.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};
use winterlane_machine::address::shown;

use crate::{
    api::{ApiConfig, server::ServerConfig},
    keys::{Environment, Scope, Scopes},
};

/// The interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Interface {
    /// Where operators' keys count.
    pub environment: Environment,
    /// What callers without credentials may do.
    #[serde(deserialize_with = "open")]
    pub open: Scopes,
    /// Requests a second of one address.
    pub requests_per_second: u32,
    /// Requests a second of one key.
    pub key_requests_per_second: u32,
    /// Requests at once.
    #[serde(deserialize_with = "super::values::count")]
    pub concurrency: usize,
    /// Connections at once.
    #[serde(deserialize_with = "super::values::count")]
    pub connections: usize,
    /// Connections of one address.
    #[serde(deserialize_with = "super::values::count")]
    pub connections_per_address: usize,
    /// Listeners of events at once.
    #[serde(deserialize_with = "super::values::count")]
    pub listeners: usize,
    /// Seconds that a request may take.
    pub timeout_seconds: u32,
    /// Seconds that requests have to end when the node stops.
    pub grace_seconds: u32,
    /// Who is told what happens.
    pub webhooks: Vec<WebhookSetting>,
}

/// Who is told what happens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSetting {
    /// `http://HOST:PORT/PATH`, or `https://`.
    pub url: String,
    /// Only alarms and acts of operators, or batches too.
    #[serde(default)]
    pub alarms_only: bool,
}

impl fmt::Debug for WebhookSetting {
    /// Without the path, which may be all that keeps strangers from the receiver.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSetting")
            .field("url", &shown(&self.url))
            .field("alarms_only", &self.alarms_only)
            .finish()
    }
}

impl Default for Interface {
    fn default() -> Self {
        let ApiConfig {
            open,
            requests_per_second,
            key_requests_per_second,
            concurrency,
            listeners,
            timeout,
        } = ApiConfig::default();
        let ServerConfig {
            connections,
            per_address,
            grace,
            ..
        } = ServerConfig::default();
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Self {
            environment: Environment::development(),
            open,
            requests_per_second,
            key_requests_per_second,
            concurrency,
            connections,
            connections_per_address: per_address,
            listeners,
            timeout_seconds: seconds(timeout),
            grace_seconds: seconds(grace),
            webhooks: Vec::new(),
        }
    }
}

impl Interface {
    /// The settings of the routes.
    #[must_use]
    pub fn api(&self) -> ApiConfig {
        ApiConfig {
            open: self.open,
            requests_per_second: self.requests_per_second,
            key_requests_per_second: self.key_requests_per_second,
            concurrency: self.concurrency.max(1),
            listeners: self.listeners,
            timeout: Duration::from_secs(self.timeout_seconds.max(1).into()),
        }
    }

    /// The settings of the listeners.
    #[must_use]
    pub fn server(&self) -> ServerConfig {
        ServerConfig {
            connections: self.connections.max(1),
            per_address: match self.connections_per_address {
                0 => usize::MAX,
                most => most,
            },
            grace: Duration::from_secs(self.grace_seconds.into()),
            ..ServerConfig::default()
        }
    }
}

/// Scopes that may be everyone's: nobody operates a node without a key.
fn open<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
    let scopes = Scopes::deserialize(deserializer)?;
    if scopes.within(Scopes::of(&[Scope::Read, Scope::Submit])) {
        Ok(scopes)
    } else {
        Err(de::Error::custom(
            "only read and submit can be open to everyone",
        ))
    }
}
