//! Another device of the same user, which asks the server to call the device under test.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use iotmp_ref::transport::Transport;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use super::event::{Want, phrase};
use super::operator::{Asked, Operator, Told, Unheard};
use super::{Credentials, Event, Manner, Subject, vocabulary};
use crate::suite::OWN_ID;
use crate::verdict::Stop;

/// Where a server has its resource that runs one of another device.
const RESOURCES: &str = "server_resource";
const CALL_DEVICE: &str = "call_device";

/// Lets a server call a device by the resource that it has for other devices.
///
/// It connects anew for every call.
pub struct ColleagueOperator {
    server: Arc<Subject>,
}

impl fmt::Debug for ColleagueOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ColleagueOperator(..)")
    }
}

impl ColleagueOperator {
    /// A device that connects with `credentials`.
    #[must_use]
    pub fn new(
        spec: &'static Spec,
        address: String,
        transport: Transport,
        credentials: Credentials,
        manner: Manner,
    ) -> Self {
        let server = Subject::server(spec, address, credentials, manner).over(transport);
        Self {
            server: Arc::new(server),
        }
    }
}

fn failed(stop: Stop) -> Unheard {
    let verdict = stop.into_verdict();
    let why = verdict.reason().unwrap_or_default();
    Unheard::Failed(format!("the device that calls: {why}"))
}

impl Operator for ColleagueOperator {
    fn run<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        input: Option<Json>,
        _within: Duration,
    ) -> Asked<'a, Told> {
        Box::pin(async move {
            let number = vocabulary::number(self.server.spec(), RESOURCES, CALL_DEVICE);
            let Ok(number) = number else {
                return Err(Unheard::Unable);
            };
            let peer = self.server.peer();
            let mut link = peer.connected().await.map_err(failed)?;
            let id = link.id();
            let mut run = json!({
                "type": "run",
                "stream_id": id,
                "resource": number,
                "parameters": format!("{}/{resource}", device.device),
            });
            if let Some(input) = input {
                run["payload"] = input;
            }
            link.send(run).await.map_err(failed)?;
            let deadline = tokio::time::Instant::now() + peer.patience();
            match link.next_before(deadline).await {
                Event::Message(answer) if Want::Ok(id).allows_message(&answer) => {
                    Ok(Told::Value(answer.field("payload").cloned()))
                }
                Event::Message(answer) if Want::Error(id).allows_message(&answer) => {
                    let why = answer.field("payload").cloned().unwrap_or_default();
                    Ok(Told::Error(why.to_string()))
                }
                Event::Message(answer) if matches!(answer.name(), "ok" | "error") => {
                    let asked = Want::Answer(id).to_string();
                    let stop = Stop::fail(asked, phrase(&answer.message)).blaming(OWN_ID);
                    Err(Unheard::Broken(stop.because("to the device that calls")))
                }
                other => Err(Unheard::Failed(format!("the device that calls: {other}"))),
            }
        })
    }
}
