//! Telling the revision from the first message.

use iotmp_ref::session::dialect::{ALL, Dialect, detect};
use iotmp_ref::session::{Config, Event, Session};
use iotmp_ref::wire::Reader;

use crate::script::{
    CONNECT, CONNECT_2020, CONNECT_2025, SHIPPING, Script, Y2020, Y2023, Y2025, bytes, secs,
};

/// First messages that are of one revision only.
const CLEAR: &[(&str, &[&str])] = &[
    (
        "iotmp-shipping",
        &[
            CONNECT,
            // {"ka": 30}
            "03 10  08 01  12 c1 826b61 1e  1a e3 8175 8164 8163",
            // names of no length, and a long one
            "03 07  08 01  1a e3 80 80 80",
            "03 29  08 01  1a e3 9f 1f 61616161616161616161616161616161616161616161616161616161616161 8164 8163",
        ],
    ),
    (
        "iotmp-2025",
        &[
            // {"ka": 30} in the first generation
            "03 16  08 01  11 6a 05 026b61 08 1e  19 72 09 4a0175 4a0164 4a0163",
            // {"pv": 1} in the second
            "03 10  08 01  11 c1 827076 01  19 e3 8175 8164 8163",
        ],
    ),
    (
        "iotmp-2023",
        &[
            // each field of its own
            "03 10  08 01  10 01  19 72 09 4a0175 4a0164 4a0163",
            "03 10  08 01  19 72 09 4a0175 4a0164 4a0163  20 3c",
            "03 10  08 01  19 72 09 4a0175 4a0164 4a0163  28 05",
            "03 10  08 01  19 72 09 4a0175 4a0164 4a0163  30 01",
            // an encoding that does not exist is an encoding all the same
            "03 10  08 01  19 72 09 4a0175 4a0164 4a0163  28 09",
            // JSON, and MessagePack as announced
            "03 11  08 01  1a 0d 5b2275222c2264222c2263225d",
            "03 0d  08 01  1f 07 93a175a164a163  28 03",
            // a token
            "03 08  08 01  10 02  19 4a0175",
        ],
    ),
    (
        "iotmp-2020",
        &[
            CONNECT_2020,
            "08 10  01 01  63 72 09 4a0175 4a0164 4a0163  05 1e",
            "08 08  01 01  63 4a0175  04 02",
        ],
    ),
];

fn named(name: &str) -> &'static dyn Dialect {
    *ALL.iter().find(|dialect| dialect.name() == name).unwrap()
}

fn told(candidates: &[&'static dyn Dialect], hex: &str) -> Option<&'static str> {
    let bytes = bytes(hex);
    let body = Reader::at(&bytes[2..], 2);
    assert_eq!(usize::from(bytes[1]), bytes.len() - 2, "{hex}");
    detect(candidates, bytes[0].into(), &body).map(Dialect::name)
}

/// For every pair of revisions, in either order, and for all at once.
#[test]
fn what_the_bytes_tell_is_told_whatever_the_order() {
    for (name, messages) in CLEAR {
        for hex in *messages {
            for other in ALL {
                for pair in [[named(name), other], [other, named(name)]] {
                    assert_eq!(told(&pair, hex), Some(*name), "{hex} {pair:?}");
                }
            }
            assert_eq!(told(&ALL, hex), Some(*name), "{hex}");
        }
    }
}

/// The same bytes in both revisions: the order decides.
#[test]
fn a_bare_connect_is_of_2023_as_well_as_of_2025() {
    for (candidates, expected) in [
        ([Y2023, Y2025], "iotmp-2023"),
        ([Y2025, Y2023], "iotmp-2025"),
    ] {
        assert_eq!(told(&candidates, CONNECT_2025), Some(expected));
    }
    assert_eq!(told(&ALL, CONNECT_2025), Some("iotmp-2025"));
    for (name, _) in CLEAR {
        let dialect = named(name);
        if [SHIPPING.name(), Y2020.name()].contains(name) {
            assert_eq!(told(&[dialect, Y2025], CONNECT_2025), Some("iotmp-2025"));
        }
    }
}

#[test]
fn what_is_no_connect_tells_nothing() {
    for hex in ["05 00", "01 02  08 01", "06 05  08 01  22 81 61"] {
        assert_eq!(told(&ALL, hex), None, "{hex}");
    }
    // of nobody's making: whoever has that code may refuse it
    assert_eq!(told(&ALL, "03 02  08 01"), Some("iotmp-shipping"));
    assert_eq!(told(&ALL, "08 02  01 01"), Some("iotmp-2020"));
}

/// One server for four devices.
#[test]
fn a_session_goes_on_in_the_revision_that_it_was_told() {
    let devices = [
        (SHIPPING, CONNECT, "01 02  08 01", "06 05  08 01  22 8161"),
        (
            Y2020,
            CONNECT_2020,
            "01 02  01 01",
            "04 06  01 01  62 4a0161",
        ),
        (
            Y2023,
            CLEAR[2].1[0],
            "01 02  08 01",
            "06 06  01 4a0161  08 01",
        ),
        (
            Y2025,
            CONNECT_2025,
            "01 02  08 01",
            "06 06  08 01  21 4a0161",
        ),
    ];
    for (dialect, connect, ok, _) in devices {
        let mut server = Script::new(Session::server(secs(0), Config::detecting()));
        server.receives(connect);
        assert_eq!(server.end.dialect().name(), dialect.name());
        assert!(matches!(server.event(), Event::ConnectRequested(_)));
        server.end.accept(server.now).unwrap();
        server.sends(ok);
        // whatever is in the first message counts, and nothing after it
        let keep_alive = if dialect.name() == "iotmp-2020" {
            "03 00"
        } else {
            "05 00"
        };
        server.receives(keep_alive);
        server.sends(keep_alive);
    }
}
