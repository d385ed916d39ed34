//! What an upgrade changes, from the two descriptors.

use lignaflow_core::descriptor::{Collection, Descriptor, Field, Page};
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
        let fields = if names.len() == 1 { "field" } else { "fields" };
        return vec![line(Sign::Plus, "new", format!("{} {fields}: {}", names.len(), names.join(", ")))];
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

/// What comes, goes, and is otherwise than before, of things that have a name and are told in a few words.
fn compared(old: &[(String, String)], new: &[(String, String)]) -> Vec<Line> {
    let of =
        |list: &[(String, String)], name: &str| list.iter().find(|(it, _)| it == name).map(|(_, told)| told.clone());
    let mut lines = Vec::new();
    for (name, told) in new {
        match of(old, name) {
            None => lines.push(line(Sign::Plus, name, told)),
            Some(was) if was != *told => lines.push(line(Sign::Other, name, format!("{was} to {told}"))),
            Some(_) => {}
        }
    }
    lines.extend(old.iter().filter(|(name, _)| of(new, name).is_none()).map(|(name, _)| line(Sign::Minus, name, "")));
    lines
}

/// What changes in its pages.
pub(super) fn pages(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Line> {
    // Two pages may have one title, and are told apart by their names then.
    let alike = |descriptor: &Descriptor, title: &str| descriptor.pages.iter().filter(|it| it.title == title).count();
    let called = |page: &Page| {
        let is_alone = before.into_iter().chain([after]).all(|descriptor| alike(descriptor, &page.title) < 2);
        if is_alone { page.title.clone() } else { format!("{} ({})", page.title, page.name) }
    };
    let of = |descriptor: &Descriptor| -> Vec<(String, String)> {
        let told = |blocks: usize| if blocks == 1 { "1 block".to_owned() } else { format!("{blocks} blocks") };
        descriptor.pages.iter().map(|page| (called(page), told(page.blocks.len()))).collect()
    };
    compared(&before.map(of).unwrap_or_default(), &of(after))
}

/// What changes in the settings that organizations fill in.
pub(super) fn settings(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Line> {
    let of = |descriptor: &Descriptor| -> Vec<(String, String)> {
        let told = |field: &Field| if field.secret { "secret".to_owned() } else { described(field) };
        descriptor.settings.iter().map(|(name, field)| (name.to_string(), told(field))).collect()
    };
    compared(&before.map(of).unwrap_or_default(), &of(after))
}

/// What changes in what it does by itself: jobs, with their times, and what it is told of.
pub(super) fn work(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Line> {
    let of = |descriptor: &Descriptor| -> Vec<(String, String)> {
        let job = |schedule: Option<&str>| schedule.map_or_else(String::new, |at| format!("at {at}"));
        let jobs = descriptor.jobs.iter().map(|it| (format!("job {}", it.name), job(it.schedule.as_deref())));
        let told = descriptor.subscriptions.iter().map(|it| (format!("told of {}", it.collection), String::new()));
        jobs.chain(told).collect()
    };
    compared(&before.map(of).unwrap_or_default(), &of(after))
}

/// Something that a version changes, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `records`, `routes`, `pages`, `settings` or `work`.
    pub part: &'static str,
    /// `add`, `remove` or `change`.
    pub action: &'static str,
    pub sentence: String,
}

/// All that a version changes beside its rights; everything of a plugin that is new.
pub fn changes(before: Option<&Descriptor>, after: &Descriptor) -> Vec<Told> {
    let parts = [
        ("records", "field ", records(before, after)),
        ("routes", "route ", routes(before, after)),
        ("pages", "page ", pages(before, after)),
        ("settings", "setting ", settings(before, after)),
        ("work", "", work(before, after)),
    ];
    let mut told = Vec::new();
    for (part, what, lines) in parts {
        let mut about = String::new();
        for Line { sign, text, detail } in lines {
            let (action, verb) = match sign {
                Sign::Name => {
                    about = text;
                    continue;
                }
                Sign::Plus => ("add", "Adds"),
                Sign::Minus => ("remove", "Takes away"),
                Sign::Other => ("change", "Changes"),
            };
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            // A collection as a whole, or what is named with what it is.
            let thing = match part {
                "records" if text == "new" => format!("the collection {about}"),
                "records" if text.contains('/') => format!("the collection {text}"),
                "records" if text.starts_with("transition ") => format!("the {text} of {about}"),
                "records" => format!("the {what}{text} of {about}"),
                "work" if text.starts_with("told of ") => format!("being {text}"),
                _ => format!("the {what}{text}"),
            };
            told.push(Told { part, action, sentence: format!("{verb} {thing}{detail}.") });
        }
    }
    told
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
    fn an_upgrade_tells_pages_settings_and_jobs_that_come_and_go() {
        let parsed = |more: &str| {
            let head = "id = \"books\"\nversion = \"0.1.0\"\ntitle = \"Books\"\napi = \"0.1\"\n";
            lignaflow_core::descriptor::parse(&format!("{head}{more}")).unwrap()
        };
        let before = parsed(
            "[settings]\nkey = { type = \"text\", secret = true }\ndays = { type = \"integer\" }\n\
             [[jobs]]\nname = \"send\"\ntitle = \"Send\"\n",
        );
        let after = parsed(
            "[settings]\ndays = { type = \"integer\", min = 1 }\nnote = { type = \"text\" }\n\
             [[jobs]]\nname = \"send\"\ntitle = \"Send\"\nschedule = \"0 16 * * 5\"\n",
        );
        let told = |lines: Vec<Line>| -> Vec<String> {
            lines.iter().map(|line| format!("{:?} {} {}", line.sign, line.text, line.detail)).collect()
        };
        let expected = ["Other days integer to integer, from 1", "Plus note text", "Minus key "];
        assert_eq!(told(settings(Some(&before), &after)), expected);
        assert_eq!(told(work(Some(&before), &after)), ["Other job send  to at 0 16 * * 5"]);
        assert_eq!(pages(Some(&before), &after), []);
        assert_eq!(pages(None, &descriptor()).len(), descriptor().pages.len());
        let mut twice = descriptor();
        let page = twice.pages[0].clone();
        twice.pages.push(Page { name: "again".parse().unwrap(), blocks: Vec::new(), ..page.clone() });
        assert_eq!(pages(Some(&twice), &twice), []);
        let expected = [format!("Plus {} (again) 0 blocks", page.title)];
        assert!(
            told(pages(Some(&descriptor()), &twice)).contains(&expected[0]),
            "{:?}",
            pages(Some(&descriptor()), &twice)
        );
    }

    #[test]
    fn what_a_version_changes_is_told_in_sentences() {
        let before = descriptor();
        let mut after = descriptor();
        after.collections[0].fields.shift_remove("budget");
        after.collections[0].fields.insert("trade".parse().unwrap(), Field::bare(FieldKind::Text));
        after.collections.pop();
        after.pages.clear();
        let told: Vec<String> = changes(Some(&before), &after).into_iter().map(|it| it.sentence).collect();
        let name = |at: usize| format!("{}/{}", before.id, before.collections[at].name);
        let mut expected = vec![
            format!("Adds the field trade of {} (text).", name(0)),
            format!("Takes away the field budget of {} (hidden, its values are kept).", name(0)),
            format!("Takes away the collection {} (hidden, its records are kept).", name(before.collections.len() - 1)),
        ];
        expected.extend(before.pages.iter().map(|page| format!("Takes away the page {}.", page.title)));
        assert_eq!(told, expected);
        let first = changes(None, &before);
        assert!(first.iter().all(|it| it.action == "add"), "{first:?}");
        assert!(first[0].sentence.starts_with(&format!("Adds the collection {} (16 fields: ", name(0))), "{first:?}");
    }

    #[test]
    fn everything_of_a_first_install_is_new() {
        let lines = records(None, &descriptor());
        assert_eq!(lines.iter().filter(|line| line.sign == Sign::Name).count(), 2);
        assert!(lines[1].detail.starts_with("16 fields: title, number"));
    }
}
