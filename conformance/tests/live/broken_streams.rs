//! Devices that break a rule of Keep Alives, streams or values in a way that takes more than a look.

use crate::broken_devices::breaks;
use crate::mini_device::Fault;

/// Each fault, the case that finds it, and the clause that it breaks.
const FAULTS: &[(Fault, &str, &str)] = &[
    (
        Fault::AnswersKeepAlives,
        "device.keep-alive.goes-on",
        "IOTMP25-KEEPALIVE-002",
    ),
    (
        Fault::BeatsSlowly,
        "device.keep-alive.goes-on",
        "IOTMP25-KEEPALIVE-002",
    ),
    (
        Fault::StreamsInsteadOfBeats,
        "device.keep-alive.beside-a-stream",
        "IOTMP25-KEEPALIVE-002",
    ),
    (
        Fault::WaitsForTheRest,
        "device.keep-alive.beside-half-a-message",
        "IOTMP25-KEEPALIVE-002",
    ),
    (
        Fault::GivesThreeValues,
        "device.stream.interval",
        "IOTMP25-STREAM-003",
    ),
    (
        Fault::GivesNothing,
        "device.stream.interval",
        "IOTMP25-STREAM-003",
    ),
    (
        Fault::GivesNothing,
        "device.stream.first-value",
        "IOTMPS-STREAM-002",
    ),
    (
        Fault::PutsValuesOff,
        "device.stream.beside-requests",
        "IOTMP25-STREAM-003",
    ),
    (
        Fault::RoundsIntervals,
        "device.stream.odd-interval",
        "IOTMP25-STREAM-003",
    ),
    (
        Fault::SharesIntervals,
        "device.stream.intervals-of-their-own",
        "IOTMP25-STREAM-007",
    ),
    (
        Fault::StreamsOneOnly,
        "device.stream.two-at-once",
        "IOTMP25-STREAM-007",
    ),
    (
        Fault::StreamsWhatIsRefused,
        "device.stream.refused-is-silent",
        "IOTMP25-STREAM-004",
    ),
    (
        Fault::UsesUpRefusedIds,
        "device.stream.id-free-after-refusal",
        "IOTMP25-SID-004",
    ),
    (
        Fault::RefusesStopOfEvents,
        "device.stream.stop-events",
        "IOTMP25-STREAM-005",
    ),
    (
        Fault::RefusesEarlyStops,
        "device.stream.stop-before-value",
        "IOTMP25-STREAM-005",
    ),
    (
        Fault::EchoesAfterStop,
        "device.stream.no-echo-after-stop",
        "IOTMP25-STREAM-005",
    ),
    (
        Fault::EchoesEventsOnly,
        "device.stream.echo-with-interval",
        "IOTMPS-STREAM-003",
    ),
    (
        Fault::StopsByOldId,
        "device.stream.replaced-id",
        "IOTMP25-STREAM-006",
    ),
    (
        Fault::KeepsStreams,
        "device.stream.id-after-reconnect",
        "IOTMP25-STREAM-009",
    ),
    (
        Fault::GivesNothingMeanwhile,
        "device.stream.run-meanwhile",
        "IOTMP25-RUN-004",
    ),
    (
        Fault::StreamsTheFirstOnly,
        "device.stream.every-resource",
        "IOTMP25-STREAM-001",
    ),
    (
        Fault::KnowsNoAliasOfStreams,
        "device.stream.alias",
        "IOTMP25-RUN-006",
    ),
    (
        Fault::CutsIntegers,
        "device.value.returned",
        "IOTMP25-PSON2-002",
    ),
];

#[tokio::test]
async fn each_breaks_what_it_is_said_to_break() {
    let all = FAULTS.iter();
    let all = all.map(|&(fault, case, clause)| async move {
        breaks(fault, &[case], case, &[clause]).await;
    });
    // Each waits more than it works.
    let mut running = tokio::task::JoinSet::new();
    all.for_each(|one| {
        running.spawn(one);
    });
    running.join_all().await;
}

/// Either end may say Disconnect at any time, and it ends a connection as well.
#[tokio::test]
async fn goodbye_before_the_end_is_no_fault() {
    let (finished, _) =
        crate::broken_devices::run(Fault::SaysGoodbyeFirst, &["device.keep-alive.*"]).await;
    assert_eq!(crate::broken_servers::failures(&finished), []);
}
