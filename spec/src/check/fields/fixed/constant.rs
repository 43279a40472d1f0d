//! Numbers that a field always holds.

use crate::check::fields::Checker;
use crate::check::layout::max;
use crate::check::vocabulary::beyond;
use crate::diagnostic::{Mistake, Report};
use crate::model::FieldType;
use crate::raw::{self, Constant, Item};
use crate::source::Span;
use crate::suggest::{did_you_mean, list};

/// Names that every generated message has for constants of its own.
const CONSTANTS: [&str; 3] = ["code", "name", "label"];

impl Checker<'_, '_> {
    /// The number that a field always holds.
    pub(super) fn constant(
        &self,
        item: &Item<'_, raw::FixedField>,
        raw: &raw::FixedField,
        ty: &FieldType,
        report: &mut Report,
    ) -> Option<u64> {
        let constant = raw.constant.as_ref()?;
        let at = item.at("const");
        if raw.optional == Some(true) {
            let message = format!("{} is always the same and optional", item.title);
            report.push(
                Mistake::new("optional-const", at, message).help(
                    "remove `const` or `optional`; what tells messages apart is always there",
                ),
            );
        }
        if CONSTANTS.contains(&item.name) {
            let message = format!("a constant field cannot be called `{}`", item.name);
            report.push(
                Mistake::new("reserved-name", item.span, message)
                    .label("every generated message has this name already")
                    .help("choose another name"),
            );
        }
        match (ty, constant) {
            (FieldType::Int(encoding), Constant::Number(number)) => {
                fits(item, *number, encoding.bits(), at, report)
            }
            (FieldType::Enum(name), constant) => self.value_of(name, constant, at, report),
            _ => {
                let message = format!(
                    "{} has a constant, but its type is `{}`",
                    item.title, raw.ty
                );
                let help = match ty {
                    FieldType::Int(_) => "write a number, or an enum as type",
                    _ => "only a number or an enum can be constant; remove `const`",
                };
                report.push(Mistake::new("const-not-a-number", at, message).help(help));
                None
            }
        }
    }

    fn value_of(
        &self,
        name: &str,
        constant: &Constant,
        at: Span,
        report: &mut Report,
    ) -> Option<u64> {
        let model = self.enums.iter().find(|model| model.name == name)?;
        let found = model.values.iter().find(|value| match constant {
            Constant::Number(number) => value.value == *number,
            Constant::Name(name) => value.name == *name,
        });
        if let Some(value) = found {
            return Some(value.value);
        }
        let values: Vec<_> = model.values.iter().map(|v| v.name.as_str()).collect();
        let word = match constant {
            Constant::Name(word) => word.clone(),
            Constant::Number(number) => number.to_string(),
        };
        report.push(
            Mistake::new(
                "unknown-value",
                at,
                format!("enum `{name}` has no value `{word}`"),
            )
            .help(format!("its values are {}", list(&values)))
            .maybe_help(did_you_mean(&word, values.iter().copied())),
        );
        None
    }
}

fn fits(
    item: &Item<'_, raw::FixedField>,
    number: u64,
    bits: u8,
    at: Span,
    report: &mut Report,
) -> Option<u64> {
    if number > max(bits) {
        let title = &item.title;
        report.push(beyond(
            "const-beyond-bits",
            "constant",
            title,
            number,
            bits,
            at,
        ));
        return None;
    }
    Some(number)
}
