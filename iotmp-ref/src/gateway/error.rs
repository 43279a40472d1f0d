//! What a request is refused with: a status, and a body that says what to do.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::json;
use crate::server::{CallError, Hub};
use crate::session::{Misuse, Reply};

/// Why a request fails.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// Names the reason to a program.
    code: &'static str,
    message: String,
    hint: &'static str,
    /// What the device said. Boxed, as a refusal is the rare end of everything here.
    details: Option<Box<serde_json::Value>>,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint,
            details: None,
        }
    }

    pub(super) fn bad_request(
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, hint)
    }

    pub(super) fn not_found(
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message, hint)
    }

    pub(super) fn busy(message: impl Into<String>) -> Self {
        let hint = "try again when others have gone";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, hint)
    }

    /// What became of a call to a device.
    pub(super) fn call(hub: &Hub, error: CallError) -> Self {
        use StatusCode as S;
        let message = error.to_string();
        let refusal = |status, code, hint| Self::new(status, code, message, hint);
        match error {
            CallError::NotConnected(id) if hub.is_known(&id) => refusal(
                S::SERVICE_UNAVAILABLE,
                "device_offline",
                "the server knows the device; try again when it has connected",
            ),
            CallError::NotConnected(_) => refusal(
                S::NOT_FOUND,
                "device_unknown",
                "no such device may connect to this server; check user and device in the path",
            ),
            CallError::TimedOut => refusal(
                S::GATEWAY_TIMEOUT,
                "device_timeout",
                "the device is connected but has not answered; what was asked for may have been done",
            ),
            CallError::Lost => refusal(
                S::BAD_GATEWAY,
                "device_lost",
                "the device was asked and may have done it; look before you ask again",
            ),
            CallError::Failed(reply) => {
                let status = own_status(&reply);
                let hint = "the device has refused; GET .../resources says what it has";
                let mut refusal = refusal(status, "device_error", hint);
                refusal.details = details(&reply).map(Box::new);
                refusal
            }
            CallError::NotSent(misuse) => match misuse {
                Misuse::TooLarge { .. } => refusal(
                    S::PAYLOAD_TOO_LARGE,
                    "message_too_large",
                    "the value does not fit into one message to the device; send less",
                ),
                Misuse::Unencodable(_) => refusal(
                    S::UNPROCESSABLE_ENTITY,
                    "not_encodable",
                    "the revision or encoding that the device speaks cannot say this",
                ),
                _ => refusal(
                    S::SERVICE_UNAVAILABLE,
                    "device_busy",
                    "the device is behind with what it was asked before; try again later",
                ),
            },
        }
    }

    /// The body, and what stands in a frame of a WebSocket.
    pub(super) fn body(&self) -> serde_json::Value {
        let mut body = json!({
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        });
        if let (Some(details), Some(map)) = (&self.details, body.as_object_mut()) {
            map.insert("details".into(), (**details).clone());
        }
        body
    }
}

/// A device may say which status its Error is.
fn own_status(reply: &Reply) -> StatusCode {
    let code = reply.parameters.as_ref().and_then(|code| code.as_u64());
    let code = code.filter(|code| (400..600).contains(code));
    let status = code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
    status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

fn details(reply: &Reply) -> Option<serde_json::Value> {
    let payload = reply.payload.as_ref().map(json::json);
    let parameters = reply.parameters.as_ref().map(json::json);
    match (payload, parameters) {
        (None, None) => None,
        (payload, parameters) => Some(json!({ "payload": payload, "parameters": parameters })),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.body() }).to_string();
        let mut response = (self.status, super::routes::JSON, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"iotmp\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
