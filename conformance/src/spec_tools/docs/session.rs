//! The states of a connection, with a diagram; timers and limits.

use iotmp_spec::model::{Quantity, Spec, State};

use super::markdown::{self, Document, cell, link, table};
use super::source;

pub(super) fn chapter(spec: &Spec, document: &mut Document) {
    if !spec.states.is_empty() {
        document.heading(2, "Session");
        document.block("mermaid", &diagram(&spec.states));
        let messages = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| link("message", name)).collect();
            names.join(", ")
        };
        let rows = spec.states.iter().map(|state| {
            vec![
                format!("`{}`", state.name),
                cell(&state.doc),
                messages(&state.device_sends),
                messages(&state.server_sends),
            ]
        });
        let head = ["state", "meaning", "the device sends", "the server sends"];
        document.paragraph(table(&head, rows));
    }
    quantities(spec, "Timers", "timer", &spec.timers, document);
    quantities(spec, "Limits", "limit", &spec.limits, document);
}

/// The diagram in the language of Mermaid; events with one target share an arrow.
fn diagram(states: &[State]) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for state in states {
        if state.initial {
            text.push_str(&format!("    [*] --> {}\n", state.name));
        }
        let mut arrows: Vec<(&str, Vec<&str>)> = Vec::new();
        for (event, target) in &state.next {
            match arrows.iter_mut().find(|(other, _)| other == target) {
                Some((_, events)) => events.push(event),
                None => arrows.push((target, vec![event])),
            }
        }
        for (target, events) in &arrows {
            let events = events.join(", ");
            text.push_str(&format!("    {} --> {target}: {events}\n", state.name));
        }
        if arrows.is_empty() {
            text.push_str(&format!("    {} --> [*]\n", state.name));
        }
    }
    text
}

fn quantities(
    spec: &Spec,
    heading: &str,
    kind: &str,
    quantities: &[Quantity],
    document: &mut Document,
) {
    if quantities.is_empty() {
        return;
    }
    document.heading(2, heading);
    let rows = quantities.iter().map(|quantity| {
        let anchor = markdown::anchor(kind, &quantity.name);
        vec![
            format!("{anchor}`{}`", quantity.name),
            format!("{} {}", quantity.value, quantity.unit),
            cell(&quantity.doc),
            source(spec, &quantity.source),
        ]
    });
    document.paragraph(table(&["name", "value", "meaning", "source"], rows));
}
