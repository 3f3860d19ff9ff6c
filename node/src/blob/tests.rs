//! Both stores keep what they are given, under its hash.

use std::{net::TcpListener, sync::Arc};

use winterlane_ledger::BatchNumber;

use super::{BlobError, Blobs, Folder, Kind, Name, S3, bucket::Bucket, open, sign::Credentials};

fn name(bytes: &[u8]) -> Name {
    Name {
        rollup: [0xab; 32],
        batch: BatchNumber::new(7),
        kind: Kind::Proof,
        hash: *blake3::hash(bytes).as_bytes(),
    }
}

/// What holds for every store.
fn conforms(blobs: &dyn Blobs) {
    let large = vec![0x5a; 3 << 20];
    for bytes in [&b""[..], b"a proof", &large] {
        let name = name(bytes);
        assert!(!blobs.has(&name).unwrap());
        assert_eq!(blobs.get(&name).unwrap(), None);
        blobs.remove(&name).unwrap();
        for _ in 0..2 {
            blobs.put(&name, bytes).unwrap();
            assert!(blobs.has(&name).unwrap());
            assert_eq!(blobs.get(&name).unwrap().as_deref(), Some(bytes));
        }
        let other = Name {
            batch: BatchNumber::new(8),
            ..name
        };
        assert!(!blobs.has(&other).unwrap());
        let other = Name {
            kind: Kind::Witness,
            ..name
        };
        assert!(!blobs.has(&other).unwrap());
        blobs.remove(&name).unwrap();
        assert!(!blobs.has(&name).unwrap());
    }
    // bytes of another hash are told, not given
    let name = name(b"a proof");
    blobs.put(&name, b"a prooF").unwrap();
    assert_eq!(
        blobs.fetch(&name).unwrap().as_deref(),
        Some(&b"a prooF"[..])
    );
    assert!(matches!(blobs.get(&name), Err(BlobError::Damaged { .. })));
    blobs.put(&name, b"a proof").unwrap();
    blobs.get(&name).unwrap();
    // and no more is read than there may be
    let huge = vec![0x5a; Kind::Proof.most_bytes() + 1];
    let name = self::name(&huge);
    blobs.put(&name, &huge).unwrap();
    assert!(matches!(blobs.get(&name), Err(BlobError::TooLarge { .. })));
    blobs.remove(&name).unwrap();
    let huge = &huge[1..];
    let name = self::name(huge);
    blobs.put(&name, huge).unwrap();
    assert_eq!(blobs.get(&name).unwrap().as_deref(), Some(huge));
    blobs.remove(&name).unwrap();
}

#[test]
fn a_folder_conforms_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Folder::open(folder.path().join("deep/er")).unwrap();
    conforms(&blobs);
    blobs.remove(&name(b"a proof")).unwrap();
    let rollup = folder.path().join("deep/er").join("ab".repeat(32));
    assert_eq!(std::fs::read_dir(rollup).unwrap().count(), 0);
}

#[test]
fn writers_of_one_object_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Folder::open(folder.path()).unwrap();
    let bytes = vec![3; 100_000];
    let name = name(&bytes);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    blobs.put(&name, &bytes).unwrap();
                    assert_eq!(blobs.get(&name).unwrap().as_ref(), Some(&bytes));
                }
            });
        }
    });
}

#[test]
fn a_store_is_told_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for address in [path.to_owned(), format!("file://{path}")] {
        assert!(format!("{:?}", open(&address).unwrap()).starts_with("Folder"));
    }
    for address in ["", "ftp://x/y", "file://"] {
        assert!(matches!(open(address), Err(BlobError::Address { .. })));
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(
        open(&format!("{path}/file/x")),
        Err(BlobError::File { .. })
    ));
}

#[test]
fn a_bucket_conforms_and_its_refusals_have_words() {
    let bucket = Bucket::serve();
    let address = format!("s3://proofs/deep/er?endpoint={}", bucket.endpoint);
    let blobs = S3::with(&address, Some(Credentials::new("key", "secret"))).unwrap();
    conforms(&blobs);
    assert_eq!(
        bucket.names(),
        [format!("/proofs/deep/er/{}", name(b"a proof"))]
    );

    bucket.fill(true);
    assert_eq!(bucket.refused(), 0);
    let said = blobs.put(&name(b"more"), b"more").unwrap_err().to_string();
    assert!(
        said.contains("507") && said.contains("InsufficientStorage"),
        "{said}"
    );
    // whoever reads the error cannot send the request again
    assert!(!said.contains("X-Amz-Signature"), "{said}");
    assert_eq!(bucket.refused(), 1);
    let other = S3::with(&address, Some(Credentials::new("somebody", "else"))).unwrap();
    let said = other.has(&name(b"more")).unwrap_err().to_string();
    assert!(said.contains("403"), "{said}");
    // nobody listens: the error names the host and not the signed address
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = nobody.local_addr().unwrap();
    drop(nobody);
    let address = format!("s3://proofs?endpoint=http://{gone}");
    let blobs = S3::with(&address, Some(Credentials::new("key", "secret"))).unwrap();
    let said = blobs.has(&name(b"more")).unwrap_err().to_string();
    assert!(
        said.contains("127.0.0.1") && !said.contains("X-Amz"),
        "{said}"
    );
}

/// TLS to the object store: who shows the certificate is believed, nobody else is, and nothing is sent without it.
#[test]
fn a_bucket_behind_tls_conforms_and_strangers_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let issue = |name: &str, host: &str| {
        let issued = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, issued.cert.pem()).unwrap();
        let key = issued.signing_key.serialize_der().try_into().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        (file.display().to_string(), Arc::new(config))
    };
    let (ca, config) = issue("here.pem", "127.0.0.1");
    let (other, _) = issue("other.pem", "127.0.0.1");
    let (elsewhere, named_otherwise) = issue("elsewhere.pem", "elsewhere.example");
    let at = |bucket: &Bucket, ca: &str| {
        let address = format!("s3://proofs/x?endpoint={}{ca}", bucket.endpoint);
        S3::with(&address, Some(Credentials::new("key", "secret"))).unwrap()
    };
    let bucket = Bucket::serve_tls(config);
    conforms(&at(&bucket, &format!("&ca={ca}")));
    let count = bucket.names().len();
    // by a public authority, by another certificate, by another name: not believed, and in words
    let wrong = Bucket::serve_tls(named_otherwise);
    let strangers = [
        at(&bucket, ""),
        at(&bucket, &format!("&ca={other}")),
        at(&wrong, &format!("&ca={elsewhere}")),
    ];
    for stranger in strangers {
        let said = stranger.put(&name(b"more"), b"more").unwrap_err();
        assert!(matches!(said, BlobError::Unreachable { .. }), "{said}");
        let said = said.to_string();
        assert!(said.contains("certificate"), "{said}");
    }
    assert_eq!((bucket.names().len(), wrong.names().len()), (count, 0));
    let none = folder.path().join("none.pem");
    std::fs::write(&none, "nothing").unwrap();
    for (file, reason) in [
        (none.display().to_string(), "no certificate"),
        ("/nowhere".into(), "/nowhere"),
    ] {
        let address = format!("s3://proofs?ca={file}");
        let error = S3::with(&address, Some(Credentials::new("key", "secret"))).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
