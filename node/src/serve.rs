//! The interface of a node in a process of its own: listeners, keys, webhooks, and their end in good order.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};

use crate::{
    Node,
    api::{Api, health, install_metrics, server},
    client::ClientError,
    clock::SystemClock,
    config::Config,
    keys::{Keys, KeysConfig, KeysError, PrivateKey},
    webhook::Webhook,
};

/// Why a node is not served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("{setting} = \"{address}\": {source}")]
    Listen {
        /// The setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The keys cannot be opened.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A webhook's address is none.
    #[error("webhooks.url: {0}")]
    Webhook(#[from] ClientError),
    /// The system gives no threads.
    #[error("the interface cannot be started: {0}")]
    Threads(#[source] io::Error),
}

/// A node that is served.
#[derive(Debug)]
pub struct Serving {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    api: Arc<Api>,
    address: SocketAddr,
    health: SocketAddr,
}

impl Serving {
    /// Opens the keys in `data/keys`, listens, and serves.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start(node: &Node, config: &Config, data: &Path) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("interface")
            .enable_all()
            .build()
            .map_err(ServeError::Threads)?;
        let folder = data.join("keys");
        let keys = KeysConfig::new(folder.clone(), config.interface.environment.clone());
        let keys = Arc::new(Keys::open(keys, Arc::new(SystemClock))?);
        let (stop, stopping) = watch::channel(false);
        let api = Api::new(
            node.clone(),
            Arc::clone(&keys),
            config.interface.api(),
            stopping.clone(),
        );

        let listen = |setting, address| {
            let listener = runtime.block_on(TcpListener::bind(address));
            listener.map_err(|source| ServeError::Listen {
                setting,
                address,
                source,
            })
        };
        let interface = listen("listen.address", config.listen.address)?;
        let watched = listen("listen.health", config.listen.health)?;
        let address_of =
            |listener: &TcpListener| listener.local_addr().map_err(ServeError::Threads);
        let (address, health_address) = (address_of(&interface)?, address_of(&watched)?);

        let mut tasks = Vec::new();
        let settings = config.interface.server();
        for (listener, router) in [
            (interface, api.router()),
            (watched, health::router(&api, install_metrics())),
        ] {
            let serve = server::serve(listener, router, settings, stopping.clone());
            tasks.push(runtime.spawn(async move {
                if let Err(error) = serve.await {
                    tracing::error!(%error, "a listener ended");
                }
            }));
        }
        tasks.push(runtime.spawn(Arc::clone(&api).housekeeping()));
        if !config.interface.webhooks.is_empty() {
            let signer = Arc::new(signer(&folder)?);
            tracing::info!(public = %signer.public(), "webhooks are signed by this key");
            for hook in &config.interface.webhooks {
                let webhook = Webhook::new(&hook.url, hook.alarms_only)?;
                let (node, keys) = (node.clone(), Arc::clone(&keys));
                tasks.push(runtime.spawn(webhook.run(
                    node,
                    keys,
                    Arc::clone(&signer),
                    stopping.clone(),
                )));
            }
        }
        Ok(Self {
            runtime,
            stop,
            tasks,
            api,
            address,
            health: health_address,
        })
    }

    /// Where the interface is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are.
    #[must_use]
    pub const fn health(&self) -> SocketAddr {
        self.health
    }

    /// Whether the storage of keys failed, so that the process must end.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.api.keys().failed()
    }

    /// Takes no more requests, and finishes those that are under way. The node must still run: they wait for it.
    pub fn stop(self) {
        self.stop.send_replace(true);
        self.runtime.block_on(async {
            for task in self.tasks {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a task of the interface");
                }
            }
        });
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

/// The node's own key: made once.
fn signer(folder: &Path) -> Result<PrivateKey, KeysError> {
    let path = folder.join("webhooks.key");
    if !path.exists() {
        PrivateKey::random()?.save(&path)?;
    }
    PrivateKey::load(&path)
}
