//! The interface of a node in a process of its own: listeners, keys, webhooks, and their end in good order.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};

use crate::{
    Node,
    api::{
        Api, Proxies, health, install_metrics,
        server::{self, WATCHING},
    },
    client::ClientError,
    clock::SystemClock,
    config::Config,
    descriptors,
    keys::{Keys, KeysConfig, KeysError, PrivateKey},
    tls::{Tls, TlsError},
    webhook::Webhook,
};

/// The certificate of a configuration, if it has one, where its [`addresses`] are in order.
///
/// # Errors
/// [`ServeError`].
pub fn certificate(config: &Config, data: &Path) -> Result<Option<Tls>, ServeError> {
    addresses(config)?;
    let listen = &config.listen;
    if listen.certificate.is_empty() {
        return Ok(None);
    }
    let tls = Tls::open(data.join(&listen.certificate), data.join(&listen.key))?;
    Ok(Some(tls))
}

/// Whether a configuration's listeners can be what it says: nothing without TLS is open to other machines, and each has an
/// address of its own. No file is read.
///
/// # Errors
/// [`ServeError::HalfTls`], [`ServeError::Plain`], [`ServeError::Same`].
pub fn addresses(config: &Config) -> Result<(), ServeError> {
    let listen = &config.listen;
    let tls = match (listen.certificate.as_str(), listen.key.as_str()) {
        ("", "") => false,
        ("", _) | (_, "") => return Err(ServeError::HalfTls),
        _ => true,
    };
    let listeners = [
        ("listen.address", listen.address, !tls),
        ("listen.health", listen.health, true),
    ];
    let open = |(_, address, plain): &(&str, SocketAddr, bool)| {
        *plain && !address.ip().to_canonical().is_loopback()
    };
    if let Some((setting, address, _)) = listeners.into_iter().find(open)
        && !listen.plain_anywhere
    {
        return Err(ServeError::Plain { setting, address });
    }
    // port 0 is any that is free
    if listen.address == listen.health && listen.address.port() != 0 {
        let address = listen.address;
        return Err(ServeError::Same { address });
    }
    Ok(())
}

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
    /// The certificate cannot be used.
    #[error("listen.certificate, listen.key: {0}")]
    Tls(#[from] TlsError),
    /// One of certificate and key is given.
    #[error("listen.certificate and listen.key: give both, or neither")]
    HalfTls,
    /// Two listeners cannot have one address.
    #[error("listen.address and listen.health are both {address}: give each a port of its own")]
    Same {
        /// The address.
        address: SocketAddr,
    },
    /// Strangers on the network could read and change what is said.
    #[error(
        "{setting} = \"{address}\": other machines reach it, and it would be served without TLS: give listen.certificate and \
         listen.key{hint}, or say listen.plain_anywhere = true if a proxy has TLS or the network is your own",
        hint = if *setting == "listen.health" { " (for the interface; health never has TLS)" } else { "" }
    )]
    Plain {
        /// The setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
    },
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
    tls: Option<Arc<Tls>>,
}

impl Serving {
    /// Opens the keys in `data/keys`, listens, and serves.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn start(node: &Node, config: &Config, data: &Path) -> Result<Self, ServeError> {
        let tls = certificate(config, data)?.map(Arc::new);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("interface")
            .enable_all()
            .build()
            .map_err(ServeError::Threads)?;
        let folder = data.join("keys");
        let keys = KeysConfig::new(folder.clone(), config.interface.environment.clone());
        let keys = Arc::new(Keys::open(keys, Arc::new(SystemClock))?);
        node.trust(Arc::<Keys>::clone(&keys));
        let (stop, stopping) = watch::channel(false);
        let api = Api::new(
            node.clone(),
            Arc::clone(&keys),
            config.interface.api(),
            stopping.clone(),
        );
        if let Some(tls) = &tls {
            api.served_by(Arc::clone(tls));
        }

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
        // Whoever watches the node is not kept out by those who call it.
        let watching = settings.watching();
        let allowed = descriptors::connections(settings.connections + WATCHING) - WATCHING;
        let settings = settings.with_connections(allowed);
        let proxies = Proxies::new(config.listen.proxies.clone());
        for (listener, router, tls, settings) in [
            (interface, api.router(), tls.clone(), settings),
            (
                watched,
                health::router(&api, install_metrics()),
                None,
                watching,
            ),
        ] {
            let serve = server::serve_behind(
                proxies.clone(),
                listener,
                router,
                tls,
                settings,
                stopping.clone(),
            );
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
                tasks.push(runtime.spawn(webhook.run(
                    node,
                    Arc::clone(&keys),
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
            tls,
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

    /// Reads the certificate again, for connections to come; without TLS nothing happens.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate before goes on.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.reload())
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
