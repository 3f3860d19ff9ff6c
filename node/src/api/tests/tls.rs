//! TLS: who is spoken to, and certificates that change while connections are open.

use std::path::{Path, PathBuf};

use winterlane_wallet::client::{Ask as _, ClientConfig as WalletConfig, NodeClient};

use super::*;
use crate::{
    client::ClientError,
    config::Config,
    serve::{ServeError, certificate},
    tls::{Tls, TlsError},
};

/// A self-signed certificate in a folder, with its key.
fn issue(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (
        folder.join(format!("{name}.pem")),
        folder.join(format!("{name}.key")),
    );
    std::fs::write(&certificate, issued.cert.pem()).unwrap();
    write_key(&key, &issued.signing_key.serialize_pem());
    (certificate, key)
}

fn write_key(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Serves the interface with TLS too; where.
fn with_tls(served: &mut Served, tls: &Arc<Tls>) -> String {
    served.api.served_by(Arc::clone(tls));
    let listener = served
        .runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = server::serve(
        listener,
        served.api.router(),
        Some(Arc::clone(tls)),
        patient(),
        served.stop.subscribe(),
    );
    served
        .tasks
        .push(served.runtime.spawn(async move { serve.await.unwrap() }));
    format!("https://localhost:{port}")
}

/// Asks once: nobody waits for what does not come.
fn client(address: &str, trusted: &Path) -> NodeClient {
    let config = WalletConfig {
        attempts: 1,
        ..WalletConfig::default()
    };
    NodeClient::new(address, Some(trusted), config).unwrap()
}

#[test]
fn the_interface_is_served_to_those_who_trust_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::new();
    let (certificate, key) = issue(folder.path(), "node");
    let (other, _) = issue(folder.path(), "other");
    let tls = Arc::new(Tls::open(certificate.clone(), key).unwrap());
    let address = with_tls(&mut served, &tls);
    let status = client(&address, &certificate).status().unwrap();
    assert_eq!(status.domain, domain());
    assert!(client(&address, &other).status().is_err());
    // Another name than the certificate's, and no TLS at all.
    let by_number = address.replace("localhost", "127.0.0.1");
    assert!(client(&by_number, &certificate).status().is_err());
    assert!(
        client(&address.replace("https", "http"), &certificate)
            .status()
            .is_err()
    );
    // Whoever begins no handshake keeps nobody else out.
    let _silent = std::net::TcpStream::connect(address.strip_prefix("https://").unwrap()).unwrap();
    client(&address, &certificate).status().unwrap();

    // Operators' requests too.
    let operator = served.holder("oper", Role::Operator);
    let roots = std::fs::read(&certificate).unwrap();
    let environment = served.keys.environment().clone();
    let operators = Client::trusting(&address, environment, &roots)
        .unwrap()
        .with_keys(vec![HeldKey {
            id: operator.id,
            key: operator.key,
        }])
        .with_clock(Arc::new(served.world.clock.clone()));
    let own = served
        .runtime
        .block_on(operators.get("/v1/admin/self"))
        .unwrap();
    assert_eq!(own["client"], "oper");
    let none = Client::trusting(&address, served.keys.environment().clone(), b"").unwrap_err();
    assert!(matches!(none, ClientError::Certificate { .. }), "{none}");
}

#[test]
fn a_certificate_is_replaced_under_open_connections() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::new();
    let (certificate, key) = issue(folder.path(), "node");
    let before = folder.path().join("before.pem");
    std::fs::copy(&certificate, &before).unwrap();
    let tls = Arc::new(Tls::open(certificate.clone(), key.clone()).unwrap());
    let address = with_tls(&mut served, &tls);
    // Its connection is kept: it goes on with the certificate that it began with.
    let early = client(&address, &before);
    early.status().unwrap();

    // Files that are no pair change nothing.
    let (next, next_key) = issue(folder.path(), "next");
    std::fs::copy(&next, &certificate).unwrap();
    let operator = served.holder("oper", Role::Operator);
    let reload = || served.signed(&operator, "POST", "/v1/admin/reload-certificate", b"");
    problem(&reload(), "conflict");
    client(&address, &before).status().unwrap();

    std::fs::copy(&next_key, &key).unwrap();
    let reply = reload();
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    client(&address, &next).status().unwrap();
    assert!(client(&address, &before).status().is_err());
    early.status().unwrap();
    let lines = String::from_utf8(served.keys.audit_lines(0, 100).unwrap()).unwrap();
    assert!(lines.contains("\"act\":\"reload-certificate\""), "{lines}");
}

#[test]
fn files_that_are_no_certificate_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = issue(folder.path(), "node");
    let (_, other) = issue(folder.path(), "other");
    let open = |certificate: &Path, key: &Path| Tls::open(certificate.to_owned(), key.to_owned());
    open(&certificate, &key).unwrap();
    let error = open(&certificate, &other).unwrap_err();
    assert!(matches!(error, TlsError::Pair { .. }), "{error}");
    let error = open(&key, &key).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
    let error = open(&certificate, &certificate.with_extension("none")).unwrap_err();
    assert!(matches!(error, TlsError::Io { .. }), "{error}");
    write_key(&other, "-----BEGIN PRIVATE KEY-----\nAA");
    let error = open(&certificate, &other).unwrap_err();
    assert!(matches!(error, TlsError::Content { .. }), "{error}");
    #[cfg(unix)]
    {
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .unwrap();
        let error = open(&certificate, &key).unwrap_err();
        assert!(
            matches!(error, TlsError::Exposed { mode: 0o644, .. }),
            "{error}"
        );
    }
}

#[test]
fn nothing_without_tls_is_open_to_other_machines_unless_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (own, key) = issue(folder.path(), "node");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let check = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        certificate(&config, folder.path())
    };
    let anywhere: std::net::SocketAddr = "0.0.0.0:8650".parse().unwrap();
    assert!(check(&|_| {}).unwrap().is_none());
    for address in [
        "0.0.0.0:1",
        "[::]:1",
        "192.0.2.7:1",
        "[2001:db8::1]:1",
        "[::ffff:192.0.2.7]:1",
    ] {
        let error = check(&|config| config.listen.address = address.parse().unwrap()).unwrap_err();
        assert!(
            matches!(
                error,
                ServeError::Plain {
                    setting: "listen.address",
                    ..
                }
            ),
            "{error}"
        );
        let error = check(&|config| config.listen.health = address.parse().unwrap()).unwrap_err();
        assert!(
            matches!(
                error,
                ServeError::Plain {
                    setting: "listen.health",
                    ..
                }
            ),
            "{error}"
        );
    }
    for address in [
        "127.0.0.1:1",
        "127.8.0.1:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        check(&|config| config.listen.address = address.parse().unwrap()).unwrap();
    }
    check(&|config| {
        config.listen.address = anywhere;
        config.listen.plain_anywhere = true;
    })
    .unwrap();
    // With TLS the interface may be anywhere; health has none.
    let with_tls = |config: &mut Config| {
        config.listen.address = anywhere;
        config.listen.certificate = name(&own);
        config.listen.key = name(&key);
    };
    assert!(check(&with_tls).unwrap().is_some());
    let error = check(&|config| {
        with_tls(config);
        config.listen.health = anywhere;
    })
    .unwrap_err();
    assert!(
        matches!(
            error,
            ServeError::Plain {
                setting: "listen.health",
                ..
            }
        ),
        "{error}"
    );
    let error = check(&|config| config.listen.key = name(&key)).unwrap_err();
    assert!(matches!(error, ServeError::HalfTls), "{error}");
}
