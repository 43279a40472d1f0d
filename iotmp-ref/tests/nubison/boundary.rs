//! Where packets end, and what hostile bytes cost.

use core::time::Duration;

use iotmp_ref::message::nubison::limits;
use iotmp_ref::nubison::{Config, ServerEvent, ServerSession};

use crate::packet::{ID, SECRET, T0, TOKEN, data, login, with_token};
use crate::server::logged_in;

/// What a server makes of bytes that arrive in these pieces: the payloads of
/// heartbeats and data, and how many other events.
fn payloads(pieces: &[&[u8]]) -> (Vec<Option<Vec<u8>>>, usize) {
    let mut server = logged_in();
    for piece in pieces {
        server.handle_input(T0, piece);
    }
    let mut payloads = Vec::new();
    let mut others = 0;
    while let Some(event) = server.poll_event() {
        match event {
            ServerEvent::Data { payload, .. } => payloads.push(Some(payload)),
            ServerEvent::Heartbeat { payload, .. } => payloads.push(payload),
            _ => others += 1,
        }
    }
    (payloads, others)
}

#[test]
fn packets_that_arrive_together_are_told_apart() {
    let plain = with_token(b'H', b"heart..1", TOKEN, b"");
    let tailed = with_token(b'H', b"heart..2", TOKEN, b"\x03abc");
    let reading = data(b"data...1", TOKEN, b"21.5");
    let out = with_token(b'O', b"out....1", TOKEN, b"");
    let check = |packets: &[&[u8]], expected: &[Option<&str>], others| {
        let (payloads, rest) = payloads(&[&packets.concat()]);
        let expected: Vec<_> = expected
            .iter()
            .map(|p| p.map(|p| p.as_bytes().to_vec()))
            .collect();
        assert_eq!((payloads, rest), (expected, others));
    };
    check(&[&plain, &reading], &[None, Some("21.5")], 0);
    check(&[&tailed, &reading], &[Some("abc"), Some("21.5")], 0);
    check(&[&plain, &tailed], &[None, Some("abc")], 0);
    check(&[&plain, &plain, &plain, &plain], &[None; 4], 0);
    check(
        &[&reading, &plain, &tailed, &out],
        &[Some("21.5"), None, Some("abc")],
        1,
    );
}

#[test]
fn a_packet_in_pieces_means_what_it_means_in_one() {
    let tailed = with_token(b'H', b"heart..2", TOKEN, b"\x0512345");
    let reading = data(b"data...1", TOKEN, b"21.5");
    let both = [tailed, reading].concat();
    let expected = (vec![Some(b"12345".to_vec()), Some(b"21.5".to_vec())], 0);
    for split in 1..both.len() {
        // There the packet is whole as well without its tail.
        if split == 33 {
            continue;
        }
        let (before, after) = both.split_at(split);
        assert_eq!(payloads(&[before, after]), expected, "{split}");
    }
    let reading = data(b"data...1", TOKEN, b"21.5");
    let bytes: Vec<_> = reading.chunks(1).collect();
    assert_eq!(payloads(&bytes), (vec![Some(b"21.5".to_vec())], 0));
}

#[test]
fn a_large_packet_arrives_in_many_pieces() {
    let payload = vec![b'H'; 65535];
    let packet = data(b"data...1", TOKEN, &payload);
    assert_eq!(packet.len() as u64, limits::MAX_MESSAGE_SIZE);
    let pieces: Vec<_> = packet.chunks(1000).collect();
    assert_eq!(payloads(&pieces), (vec![Some(payload)], 0));
}

#[test]
fn what_is_undecided_does_not_wait_for_ever() {
    // Each is a heartbeat, or the tail of the one before and its beginning.
    let plain = with_token(b'H', b"heart..1", TOKEN, b"");
    let many = plain.repeat(200);
    let cut = &many[..many.len() - 1];
    let mut server = logged_in();
    for byte in cut.chunks(1) {
        server.handle_input(T0, byte);
    }
    let count = core::iter::from_fn(|| server.poll_event()).count();
    assert!(count > 50, "{count}");
}

#[test]
fn a_time_that_is_up_leaves_what_was_whole() {
    let plain = with_token(b'H', b"heart..1", TOKEN, b"");
    let reading = data(b"data...1", TOKEN, b"21.5");
    let mut server = logged_in();
    server.handle_input(T0, &[&plain[..], &reading[..38]].concat()[..]);
    assert_eq!(server.poll_event(), None);
    server.handle_timeout(Config::new(7).piece_timeout);
    assert!(matches!(
        server.poll_event(),
        Some(ServerEvent::Heartbeat { payload: None, .. })
    ));
    assert!(matches!(server.poll_event(), Some(ServerEvent::Ignored(_))));
    assert_eq!(server.poll_output(), b"Rdata...1\x00\x00\x02");
}

#[test]
fn hostile_bytes_are_survived() {
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u32
    };
    let letters = b"LODCHRZ\x00\x01\xff";
    let seeds = [
        login(b"login..1", ID, SECRET, "SENSOR01"),
        data(b"data...1", TOKEN, b"21.5"),
        with_token(b'H', b"heart..1", TOKEN, b"\x03abc"),
    ];
    for round in 0..2000_u64 {
        let mut server = match round % 2 {
            0 => logged_in(),
            _ => ServerSession::new(T0, Config::new(round)),
        };
        let mut bytes = seeds[random() as usize % seeds.len()].repeat(1 + random() as usize % 4);
        for _ in 0..random() % 8 {
            let at = random() as usize % bytes.len();
            bytes[at] = letters[random() as usize % letters.len()];
        }
        bytes.truncate(1 + random() as usize % bytes.len());
        let now = Duration::from_millis(round);
        for piece in bytes.chunks(1 + random() as usize % 40) {
            server.handle_input(now, piece);
        }
        server.handle_timeout(now + Duration::from_secs(2));
        let events = core::iter::from_fn(|| server.poll_event()).count();
        assert!(events <= bytes.len());
        assert!(server.poll_output().len() <= bytes.len() * 2, "{round}");
        // It still serves, or has said that it does not.
        server.handle_input(now, &with_token(b'O', b"out....1", TOKEN, b""));
        let is_answered = server.poll_output().ends_with(b"Rout....1\x01");
        assert!(is_answered && !server.is_closed(), "{round}");
    }
}
