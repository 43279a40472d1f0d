//! Servers that break one rule each.

use super::{
    BARE, REFUSED, SESSION_ID, STATUS, Saboteur, TOKEN_ONLY, answers_eight_bytes,
    counts_session_ids, dies_of_noise, hears, matches_by_order, one_session_id, says,
    spoils_session_ids, tamper,
};
use crate::interceptor::{Fate, Tamper, Way};

/// Answers one error code by another.
fn confuses(code: u16, other: u16) -> Tamper {
    says(b'R', move |bytes| {
        if bytes.len() == REFUSED && bytes[BARE..] == code.to_be_bytes() {
            bytes[BARE..].copy_from_slice(&other.to_be_bytes());
        }
    })
}

/// Refuses without saying why.
fn refuses_without_code() -> Tamper {
    says(b'R', |bytes| {
        if bytes.len() == REFUSED {
            bytes.truncate(BARE);
        }
    })
}

/// Changes the responses to requests of that type.
fn to_requests(code: u8, change: fn(&mut Vec<u8>)) -> Tamper {
    let mut asked: Vec<Vec<u8>> = Vec::new();
    Box::new(move |way, bytes| {
        if way == Way::ToReference {
            if bytes[0] == code && bytes.len() > 9 {
                asked.push(bytes[SESSION_ID].to_vec());
            }
            return Fate::Pass;
        }
        let mut bytes = bytes.to_vec();
        if bytes[0] == b'R' && asked.iter().any(|id| *id == bytes[SESSION_ID]) {
            change(&mut bytes);
        }
        Fate::Instead(vec![(way, bytes)])
    })
}

/// Loses Data that arrives in two pieces.
fn loses_halves() -> Tamper {
    let mut is_lost = false;
    tamper(Way::ToReference, move |bytes| {
        let is_half = bytes.first() == Some(&b'D') && bytes.len() < 35;
        if is_lost || is_half {
            bytes.clear();
        }
        is_lost = !is_lost && is_half;
    })
}

fn refuse(bytes: &mut Vec<u8>) {
    bytes.truncate(STATUS);
    bytes.extend([0, 0, 5]);
}

/// Finds no structure in packets of that kind.
fn refuses_structure(is_refused: fn(&[u8]) -> bool) -> Tamper {
    Box::new(move |way, bytes| match way {
        Way::ToReference if is_refused(bytes) => {
            let refusal = [b"R", &bytes[SESSION_ID], b"\0\0\x02"].concat();
            Fate::Instead(vec![(Way::ToSuite, refusal)])
        }
        _ => Fate::Pass,
    })
}

/// Bytes of a Login before the length of its identifier.
const IDENTIFIER: usize = 57;

pub(super) const SABOTEURS: &[Saboteur] = &[
    Saboteur {
        clause: "NUB-FRAME-003",
        case: "packet.eight-bytes",
        fault: answers_eight_bytes,
    },
    Saboteur {
        clause: "NUB-FRAME-010",
        case: "packet.every-cut",
        fault: loses_halves,
    },
    Saboteur {
        clause: "NUB-FRAME-011",
        case: "packet.together",
        fault: || {
            hears(b'D', |bytes| {
                let first = 35 + usize::from(bytes[34]);
                bytes.truncate(first);
            })
        },
    },
    Saboteur {
        clause: "NUB-SESSION-001",
        case: "transaction.echo",
        fault: spoils_session_ids,
    },
    Saboteur {
        clause: "NUB-SESSION-002",
        case: "transaction.own-identifier",
        fault: || one_session_id(b"C"),
    },
    Saboteur {
        clause: "NUB-SESSION-003",
        case: "transaction.at-random",
        fault: || counts_session_ids(b"C"),
    },
    Saboteur {
        clause: "NUB-ERROR-004",
        case: "login.long-identifier",
        fault: || refuses_structure(|bytes| bytes[0] == b'L' && bytes[IDENTIFIER] > 127),
    },
    Saboteur {
        clause: "NUB-LOGIN-007",
        case: "login.part-of-identifier",
        fault: || {
            hears(b'L', |bytes| {
                if b"kitchen".starts_with(&bytes[IDENTIFIER + 1..]) {
                    bytes.truncate(IDENTIFIER);
                    bytes.extend(b"\x07kitchen");
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-LOGIN-007",
        case: "login.key-in-other-case",
        fault: || hears(b'L', |bytes| bytes[IDENTIFIER + 1..].make_ascii_lowercase()),
    },
    Saboteur {
        clause: "NUB-ERROR-003",
        case: "login.client-in-other-case",
        fault: || hears(b'L', |bytes| bytes[STATUS..29].make_ascii_lowercase()),
    },
    Saboteur {
        clause: "NUB-DATA-002",
        case: "data.empty",
        fault: || refuses_structure(|bytes| bytes[0] == b'D' && bytes[TOKEN_ONLY..] == [0, 0]),
    },
    Saboteur {
        clause: "NUB-HEARTBEAT-002",
        case: "heartbeat.long",
        fault: || refuses_structure(|bytes| bytes[0] == b'H' && bytes.len() > TOKEN_ONLY + 127),
    },
    Saboteur {
        clause: "NUB-SESSION-004",
        case: "transaction.out-of-order",
        fault: || matches_by_order(b'C'),
    },
    Saboteur {
        clause: "NUB-RESPONSE-001",
        case: "data.ok",
        fault: || to_requests(b'D', |bytes| bytes[STATUS] = 2),
    },
    Saboteur {
        clause: "NUB-LOGIN-003",
        case: "login.ok",
        fault: || {
            to_requests(b'L', |bytes| {
                bytes.remove(BARE);
            })
        },
    },
    Saboteur {
        clause: "NUB-LOGIN-006",
        case: "login.wrong-secret",
        fault: refuses_without_code,
    },
    Saboteur {
        clause: "NUB-LOGIN-007",
        case: "login.other-product",
        fault: || hears(b'L', |bytes| bytes[49..57].copy_from_slice(b"SENSOR01")),
    },
    Saboteur {
        clause: "NUB-LOGOUT-002",
        case: "logout.ok",
        fault: || to_requests(b'O', |bytes| bytes.extend([2, 7, 7])),
    },
    Saboteur {
        clause: "NUB-DATA-002",
        case: "data.ok",
        fault: || to_requests(b'D', refuse),
    },
    Saboteur {
        clause: "NUB-DATA-003",
        case: "data.wrong-token",
        fault: refuses_without_code,
    },
    Saboteur {
        clause: "NUB-DATA-004",
        case: "data.every-byte",
        fault: || {
            hears(b'D', |bytes| {
                for byte in bytes.iter_mut().skip(35) {
                    *byte = if byte.is_ascii() { *byte } else { b'?' };
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-COMMAND-001",
        case: "command.token",
        fault: || says(b'C', |bytes| bytes[32] ^= 1),
    },
    Saboteur {
        clause: "NUB-HEARTBEAT-002",
        case: "heartbeat.payload",
        fault: || hears(b'H', |bytes| bytes.truncate(TOKEN_ONLY)),
    },
    Saboteur {
        clause: "NUB-HEARTBEAT-003",
        case: "heartbeat.bare",
        fault: || to_requests(b'H', refuse),
    },
    Saboteur {
        clause: "NUB-HEARTBEAT-004",
        case: "heartbeat.wrong-token",
        fault: refuses_without_code,
    },
    Saboteur {
        clause: "NUB-ERROR-001",
        case: "refusal.type",
        fault: || confuses(0x0001, 0x0002),
    },
    Saboteur {
        clause: "NUB-ERROR-002",
        case: "refusal.cut-short",
        fault: || confuses(0x0002, 0x0001),
    },
    Saboteur {
        clause: "NUB-ERROR-003",
        case: "login.wrong-client",
        fault: || confuses(0x0003, 0x0004),
    },
    Saboteur {
        clause: "NUB-ERROR-004",
        case: "login.unregistered",
        fault: || confuses(0x0004, 0x0003),
    },
    Saboteur {
        clause: "NUB-ERROR-005",
        case: "data.wrong-token",
        fault: || confuses(0x0005, 0x0003),
    },
    Saboteur {
        clause: "NUB-ERROR-006",
        case: "data.wrong-structure",
        fault: || confuses(0x0006, 0x0002),
    },
    Saboteur {
        clause: "NUB-ERROR-007",
        case: "data.server-failure",
        fault: || confuses(0x9999, 0x0006),
    },
    Saboteur {
        clause: "NUB-ROBUST-001",
        case: "abuse.noise",
        fault: dies_of_noise,
    },
];
