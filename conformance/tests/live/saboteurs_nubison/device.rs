//! Devices that break one rule each.

use super::{
    BARE, REFUSED, SESSION_ID, STATUS, Saboteur, TOKEN_ONLY, answers_eight_bytes,
    counts_session_ids, dies_of_noise, hears, matches_by_order, one_session_id, says,
    spoils_session_ids,
};
use crate::interceptor::{Fate, Tamper, Way};

/// Data with a token that nobody issued.
const DATA: &[u8] = b"Dsession1conformance-unknown-0000\0\x02{}";

/// Sends data although its Login was refused by that code.
fn takes_refusal_for_success(code: u16) -> Tamper {
    Box::new(move |way, bytes| match way {
        Way::ToReference if bytes.len() == REFUSED && bytes[BARE..] == code.to_be_bytes() => {
            Fate::Instead(vec![(Way::ToSuite, DATA.to_vec())])
        }
        _ => Fate::Pass,
    })
}

/// Takes every answer that holds an access token for that to its Login.
fn takes_any_answer() -> Tamper {
    let mut login = [0; 8];
    Box::new(move |way, bytes| {
        let mut bytes = bytes.to_vec();
        match (way, bytes[0]) {
            (Way::ToSuite, b'L') => login.copy_from_slice(&bytes[SESSION_ID]),
            (Way::ToReference, b'R') if bytes.len() > REFUSED => {
                bytes[SESSION_ID].copy_from_slice(&login);
            }
            _ => {}
        }
        Fate::Instead(vec![(way, bytes)])
    })
}

pub(super) const SABOTEURS: &[Saboteur] = &[
    Saboteur {
        clause: "NUB-FRAME-003",
        case: "packet.eight-bytes",
        fault: answers_eight_bytes,
    },
    Saboteur {
        clause: "NUB-FRAME-010",
        case: "packet.every-cut",
        fault: || {
            hears(b'C', |bytes| {
                if bytes.len() < TOKEN_ONLY {
                    bytes.clear();
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-FRAME-011",
        case: "packet.response-and-command",
        fault: || {
            hears(b'R', |bytes| {
                // The response to a Login is longer.
                if (BARE + TOKEN_ONLY..34 + TOKEN_ONLY).contains(&bytes.len()) {
                    bytes.truncate(BARE);
                }
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
        fault: || one_session_id(b"LDH"),
    },
    Saboteur {
        clause: "NUB-SESSION-003",
        case: "transaction.at-random",
        fault: || counts_session_ids(b"L"),
    },
    Saboteur {
        clause: "NUB-SESSION-004",
        case: "login.foreign-answer",
        fault: takes_any_answer,
    },
    Saboteur {
        clause: "NUB-SESSION-004",
        case: "transaction.out-of-order",
        fault: || matches_by_order(b'D'),
    },
    Saboteur {
        clause: "NUB-RESPONSE-001",
        case: "command.bare",
        fault: || {
            // Those before show that it is logged in.
            let mut responses = 0;
            says(b'R', move |bytes| {
                responses += 1;
                if responses > 3 {
                    bytes[STATUS] = 7;
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-RESPONSE-003",
        case: "login.no-status",
        fault: || {
            hears(b'R', |bytes| {
                if bytes[STATUS] == 2 {
                    bytes[STATUS] = 1;
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-LOGIN-001",
        case: "login.first",
        fault: || says(b'L', |bytes| bytes[12] = 0xff),
    },
    Saboteur {
        clause: "NUB-LOGIN-002",
        case: "login.first",
        fault: || says(b'L', |bytes| drop(bytes.splice(0..0, DATA.iter().copied()))),
    },
    Saboteur {
        clause: "NUB-LOGIN-005",
        case: "login.with-key",
        fault: || {
            hears(b'R', |bytes| {
                if bytes.len() > 34 && bytes[34] == 16 {
                    bytes.clear();
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-LOGIN-008",
        case: "login.refused",
        fault: || takes_refusal_for_success(0x0003),
    },
    Saboteur {
        clause: "NUB-LOGOUT-001",
        case: "logout.layout",
        fault: || says(b'O', |bytes| bytes.push(0)),
    },
    Saboteur {
        clause: "NUB-DATA-001",
        case: "data.layout",
        fault: || {
            says(b'D', |bytes| {
                bytes.remove(33);
            })
        },
    },
    Saboteur {
        clause: "NUB-DATA-001",
        case: "login.odd-token",
        fault: || {
            says(b'D', |bytes| {
                for byte in &mut bytes[STATUS..TOKEN_ONLY] {
                    *byte = if *byte == 0 { b' ' } else { *byte };
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-DATA-004",
        case: "command.largest",
        fault: || {
            hears(b'C', |bytes| {
                for byte in bytes.iter_mut().skip(34) {
                    *byte = if byte.is_ascii() { *byte } else { b'?' };
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-COMMAND-002",
        case: "command.payload",
        fault: || {
            hears(b'C', |bytes| {
                if bytes.len() > TOKEN_ONLY {
                    bytes.clear();
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-COMMAND-002",
        case: "command.empty",
        fault: || {
            hears(b'C', |bytes| {
                if bytes.len() == TOKEN_ONLY + 1 {
                    bytes.clear();
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-COMMAND-003",
        case: "command.carried-out",
        fault: || {
            let mut has_payload = false;
            Box::new(move |way, bytes| match (way, bytes[0]) {
                (Way::ToReference, b'C') => {
                    has_payload = bytes.len() > TOKEN_ONLY;
                    Fate::Pass
                }
                (Way::ToSuite, b'R') if has_payload => {
                    Fate::Instead(vec![(way, [bytes, &[9, 9, 9]].concat())])
                }
                _ => Fate::Pass,
            })
        },
    },
    Saboteur {
        clause: "NUB-COMMAND-004",
        case: "command.failed",
        fault: || {
            says(b'R', |bytes| {
                if bytes[STATUS] == 0 {
                    bytes.extend([0, 5]);
                }
            })
        },
    },
    Saboteur {
        clause: "NUB-HEARTBEAT-001",
        case: "heartbeat.layout",
        fault: || says(b'H', |bytes| bytes[32] ^= 1),
    },
    Saboteur {
        clause: "NUB-ERROR-008",
        case: "login.refused-unnamed",
        fault: || takes_refusal_for_success(0x1234),
    },
    Saboteur {
        clause: "NUB-ROBUST-001",
        case: "abuse.noise",
        fault: dies_of_noise,
    },
    Saboteur {
        clause: "NUB-ROBUST-001",
        case: "abuse.login-answer",
        fault: || {
            Box::new(|way, bytes| match way {
                Way::ToReference if bytes.get(STATUS) == Some(&2) => Fate::Die,
                _ => Fate::Pass,
            })
        },
    },
];
