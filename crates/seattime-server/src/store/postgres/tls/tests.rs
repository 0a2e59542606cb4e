//! TLS before real databases with certificates that are made for it.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};

use super::*;
use crate::store::Store;
use crate::store::postgres::PostgresStore;
use seattime_testing::cluster::{self, Cluster};

/// The name under which the tests reach 127.0.0.1.
const HOST: &str = "db.seattime.test";
/// What is refused would be again: nobody waits for over eight seconds of tries.
const LESS_THAN_TRIES: std::time::Duration = std::time::Duration::from_secs(7);

#[test]
fn settings_are_taken_out_of_the_address_and_wrong_ones_are_told() {
    let require = || Wanted { mode: Some(SslMode::Require), ..Wanted::default() };
    #[rustfmt::skip]
    let cases = [
        ("postgres://h/d",                                ("postgres://h/d",                 Wanted::default())),
        ("postgres://h/d?sslmode=require",                ("postgres://h/d",                 require())),
        ("postgres://h/d?sslmode=verify-ca&port=5433",    ("postgres://h/d?port=5433",       require())),
        ("postgres://h/d?sslmode=verify-full",            ("postgres://h/d",                 require())),
        ("postgres://h/d?user=a&sslmode=prefer",          ("postgres://h/d?user=a",          Wanted { mode: Some(SslMode::Prefer), ..Wanted::default() })),
        ("postgres://h/d?sslmode=disable",                ("postgres://h/d",                 Wanted { mode: Some(SslMode::Disable), ..Wanted::default() })),
        ("postgres://h/d?sslrootcert=/a.pem",             ("postgres://h/d",                 Wanted { roots: Some("/a.pem".into()), ..require() })),
        ("postgres://h/d?sslrootcert=system",             ("postgres://h/d",                 require())),
        ("postgres://h/d?sslcert=/c&sslkey=/k",           ("postgres://h/d",                 Wanted { certificate: Some("/c".into()), key: Some("/k".into()), ..require() })),
    ];
    for (url, (read, wanted)) in cases {
        assert_eq!(Wanted::of(url), Ok((read.to_owned(), wanted)), "{url}");
    }
    let wrong = Wanted::of("postgres://h/d?sslmode=verify_full").unwrap_err();
    assert!(wrong.starts_with("sslmode=verify_full; expected disable, prefer,"), "{wrong}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, text).unwrap();
        path
    };
    let empty = file("empty.pem", "no certificate\n");
    let damaged = file("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let authority = Authority::new("ours");
    let good = file("good.pem", &authority.0.pem());
    #[rustfmt::skip]
    let cases = [
        ("sslrootcert=/nowhere.pem".to_owned(),              "sslrootcert=/nowhere.pem: "),
        (format!("sslrootcert={empty}"),                     "there is none in it; expected certificates, as PEM"),
        (format!("sslrootcert={damaged}"),                   "expected certificates, as PEM"),
        (format!("sslcert={good}"),                          "one of sslcert=FILE and sslkey=FILE"),
        (format!("sslcert={good}&sslkey={good}"),            "expected the private key of sslcert"),
    ];
    for (settings, expected) in cases {
        let wanted = Wanted::of(&format!("postgres://h/d?{settings}")).unwrap().1;
        let reason = wanted.client().unwrap_err();
        assert!(reason.contains(expected), "{settings}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_believed_by_its_certificate_alone() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, text).unwrap();
        path
    };
    let (ours, others, namesake) = (Authority::new("ours"), Authority::new("others"), Authority::new("ours"));
    let own = authority_as_server();
    let (trusted, strange) = (file("ours.pem", &ours.0.pem()), file("others.pem", &others.0.pem()));
    let renewed = file("namesake.pem", &namesake.0.pem());
    let alone = file("own.pem", &own.0);
    let good = secured(&programs, &ours.server(HOST, 2_100), &[]);
    let expired = secured(&programs, &ours.server(HOST, 2_020), &[]);
    let itself = secured(&programs, &own, &[]);
    let plain = Cluster::start_with_files(&programs, &[], &[]).unwrap();
    let asks = secured(
        &programs,
        &ours.server(HOST, 2_100),
        &[("root.crt", &ours.0.pem()), ("pg_hba.conf", "local all all trust\nhostssl all all all cert\n")],
    );
    let client = |authority: &Authority, name: &str| {
        let (certificate, key) = authority.client("seattime");
        let certificate = file(&format!("{name}.pem"), &certificate);
        format!(
            "&sslmode=verify-full&sslrootcert={trusted}&sslcert={certificate}&sslkey={}",
            file(&format!("{name}.key"), &key)
        )
    };
    let (known, unknown) = (client(&ours, "known"), client(&others, "unknown"));

    let full = format!("&sslmode=verify-full&sslrootcert={trusted}");
    // What is said, or nothing where a server starts on it and has TLS, or none.
    #[rustfmt::skip]
    let cases = [
        (&good,    HOST,                full.clone(),                                            Ok(true)),
        (&good,    HOST,                format!("&sslmode=require&sslrootcert={trusted}"),       Ok(true)),
        (&good,    HOST,                format!("&sslmode=prefer&sslrootcert={trusted}"),        Ok(true)),
        (&good,    HOST,                "&sslmode=disable".to_owned(),                           Ok(false)),
        // Without a word, TLS is required under a name of another machine.
        (&good,    HOST,                format!("&sslrootcert={trusted}"),                       Ok(true)),
        (&plain,   HOST,                "&sslmode=prefer".to_owned(),                            Ok(false)),
        (&plain,   HOST,                "&sslmode=disable".to_owned(),                           Ok(false)),
        (&plain,   HOST,                full.clone(),                                            Err("the database has no TLS; expected it")),
        (&plain,   HOST,                String::new(),                                           Err("the database has no TLS; expected it")),
        (&good,    "other.example",     full.clone(),                                            Err("is for DnsName(\"db.seattime.test\"); expected other.example; use a host that it is for")),
        (&good,    "127.0.0.1",         full.clone(),                                            Err("expected 127.0.0.1; use a host that it is for")),
        (&good,    HOST,                format!("&sslmode=verify-full&sslrootcert={strange}"),   Err("nobody who is trusted here signed")),
        (&good,    HOST,                format!("&sslmode=verify-full&sslrootcert={renewed}"),   Err("nobody who is trusted here signed")),
        (&good,    HOST,                "&sslmode=verify-full&sslrootcert=system".to_owned(),    Err("nobody who is trusted here signed")),
        // Whoever answers for the database cannot have prefer take any certificate.
        (&good,    HOST,                format!("&sslmode=prefer&sslrootcert={strange}"),        Err("nobody who is trusted here signed")),
        (&expired, HOST,                full.clone(),                                            Err("expected one that is valid now; renew it")),
        (&itself,  HOST,                format!("&sslmode=require&sslrootcert={alone}"),         Err("that is no authority itself")),
        (&asks,    HOST,                known,                                                   Ok(true)),
        (&asks,    HOST,                unknown,                                                 Err("name one that it trusts with sslcert=FILE and sslkey=FILE")),
        (&asks,    HOST,                full,                                                    Err("connection requires a valid client certificate")),
    ];
    for (cluster, host, settings, expected) in cases {
        let url = cluster.tcp_url(host, &settings);
        let opened = tokio::time::timeout(LESS_THAN_TRIES, PostgresStore::open(&url)).await;
        let opened = opened.unwrap_or_else(|_| panic!("{url}: it is tried again and again"));
        let found = opened.map_err(|error| error.to_string());
        match (found, expected) {
            (Ok(store), Ok(is_secured)) => {
                store.latest_ms().await.unwrap();
                assert_eq!(is_encrypted(cluster), is_secured, "{url}");
            }
            (Err(said), Err(expected)) => {
                assert!(said.contains(expected), "{url}: {said}");
            }
            (found, expected) => panic!("{url}: {:?}; expected {expected:?}", found.map(|_| "a store")),
        }
    }
}

/// Whether the newest connection of a server has TLS.
fn is_encrypted(cluster: &Cluster) -> bool {
    let newest = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'seattime' \
                  ORDER BY backend_start DESC LIMIT 1";
    cluster.ask(newest).unwrap() == "t"
}

/// A database that has TLS.
fn secured(programs: &Path, (certificate, key): &(String, String), files: &[(&str, &str)]) -> Cluster {
    let mut settings = vec!["ssl=on"];
    if files.iter().any(|it| it.0 == "root.crt") {
        settings.push("ssl_ca_file='root.crt'");
    }
    let files = [&[("server.crt", certificate.as_str()), ("server.key", key.as_str())], files].concat();
    Cluster::start_with_files(programs, &settings, &files).unwrap()
}

/// Who signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// The certificate of a server under `host` that is valid until `year`, and its key.
    fn server(&self, host: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.signed(params)
    }

    /// The certificate of a role, and its key.
    fn client(&self, role: &str) -> (String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, role);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signed(params)
    }

    fn signed(&self, params: CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A certificate that signed itself as an authority, as the quickest of recipes makes it, and its key.
fn authority_as_server() -> (String, String) {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}
