//! Silence that is shorter than the interval.

use core::time::Duration;

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::default_interval;
use crate::case::{Case, Pace, SERVER};
use crate::subject::{Event, Link, Peer, vocabulary};
use crate::suite::connect::accepted;
use crate::verdict::{Outcome, Step, Stop};

/// How long nothing is said. Whoever closes connections by a limit of its own tends to do so after
/// 5 or 10 s.
const QUIET: Duration = Duration::from_secs(12);
/// Intervals that are looked at are longer than the silence by so much at least.
const TIMES: u32 = 2;

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "keep-alive.not-early",
    title: "a connection that says nothing for 12 s, of an interval of more, goes on",
    clauses: &["IOTMP25-KEEPALIVE-005"],
    control: Some("keep-alive.answered"),
    pace: Pace::Slow,
    run: |peer| Box::pin(not_early(peer)),
    ..SERVER
}];

/// Connections with an interval that is asked for and without one, and what each is called.
async fn opened(peer: &Peer) -> Outcome<Vec<(Link, &'static str)>> {
    let default = default_interval(peer);
    let said = json!({"keep_alive": default.as_secs()});
    let mut wishes: Vec<(Json, &'static str)> = vec![
        (Json::Null, "a Connect without an interval"),
        (said, "a Connect with the interval of the default"),
    ];
    if let Some(all) = with_firmware(peer.spec()) {
        wishes.push((all, "a Connect with a firmware and no interval"));
    }
    // Of a server that ends the older connection only one can be looked at.
    let at_once = if peer.subject().takes_over() {
        1
    } else {
        wishes.len()
    };
    let mut links = Vec::new();
    for (wish, what) in wishes.into_iter().take(at_once) {
        let link = accepted(peer, &wish, None).await;
        let (link, _) = link.unrelated("connecting")?;
        links.push((link, what));
    }
    Ok(links)
}

fn with_firmware(spec: &Spec) -> Option<Json> {
    let firmware = json!({"firmware": "1.0.0"});
    vocabulary::connect(spec, 1, &firmware, &Json::Null).ok()?;
    Some(firmware)
}

async fn not_early(peer: &Peer) -> Outcome {
    if default_interval(peer) < QUIET * TIMES {
        return Err(Stop::skip("the spec sets a short interval by default"));
    }
    if peer.patience() < QUIET {
        let wait = QUIET.as_secs();
        return Err(Stop::skip(format!(
            "nothing is said for {wait} s; --patience {wait} would wait for it"
        )));
    }
    let mut links = opened(peer).await?;
    peer.waits("what a server makes of a silence", QUIET);
    let began = Instant::now();
    for (link, what) in &mut links {
        while Instant::now() < began + QUIET {
            match link.next_before(began + QUIET).await {
                Event::Silence(_) | Event::Message(_) => {}
                other => {
                    let ms = began.elapsed().as_millis();
                    let expected = format!("the connection to go on for {} ms", QUIET.as_millis());
                    let stop = Stop::fail(expected, format!("{other} within {ms} ms"));
                    return Err(stop.because(format!("it began by {what}")));
                }
            }
        }
        let settled = link.settle().await.unrelated("asking at the end")?;
        if !settled.alive {
            let stop = Stop::fail("the connection to go on", "its end");
            return Err(stop.because(format!("it began by {what}")));
        }
    }
    Ok(())
}
