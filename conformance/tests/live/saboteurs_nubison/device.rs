//! Devices that break one rule each.

use super::{
    BARE, REFUSED, STATUS, Saboteur, TOKEN_ONLY, answers_eight_bytes, dies_of_noise, hears,
    matches_by_order, one_session_id, says, spoils_session_ids,
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
        clause: "NUB-SESSION-004",
        case: "transaction.out-of-order",
        fault: || matches_by_order(b'D'),
    },
    Saboteur {
        clause: "NUB-RESPONSE-001",
        case: "command.bare",
        fault: || says(b'R', |bytes| bytes[STATUS] = 7),
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
                if bytes.len() > 34 {
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
        clause: "NUB-COMMAND-003",
        case: "command.carried-out",
        fault: || says(b'R', |bytes| bytes.extend([9, 9, 9])),
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
];
