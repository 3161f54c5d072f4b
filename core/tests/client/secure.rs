//! TLS, proxies and what the environment says of them. A process's environment is set before it starts, so these tests
//! start themselves again.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepass::{ConnectOptions, Credential, Error, ErrorKind, Gatepass};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::plain::{OWN, Plain};
use super::{client_of, options, own};

/// Names the test that a process started itself again for, and the server to ask.
const CHILD: &str = "GATEPASS_TEST_CHILD";
const CHILD_CA: &str = "GATEPASS_TEST_CA";

/// An authority, and a certificate with its key that it gave to these names.
struct Certificates {
    ca: String,
    chain: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

impl Certificates {
    fn for_names(names: &[&str]) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new([]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        Self { ca: ca_pem, chain: certificate.der().clone(), pem: certificate.pem(), key }
    }

    /// A server with this certificate, which asks its clients for one of these if there are any.
    fn server(&self, clients: Option<&Self>) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                let reqwest_reads_pem = clients.ca.as_bytes();
                for der in pem_blocks(reqwest_reads_pem) {
                    roots.add(der).unwrap();
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        builder.with_single_cert(vec![self.chain.clone()], key).unwrap()
    }

    /// Both in one, as a client shows it.
    fn identity(&self) -> String {
        format!("{}{}", self.pem, self.key.serialize_pem())
    }
}

fn pem_blocks(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    CertificateDer::pem_slice_iter(pem).map(Result::unwrap).collect()
}

async fn ask(gp: &Gatepass) -> Result<(), Error> {
    gp.request("GET", "/settings-service/properties", &[], None).await.map(drop)
}

#[tokio::test]
async fn only_a_server_that_a_trusted_authority_knows_by_this_name_gets_the_credential() {
    let certificates = Certificates::for_names(&["127.0.0.1"]);
    let server = Plain::start_with(Some(certificates.server(None))).await;
    let trusting = || options(own()).certificate_authority(certificates.ca.clone());
    ask(&trusting().connect(&server.url).unwrap()).await.unwrap();
    assert_eq!(server.lines().len(), 1);

    let other_name = server.url.replace("127.0.0.1", "localhost");
    let other_authority = Certificates::for_names(&["127.0.0.1"]);
    for gp in [
        client_of(&server.url),
        trusting().connect(&other_name).unwrap(),
        options(own()).certificate_authority(other_authority.ca).connect(&server.url).unwrap(),
    ] {
        let begun = std::time::Instant::now();
        let error = ask(&gp).await.unwrap_err();
        let said = (error.kind(), error.code(), error.status());
        assert_eq!(said, (ErrorKind::Protocol, "tls_failed", None), "{error:#?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "what is not trusted is not tried again");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks_for_one() {
    let (certificates, clients) =
        (Certificates::for_names(&["127.0.0.1"]), Certificates::for_names(&["job"]));
    let server = Plain::start_with(Some(certificates.server(Some(&clients)))).await;
    let trusting = || options(own()).attempts(1).certificate_authority(certificates.ca.clone());
    let gp = trusting().client_certificate(clients.identity()).connect(&server.url).unwrap();
    ask(&gp).await.unwrap();
    assert_eq!(server.lines().len(), 1);
    // Without one, and with one of somebody else's.
    let stranger = Certificates::for_names(&["job"]).identity();
    for options in [trusting(), trusting().client_certificate(stranger)] {
        let error = ask(&options.connect(&server.url).unwrap()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Protocol), "{error:?}");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn certificates_that_are_none_are_refused_before_anything_is_sent() {
    let certificates = Certificates::for_names(&["127.0.0.1"]);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in
        ["", "not a certificate", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", broken]
    {
        let error = options(own()).certificate_authority(pem).connect("https://r1.example/api");
        let error = error.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            ("certificate_malformed", Some("certificateAuthority")),
            "{pem}"
        );
    }
    let key = certificates.key.serialize_pem();
    let others = Certificates::for_names(&["x"]).key.serialize_pem();
    let mixed = format!("{}{others}", certificates.pem);
    for pem in ["", "nothing", &certificates.pem, &key, &mixed] {
        let error = options(own()).client_certificate(pem).connect("https://r1.example/api").unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            ("certificate_malformed", Some("clientCertificate")),
            "{pem}"
        );
        assert!(!super::all_words(&error).contains(key.lines().nth(1).unwrap()));
    }
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    for url in
        ["http://r1.example/api", "http://10.0.0.1", "http://localhost.example", "http://[2001:db8::1]/api"]
    {
        let error = gatepass::connect(url, own()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.field()),
            (ErrorKind::InvalidInput, "url_insecure", Some("url"))
        );
    }
    let server = Plain::start().await;
    let by_name = server.url.replace("127.0.0.1", "localhost");
    ask(&gatepass::connect(by_name, own()).await.unwrap()).await.unwrap();
}

/// Whether this process is the one that the test named so started. If not, it is started, with these variables.
async fn in_child(test: &'static str, variables: &[(&str, String)]) -> bool {
    if std::env::var(CHILD).is_ok_and(|child| child == test) {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.args(["--exact", &format!("secure::{test}"), "--nocapture"]).env(CHILD, test);
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// A proxy on this machine that leads everything to one server, and the first lines of what it was sent.
async fn proxy(to: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let address = to.split('/').nth(2).unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (address, seen) = (address.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else { return };
                    head.push(byte);
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                let mut server = TcpStream::connect(address).await.unwrap();
                client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                let _ended = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, heads)
}

const URL: &str = "GATEPASS_TEST_URL";

fn of_variables() -> ConnectOptions {
    options(own()).certificate_authority(variable(CHILD_CA)).attempts(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_the_environment_is_gone_through() {
    const TEST: &str = "the_proxy_of_the_environment_is_gone_through";
    let certificates = Certificates::for_names(&["r1.invalid"]);
    let server = Plain::start_with(Some(certificates.server(None))).await;
    let (proxy, heads) = proxy(&server.url).await;
    let variables = [("HTTPS_PROXY", proxy), (CHILD_CA, certificates.ca.clone())];
    if in_child(TEST, &variables).await {
        ask(&of_variables().connect("https://r1.invalid:8443/api").unwrap()).await.unwrap();
        // Past it there is no such host.
        let error = ask(&of_variables().no_proxy().connect("https://r1.invalid:8443/api").unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "unreachable");
        return;
    }
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("CONNECT r1.invalid:8443 HTTP/1.1\r\n"), "{}", heads[0]);
    assert!(!heads[0].to_lowercase().contains("authorization:") && !heads[0].contains(OWN));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_environment_excepts_is_asked_directly() {
    const TEST: &str = "whom_the_environment_excepts_is_asked_directly";
    let certificates = Certificates::for_names(&["localhost"]);
    let server = Plain::start_with(Some(certificates.server(None))).await;
    let (proxy, heads) = proxy(&server.url).await;
    let url = server.url.replace("127.0.0.1", "localhost");
    let variables = [
        ("HTTPS_PROXY", proxy),
        ("NO_PROXY", "localhost".to_owned()),
        (CHILD_CA, certificates.ca.clone()),
        (URL, url),
    ];
    if in_child(TEST, &variables).await {
        ask(&of_variables().connect(variable(URL)).unwrap()).await.unwrap();
        return;
    }
    assert!(heads.lock().unwrap().is_empty());
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_through_no_proxy_which_would_read_the_credential() {
    const TEST: &str = "plain_http_goes_through_no_proxy_which_would_read_the_credential";
    let server = Plain::start().await;
    let (proxy, heads) = proxy(&server.url).await;
    let variables = [
        ("HTTP_PROXY", proxy.clone()),
        ("http_proxy", proxy.clone()),
        ("ALL_PROXY", proxy),
        (URL, server.url.clone()),
    ];
    if in_child(TEST, &variables).await {
        ask(&client_of(&variable(URL))).await.unwrap();
        return;
    }
    assert!(heads.lock().unwrap().is_empty());
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trusted_authorities_of_the_environment_are_trusted() {
    const TEST: &str = "the_trusted_authorities_of_the_environment_are_trusted";
    let certificates = Certificates::for_names(&["127.0.0.1"]);
    let server = Plain::start_with(Some(certificates.server(None))).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &certificates.ca).unwrap();
    let variables = [("SSL_CERT_FILE", path.display().to_string()), (URL, server.url.clone())];
    if in_child(TEST, &variables).await {
        ask(&client_of(&variable(URL))).await.unwrap();
        return;
    }
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_trusts_nobody_can_still_ask_itself() {
    const TEST: &str = "a_machine_that_trusts_nobody_can_still_ask_itself";
    let certificates = Certificates::for_names(&["127.0.0.1"]);
    let server = Plain::start().await;
    let secure = Plain::start_with(Some(certificates.server(None))).await;
    let nowhere = "is-not-there".to_owned();
    let variables = [
        ("SSL_CERT_FILE", nowhere.clone()),
        ("SSL_CERT_DIR", nowhere),
        (URL, format!("{} {}", server.url, secure.url)),
        (CHILD_CA, certificates.ca.clone()),
    ];
    if in_child(TEST, &variables).await {
        let urls = variable(URL);
        let (plain, secure) = urls.split_once(' ').unwrap();
        ask(&client_of(plain)).await.unwrap();
        ask(&of_variables().connect(secure).unwrap()).await.unwrap();
        let error = options(own()).connect(secure).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "client_setup"));
        return;
    }
    assert_eq!((server.lines().len(), secure.lines().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_taken_from_the_environment() {
    const TEST: &str = "a_secret_is_taken_from_the_environment";
    let server = Plain::start().await;
    let variables = [("GATEPASS_TEST_SECRET", format!(" {OWN}\n")), (URL, server.url.clone())];
    if in_child(TEST, &variables).await {
        let gp = options(Credential::env("GATEPASS_TEST_SECRET")).connect(variable(URL)).unwrap();
        ask(&gp).await.unwrap();
        return;
    }
    assert_eq!(server.seen()[0].header("authorization"), Some(&*format!("Bearer {OWN}")));
    // Refused as it is, and not sent again.
    server.state().secrets.clear();
}
