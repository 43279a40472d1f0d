//! Server and device over real sockets.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_ref::device::Address;
use iotmp_ref::message::nubison::ErrorCode;
use iotmp_ref::nubison::client::{
    Client, ClientConfig, ClientError, CommandFailed, Device, RequestError,
};
use iotmp_ref::nubison::cloud::{
    Check, CommandError, Config, Hub, Notification, Registry, Rejection, Server,
};
use iotmp_ref::nubison::{DeviceKey, Identity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::device::identity;
use crate::packet::{ID, SECRET, TOKEN, data, login, login_accepted, response, with_token};

/// Long enough for a busy machine; only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("nothing happened")
}

fn key() -> DeviceKey {
    "SENSOR01_kitchen".parse().unwrap()
}

/// A server that lets one device in, takes what is JSON of a kind, and fails at
/// `fail`.
fn config() -> Config {
    let registry = Registry::new().with(identity()).unwrap();
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), registry);
    config.check = Check::new(|_, payload| match payload {
        b"fail" => Err(Rejection::Failure),
        [b'{', .., b'}'] => Ok(()),
        _ => Err(Rejection::Structure),
    });
    // What ends inside a packet is to be noticed at once.
    config.session.piece_timeout = Duration::from_millis(1);
    config
}

async fn server() -> (Server, Hub) {
    Server::bind(config()).await.unwrap()
}

fn address(address: SocketAddr) -> Address {
    address.to_string().parse().unwrap()
}

/// A device that echoes commands, and fails those without a payload but `none`.
fn device(identity: Identity) -> Device {
    Device::new(identity).on_command(|payload| match payload {
        Some(b"fail") => Err(CommandFailed),
        Some(b"long") => Ok(Some(vec![0; 256])),
        payload => Ok(payload.map(<[u8]>::to_vec)),
    })
}

#[tokio::test]
async fn a_device_and_a_server_do_all_that_there_is() {
    let (server, hub) = server().await;
    let mut news = hub.subscribe();
    let config = ClientConfig::new(address(server.local_addr()));
    let (client, handle) = Client::start(device(identity()), config);
    assert!(within(handle.logged_in()).await);
    assert_eq!(within(news.recv()).await, Ok(Notification::LoggedIn(key())));
    within(hub.wait_for(&key())).await.unwrap();
    assert_eq!(hub.devices(), [key()]);

    within(handle.data(b"{1}")).await.unwrap();
    within(handle.heartbeat(None)).await.unwrap();
    within(handle.heartbeat(Some(b"{2}"))).await.unwrap();
    for payload in [b"{1}", b"{2}"] {
        let expected = Notification::Data {
            device: key(),
            payload: payload.to_vec(),
        };
        assert_eq!(within(news.recv()).await, Ok(expected));
    }
    let refused = |error| Err(RequestError::Refused(error));
    let structure = within(handle.data(b"21.5")).await;
    assert_eq!(structure, refused(ErrorCode::PAYLOAD_STRUCTURE));
    let failure = within(handle.heartbeat(Some(b"fail"))).await;
    assert_eq!(failure, refused(ErrorCode::SERVER_ERROR));

    let command = |payload| within(hub.command(&SENSOR, payload));
    static SENSOR: std::sync::LazyLock<DeviceKey> = std::sync::LazyLock::new(key);
    assert_eq!(command(None).await, Ok(None));
    assert_eq!(command(Some(b"on")).await, Ok(Some(b"on".to_vec())));
    assert_eq!(command(Some(b"")).await, Ok(Some(vec![])));
    assert_eq!(command(Some(b"fail")).await, Err(CommandError::Failed));
    assert_eq!(command(Some(b"long")).await, Err(CommandError::Failed));
    let other: DeviceKey = "SENSOR01_cellar".parse().unwrap();
    let nobody = within(hub.command(&other, None)).await;
    assert_eq!(nobody, Err(CommandError::NotLoggedIn(other)));

    within(client.stop()).await.unwrap();
    assert_eq!(
        within(news.recv()).await,
        Ok(Notification::LoggedOut(key()))
    );
    assert_eq!(hub.devices(), []);
    assert_eq!(handle.data(b"{}").await, Err(RequestError::NotLoggedIn));
    within(server.shutdown()).await;
}

#[tokio::test]
async fn a_device_that_is_refused_says_why() {
    let (server, _hub) = server().await;
    let other = Identity::new(ID, SECRET, "SENSOR01_cellar".parse().unwrap()).unwrap();
    let wrong = Identity::new(ID, SECRET.replace('1', "2"), key()).unwrap();
    for (identity, error) in [
        (other, ErrorCode::DEVICE_NOT_REGISTERED),
        (wrong, ErrorCode::CLIENT),
    ] {
        let config = ClientConfig::new(address(server.local_addr()));
        let (mut client, handle) = Client::start(device(identity), config);
        let stopped = within(client.stopped()).await;
        assert!(matches!(stopped, Err(ClientError::Refused(code)) if code == error));
        assert!(!handle.logged_in().await);
    }
}

/// A peer that speaks in bytes.
struct Peer(TcpStream);

impl Peer {
    async fn dial(server: &Server) -> Self {
        Self(
            within(TcpStream::connect(server.local_addr()))
                .await
                .unwrap(),
        )
    }

    async fn send(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.unwrap();
    }

    async fn receive<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        within(self.0.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// Logs in and gives the token.
    async fn login(&mut self) -> String {
        self.send(&login(b"login..1", ID, SECRET, "SENSOR01")).await;
        let answer = self.receive::<34>().await;
        assert_eq!(answer[..10], *b"Rlogin..1\x01");
        String::from_utf8(answer[10..].to_vec()).unwrap()
    }
}

#[tokio::test]
async fn every_error_code_has_its_cause() {
    let (server, _hub) = server().await;
    let mut peer = Peer::dial(&server).await;
    let token = peer.login().await;
    let whole = data(b"session1", &token, b"{}");
    let causes: [(&[u8], u16); 7] = [
        (b"Zsession1", 0x0001),
        (&whole[..whole.len() - 1], 0x0002),
        (
            &login(b"session1", ID, &SECRET.replace('1', "2"), "SENSOR01"),
            0x0003,
        ),
        (&login(b"session1", ID, SECRET, "SENSOR02"), 0x0004),
        (&data(b"session1", TOKEN, b"{}"), 0x0005),
        (&data(b"session1", &token, b"{"), 0x0006),
        (&data(b"session1", &token, b"fail"), 0x9999),
    ];
    for (packet, code) in causes {
        peer.send(packet).await;
        let mut expected = b"Rsession1\x00".to_vec();
        expected.extend(code.to_be_bytes());
        assert_eq!(peer.receive::<12>().await[..], expected[..], "{code:04x}");
    }
    // The connection is as good as before.
    peer.send(&whole).await;
    assert_eq!(
        peer.receive::<10>().await[..],
        response(b"session1", b"\x01")
    );
}

#[tokio::test]
async fn eight_bytes_are_not_processed() {
    let mut config = config();
    config.session.piece_timeout = PATIENCE;
    let (server, _hub) = Server::bind(config).await.unwrap();
    let mut peer = Peer::dial(&server).await;
    let token = peer.login().await;
    peer.send(b"Osession").await;
    // Once another connection has been answered, they have arrived.
    Peer::dial(&server).await.login().await;
    peer.send(&with_token(b'H', b"heart..1", &token, b"")).await;
    assert_eq!(peer.receive::<10>().await, *b"Rheart..1\x01");
}

/// A server that is told what to say.
#[tokio::test]
async fn answers_out_of_order_reach_whoever_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = ClientConfig::new(address(listener.local_addr().unwrap()));
    let (_client, handle) = Client::start(device(identity()), config);
    let mut peer = Peer(within(listener.accept()).await.unwrap().0);
    let id = |packet: &[u8]| <[u8; 8]>::try_from(&packet[1..9]).unwrap();
    let asked = peer.receive::<65>().await;
    peer.send(&login_accepted(&id(&asked))).await;
    assert!(within(handle.logged_in()).await);
    let first = tokio::spawn({
        let handle = handle.clone();
        async move { handle.data(b"first").await }
    });
    let first_packet = peer.receive::<40>().await;
    let second = tokio::spawn(async move { handle.data(b"other").await });
    let second_packet = peer.receive::<40>().await;
    assert_eq!(
        (&first_packet[35..], &second_packet[35..]),
        (&b"first"[..], &b"other"[..])
    );
    peer.send(&response(&id(&second_packet), b"\x01")).await;
    assert_eq!(within(second).await.unwrap(), Ok(()));
    peer.send(&response(&id(&first_packet), b"\x00\x00\x06"))
        .await;
    let refused = RequestError::Refused(ErrorCode::PAYLOAD_STRUCTURE);
    assert_eq!(within(first).await.unwrap(), Err(refused));
    // The same from the other side.
    peer.send(&with_token(b'C', b"command1", TOKEN, b"\x02on"))
        .await;
    assert_eq!(peer.receive::<13>().await, *b"Rcommand1\x01\x02on");
}
