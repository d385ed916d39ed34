//! What an upgrade changes, from the two descriptors.

use lignaflow_core::descriptor::{Collection, Descriptor, Field};
use maud::{Markup, html};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The name of what the next lines are about.
    Name,
    Plus,
    Minus,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sign: Sign,
    pub(super) text: String,
    /// In a paler ink behind it.
    pub(super) detail: String,
}

fn line(sign: Sign, text: impl Into<String>, detail: impl Into<String>) -> Line {
    Line { sign, text: text.into(), detail: detail.into() }
}

/// What changes in the records.
pub(super) fn records(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Line> {
    let mut lines = Vec::new();
    for collection in &after.collections {
        let name = format!("{}/{}", after.id, collection.name);
        let old = before.and_then(|before| before.collection(collection.name.as_str()));
        let changed = collection_changes(old, collection);
        if !changed.is_empty() {
            lines.push(line(Sign::Name, name, ""));
            lines.extend(changed);
        }
    }
    for gone in before.into_iter().flat_map(|before| &before.collections) {
        if after.collection(gone.name.as_str()).is_none() {
            lines.push(line(Sign::Minus, format!("{}/{}", after.id, gone.name), "hidden, its records are kept"));
        }
    }
    lines
}

fn collection_changes(before: Option<&Collection>, after: &Collection) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(before) = before else {
        let names: Vec<&str> = after.fields.keys().map(lignaflow_core::name::FieldName::as_str).collect();
        return vec![line(Sign::Plus, "new", format!("{} fields: {}", names.len(), names.join(", ")))];
    };
    for (name, field) in &after.fields {
        match before.field(name.as_str()) {
            None => lines.push(line(Sign::Plus, name.as_str(), described(field))),
            Some(old) if described(old) != described(field) => {
                lines.push(line(Sign::Other, name.as_str(), format!("{} to {}", described(old), described(field))));
            }
            Some(_) => {}
        }
    }
    for name in before.fields.keys().filter(|name| after.field(name.as_str()).is_none()) {
        lines.push(line(Sign::Minus, name.as_str(), "hidden, its values are kept"));
    }
    for transition in after.verbs().filter(|t| before.transition(t.name.as_str()).is_none()) {
        lines.push(line(Sign::Plus, format!("transition {}", transition.name), format!("to {}", transition.to)));
    }
    for transition in before.verbs().filter(|t| after.transition(t.name.as_str()).is_none()) {
        lines.push(line(Sign::Minus, format!("transition {}", transition.name), ""));
    }
    lines
}

/// A field in a few words: type, bounds, and whether it must be there.
fn described(field: &Field) -> String {
    let kind =
        serde_json::to_value(field.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let mut parts = vec![match field.of.len() {
        0 => kind,
        count => format!("{kind}, {count} values"),
    }];
    parts.extend(field.to.as_ref().map(|to| format!("to {to}")));
    parts.extend(field.max.map(|max| format!("up to {max}")));
    parts.extend(field.min.map(|min| format!("from {min}")));
    parts.extend(field.required.then(|| "required".to_owned()));
    parts.join(", ")
}

/// What changes in the routes.
pub(super) fn routes(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Line> {
    let of = |descriptor: &Descriptor| -> Vec<String> {
        descriptor.routes.iter().map(|route| format!("{} {}", route.method.as_str(), route.path)).collect()
    };
    let (old, new) = (before.map(of).unwrap_or_default(), of(after));
    let plus = new.iter().filter(|route| !old.contains(route)).map(|route| line(Sign::Plus, route, ""));
    let minus = old.iter().filter(|route| !new.contains(route)).map(|route| line(Sign::Minus, route, ""));
    plus.chain(minus).collect()
}

pub(super) fn draw(lines: &[Line]) -> Markup {
    html! {
        ul class="diff" {
            @for line in lines {
                @match line.sign {
                    Sign::Name => li class="name" { (line.text) },
                    Sign::Plus => (row("plus", "+", "added", line)),
                    Sign::Minus => (row("minus", "−", "taken away", line)),
                    Sign::Other => (row("other", "~", "changed", line)),
                }
            }
        }
    }
}

fn row(class: &str, sign: &str, said: &str, line: &Line) -> Markup {
    html! {
        li class=(class) {
            i { span aria-hidden="true" { (sign) } span class="visually-hidden" { (said) " " } }
            span { (line.text) @if !line.detail.is_empty() { " " span class="was" { (line.detail) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::descriptor;
    use lignaflow_core::descriptor::FieldKind;

    #[test]
    fn an_upgrade_tells_fields_and_routes_that_come_and_go() {
        let before = descriptor();
        let mut after = descriptor();
        after.collections[0].fields.shift_remove("budget");
        after.collections[0].fields.insert("trade".parse().unwrap(), Field::bare(FieldKind::Text));
        after.collections[0].fields.get_mut("note").unwrap().max = Some(4000);
        after.collections[0].transitions.pop();
        let lines: Vec<String> = records(Some(&before), &after)
            .iter()
            .map(|line| format!("{:?} {} {}", line.sign, line.text, line.detail))
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
        assert_eq!(records(Some(&before), &before), []);
    }

    #[test]
    fn everything_of_a_first_install_is_new() {
        let lines = records(None, &descriptor());
        assert_eq!(lines.iter().filter(|line| line.sign == Sign::Name).count(), 2);
        assert!(lines[1].detail.starts_with("16 fields: title, number"));
    }
}
