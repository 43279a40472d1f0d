//! What a server may ask of its device in a case.

use serde_json::Value as Json;

use super::Link;
use crate::subject::event::Received;

/// Requests of a server that are left to the case.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Served {
    names: &'static [&'static str],
    resources: &'static [&'static str],
}

impl Served {
    /// Whether a request is the case's to answer. A server may turn to other resources for reasons of
    /// its own.
    pub(super) fn has(self, request: &Received) -> bool {
        let resource = request.field("resource").and_then(Json::as_str);
        let is_other = resource.is_some_and(|resource| !self.resources.contains(&resource));
        self.names.contains(&request.name()) && !is_other
    }
}

impl Link {
    /// Leaves to the case the requests of a server that have these names, from here on, as far as they
    /// are about none but these resources.
    pub const fn serve(
        &mut self,
        names: &'static [&'static str],
        resources: &'static [&'static str],
    ) {
        self.served = Served { names, resources };
    }
}
