//! Servers over TLS and WebSocket.

use std::process::Output;

use iotmp_ref::server::{Config, Credentials, Endpoint, Server};
use iotmp_ref::transport::tls::Certificate;

use crate::exit_codes::{program, text};

/// The reference server over TLS, WebSocket, and both, in this order; and its
/// certificate in a file of this name.
async fn reference(name: &str) -> (Server, String) {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (pem, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let file = format!("{}/{name}.pem", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, &pem).unwrap();
    let certificate = Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    let credentials = Credentials::new().with("u", "d", "secret").unwrap();
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), credentials);
    let plain = Endpoint::tcp(config.listen);
    config.endpoints = vec![
        plain.clone().with_tls(certificate.clone()),
        plain.clone().with_web_socket(),
        plain.with_tls(certificate).with_web_socket(),
    ];
    let (server, _hub) = Server::bind(config).await.unwrap();
    (server, file)
}

async fn against(address: &str, more: &[&str]) -> Output {
    let words = "--user u --device d --credential secret";
    let mut arguments = vec!["server", address];
    arguments.extend(words.split(' '));
    arguments.extend(more);
    program(&arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_conformant_over_every_transport() {
    let (server, file) = reference("conformant").await;
    let [tls, ws, wss] = *server.endpoints() else {
        unreachable!()
    };
    for (address, flags) in [
        (tls, &["--tls", "--insecure"][..]),
        (ws, &["--ws"]),
        (wss, &["--ws", "--tls", "--ca", &file]),
    ] {
        let output = against(&address.to_string(), flags).await;
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{flags:?}\n{stdout}");
        assert!(
            stdout.contains("✓ server.framing.one-byte-pieces"),
            "{stdout}"
        );
        assert!(stdout.contains("✓ server.keep-alive."), "{stdout}");
        assert!(stdout.ends_with(": conformant\n"), "{stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_trusted_or_speaks_otherwise_is_3_and_says_why() {
    let (server, _) = reference("untrusted").await;
    let (_other, file) = reference("other").await;
    let [tls, ws, _] = *server.endpoints() else {
        unreachable!()
    };
    let plain = server.local_addr();
    for (address, flags, said) in [
        (
            tls,
            &["--tls", "--ca", &file][..],
            "trust the CA that issued it",
        ),
        (
            ws,
            &["--tls", "--insecure"],
            "does not seem to speak TLS here",
        ),
        (plain, &["--ws"], "WebSocket: "),
    ] {
        let output = against(&address.to_string(), flags).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        let start = format!("error: {address} cannot be reached: ");
        assert!(stderr.starts_with(&start), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn flags_that_make_no_sense_are_2() {
    for (flags, said) in [
        (&["--insecure"][..], "--ca and --insecure are for --tls"),
        (
            &["--tls", "--ca", "/nowhere.pem"],
            "/nowhere.pem cannot be read: ",
        ),
        (&["--tls", "--insecure", "--ca", "x"], "cannot be used with"),
    ] {
        let output = against("127.0.0.1:1", flags).await;
        assert_eq!(output.status.code(), Some(2));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(said), "{stderr}");
    }
    let output = against("http://127.0.0.1", &[]).await;
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("http is not supported"), "{stderr}");
}
