//! Files that are no captures, or lie: a clear refusal, and no memory for promises.

use iotmp_conformance::observe::capture::{Capture as Read, CaptureError};
use iotmp_conformance::specs;
use serde_json::json;

use crate::pcap_file::{Capture, Link};
use crate::talk::{Device, PATIENCE, Server, Talk};

fn captured() -> Capture {
    let talk = Talk::connected("iotmp-shipping").say(
        Server,
        json!({"type": "run", "stream_id": 3, "resource": "led"}),
    );
    let mut capture = Capture::new(Link::Ethernet, false).open();
    for (at, side, bytes) in &talk.steps {
        capture.send(*at, *side == Device, bytes);
    }
    capture
}

fn refused(bytes: &[u8]) -> CaptureError {
    Read::read(bytes).err().unwrap()
}

#[test]
fn what_is_no_capture_is_called_so() {
    assert_eq!(refused(b""), CaptureError::NotACapture);
    assert_eq!(refused(&[0x55; 4000]), CaptureError::NotACapture);
    assert_eq!(
        refused(b"IOTMP is not a capture, nor is this sentence."),
        CaptureError::NotACapture
    );
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_packet_is_judged_as_far_as_it_goes() {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    for file in [captured().pcap(), captured().pcapng()] {
        let cut = file.len() - 3;
        let capture = Read::read(&file[..cut]).unwrap();
        let findings = capture.judge(spec, None, PATIENCE);
        let note = format!("the file ends in the middle of a packet, after {cut} bytes");
        let notes = &findings.notes;
        assert!(notes.iter().any(|one| one.starts_with(&note)), "{notes:?}");
        assert!(findings.messages[0] > 0, "the Connect was whole");
    }
}

#[test]
fn a_file_without_a_whole_packet_says_where_it_ends() {
    let file = captured().pcap();
    assert_eq!(refused(&file[..50]), CaptureError::Truncated(50));
    // Inside the header of the file there is nothing to say yet.
    assert_eq!(refused(&file[..10]), CaptureError::Truncated(0));
}

#[test]
fn a_size_that_no_packet_has_is_refused() {
    let mut file = captured().pcap();
    // The size of the first packet, behind the header of the file and two times.
    file[32..36].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    let refusal = refused(&file);
    assert_eq!(refusal, CaptureError::TooLarge(24), "{refusal}");
}

#[test]
fn no_byte_of_a_capture_can_do_harm() {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    for file in [captured().pcap(), captured().pcapng()] {
        for index in (0..file.len()).step_by(7) {
            for byte in [0xff, file[index] ^ 1] {
                let mut file = file.clone();
                file[index] = byte;
                // Whatever it says, it comes to an end and says something.
                if let Ok(capture) = Read::read(file.as_slice()) {
                    assert!(!capture.judge(spec, None, PATIENCE).notes.is_empty());
                }
            }
        }
    }
}
