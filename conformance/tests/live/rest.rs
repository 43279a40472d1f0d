//! What only a server can start, started over its HTTP face or by another device.

use core::net::SocketAddr;
use core::time::Duration;
use std::process::Output;

use iotmp_ref::gateway::{self, Gateway};
use iotmp_ref::server::{Config, Credentials, Endpoint, Server};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{self, Iotmp2020, Iotmp2023, Iotmp2025, IotmpShipping};
use iotmp_ref::transport::tls::Certificate;

use crate::exit_codes::{program, text};

const TOKEN: &str = "s3cret";

/// A server of the reference with an HTTP face, over TCP, TLS and WebSocket.
struct World {
    server: Server,
    face: Gateway,
}

async fn world(dialect: &'static dyn Dialect) -> World {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (pem, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let certificate = Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    let credentials = Credentials::new().with("u", "d", "secret");
    let credentials = credentials.and_then(|known| known.with("u", "e", "secret2"));
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), credentials.unwrap());
    config.session = session::Config::new(dialect);
    // One call is never answered.
    config.call_timeout = Duration::from_secs(2);
    let plain = Endpoint::tcp(config.listen);
    config.endpoints = vec![plain.clone().with_tls(certificate), plain.with_web_socket()];
    let listen = config.listen;
    let (server, hub) = Server::bind(config).await.unwrap();
    let config = gateway::Config::new(listen, TOKEN.parse().unwrap());
    let face = Gateway::bind(config, hub).await.unwrap();
    World { server, face }
}

impl World {
    async fn test(&self, address: SocketAddr, spec: &str, more: &[&str]) -> Output {
        let address = address.to_string();
        let mut arguments = vec!["server", &address, "--spec", spec, "--user", "u"];
        arguments.extend([
            "--device",
            "d",
            "--credential",
            "secret",
            "--patience",
            "12",
        ]);
        arguments.extend(more);
        program(&arguments).await
    }

    async fn over_rest(&self, address: SocketAddr, spec: &str, more: &[&str]) -> Output {
        let url = format!("http://{}", self.face.local_addr());
        let rest = ["--rest", &url, "--token", TOKEN];
        self.test(address, spec, &[&rest[..], more].concat()).await
    }

    /// Tests all, and sees that nothing is left out that a server has to keep.
    async fn is_conformant(&self, address: SocketAddr, spec: &str, more: &[&str]) {
        let output = self.over_rest(address, spec, more).await;
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{spec} {more:?}\n{stdout}");
        for case in [
            "call.in-flight",
            "call.unanswered",
            "call.describe",
            "stream.listened-values",
            "stream.listened-shared",
        ] {
            assert!(stdout.contains(&format!("✓ server.{case} ")), "{stdout}");
        }
        let shared = "-AMB-SHARED-STREAM = gcd";
        assert!(stdout.contains(shared), "{stdout}");
        assert!(stdout.ends_with(": conformant\n"), "{stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_conformant_in_every_revision_with_its_users() {
    let test = async |dialect: &'static dyn Dialect| {
        let world = world(dialect).await;
        let address = world.server.local_addr();
        world.is_conformant(address, dialect.name(), &[]).await;
    };
    tokio::join!(
        test(&IotmpShipping),
        test(&Iotmp2025),
        test(&Iotmp2023),
        test(&Iotmp2020)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_conformant_with_its_users_over_tls_and_web_socket() {
    let test = async |dialect: &'static dyn Dialect| {
        let world = world(dialect).await;
        let [tls, ws] = *world.server.endpoints() else {
            unreachable!()
        };
        let flags = ["--tls", "--insecure"];
        world.is_conformant(tls, dialect.name(), &flags).await;
        world.is_conformant(ws, dialect.name(), &["--ws"]).await;
    };
    tokio::join!(test(&IotmpShipping), test(&Iotmp2025));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_calls_where_the_server_has_no_face() {
    let world = world(&IotmpShipping).await;
    let address = world.server.local_addr();
    let flags = ["--caller", "e/secret2", "--select", "server.call.*"];
    let output = world.test(address, "iotmp-shipping", &flags).await;
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.contains("✓ server.call.in-flight "), "{stdout}");
    assert!(
        stdout.contains("- server.call.describe skip: nobody who stands behind"),
        "{stdout}"
    );
    assert!(
        stdout.contains("\n13 pass, 1 skip: conformant; 14 of "),
        "{stdout}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_either_it_is_skipped_and_says_what_to_give() {
    let world = world(&IotmpShipping).await;
    let address = world.server.local_addr();
    let flags = ["--select", "server.call.answered"];
    let output = world.test(address, "iotmp-shipping", &flags).await;
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{stdout}");
    assert!(stdout.contains("give --rest URL --token T"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_inconclusive_and_says_so() {
    let world = world(&IotmpShipping).await;
    let address = world.server.local_addr();
    let url = format!("http://{}", world.face.local_addr());
    let flags = ["--rest", &url, "--token", "wrong"];
    let flags = [&flags[..], &["--select", "server.call.answered"]].concat();
    let output = world.test(address, "iotmp-shipping", &flags).await;
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{stdout}");
    assert!(
        stdout.contains("401 Unauthorized; check --token"),
        "{stdout}"
    );
}

#[tokio::test]
async fn a_face_that_makes_no_sense_is_2() {
    let address = "127.0.0.1:1".parse().unwrap();
    let world = world(&IotmpShipping).await;
    for (flags, said) in [
        (
            &["--rest", "h:1", "--token", "t"][..],
            "is no URL of an HTTP face",
        ),
        (&["--rest", "http://h"], "--token <T>"),
        (&["--token", "t"], "--rest <URL>"),
        (&["--caller", "e"], "write DEVICE/CREDENTIAL"),
        (
            &["--rest", "http://h", "--token", "t", "--caller", "e/x"],
            "cannot be used with",
        ),
        (&["--rest", "http://h", "--token", "\n"], "visible ASCII"),
    ] {
        let output = world.test(address, "iotmp-shipping", flags).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
