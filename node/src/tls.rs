//! TLS of the interface: a certificate and its key from files, which can be read again while connections are open.
//!
//! What is read anew counts for connections that begin afterwards. Those that are open keep what they began with, so that
//! none is dropped. Files that cannot be used change nothing.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use thiserror::Error;
use winterlane_machine::small;

/// Certificates and keys in PEM have at most that many bytes: those of all public authorities have a quarter of it.
pub(crate) const MAX_PEM_BYTES: u64 = 1 << 20;

/// Why a certificate is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Everybody can read the key.
    #[error("{path}: others can read the private key (mode {mode:o}): take their rights away, and think of a new key", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file has not what it should have.
    #[error("{path}: {what}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        what: String,
    },
    /// The key is not the certificate's, or is of a kind that is not supported.
    #[error("{certificate} and {key}: {source}", certificate = certificate.display(), key = key.display())]
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// A certificate with its key, as it was read last.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate chain, the own certificate first, and its private key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let current = RwLock::new(read(&certificate, &key)?);
        Ok(Self {
            certificate,
            key,
            current,
        })
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// [`TlsError`]; what was read before goes on.
    pub fn reload(&self) -> Result<(), TlsError> {
        let next = read(&self.certificate, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// What the next connection begins with.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let content = |path: &Path, what: String| TlsError::Content {
        path: path.to_owned(),
        what,
    };
    let bytes = |path: &Path| {
        small::read(path, MAX_PEM_BYTES).map_err(|source| TlsError::Io {
            path: path.to_owned(),
            source,
        })
    };
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| content(certificate, format!("no PEM: {error}")))?;
    if chain.is_empty() {
        return Err(content(certificate, "no certificate in PEM".to_owned()));
    }
    let secret = zeroize::Zeroizing::new(bytes(key)?);
    private(key)?;
    let secret = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|error| content(key, format!("no private key in PEM: {error}")))?;
    let pair = |source| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// That not everybody can read the key. A group may: that is how certificates are handed to services.
#[cfg(unix)]
fn private(key: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = std::fs::metadata(key).map_err(|source| TlsError::Io {
        path: key.to_owned(),
        source,
    })?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o007 == 0 {
        return Ok(());
    }
    Err(TlsError::Exposed {
        path: key.to_owned(),
        mode,
    })
}

/// Elsewhere an access list says who may read it.
#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), TlsError> {
    Ok(())
}

/// How a server is spoken to: its certificate must lead to one of those in `roots` (PEM), or, without, to one of the
/// public authorities'.
pub(crate) fn trusting(roots: Option<&[u8]>) -> Result<rustls::ClientConfig, String> {
    let mut store = rustls::RootCertStore::empty();
    match roots {
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| error.to_string())?;
                store.add(certificate).map_err(|error| error.to_string())?;
            }
        }
    }
    if store.is_empty() {
        return Err("no certificate in PEM".into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}
