//! Issues of an input, found by field and told twice: at the field, and in a summary at the top that links to it.

use crate::icon::icon;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// The identifier of a field's control.
pub(crate) fn control_id(name: &str) -> String {
    format!("f-{name}")
}

/// The field that an issue belongs to, by its JSON pointer.
fn field_of(issue: &Issue) -> String {
    lignaflow_core::custom::field_at(&issue.path)
}

/// The messages at one field, each once.
pub(crate) fn at<'a>(issues: &'a [Issue], name: &str) -> Vec<&'a str> {
    let mut messages = Vec::new();
    for issue in issues.iter().filter(|issue| field_of(issue) == name) {
        if !messages.contains(&issue.message.as_str()) {
            messages.push(issue.message.as_str());
        }
    }
    messages
}

/// The summary over a form of these fields, given as name and title. Issues of no shown field, and a fault of the whole,
/// are told here in full.
pub(crate) fn summary(issues: &[Issue], fields: &[(&str, String)], fault: Option<&str>) -> Markup {
    let wrong: Vec<&(&str, String)> =
        fields.iter().filter(|(name, _)| issues.iter().any(|issue| field_of(issue) == *name)).collect();
    let mut elsewhere: Vec<&str> = issues
        .iter()
        .filter(|issue| !fields.iter().any(|(name, _)| field_of(issue) == *name))
        .map(|issue| issue.message.as_str())
        .collect();
    elsewhere.dedup();
    if wrong.is_empty() && elsewhere.is_empty() && fault.is_none() {
        return html! {};
    }
    let heading = match wrong.len() {
        0 => None,
        1 => Some("One field needs a look:".to_owned()),
        count => Some(format!("{} fields need a look:", number_word(count))),
    };
    let last = wrong.len().saturating_sub(1);
    html! {
        div class="band" {
            div class="note note-bad" role="alert" tabindex="-1" id="issues" {
                (icon("alert"))
                div {
                    @if let Some(fault) = fault { p { b { (fault) } } }
                    @for message in &elsewhere { p { (message) } }
                    @if let Some(heading) = heading {
                        p {
                            b { (heading) } " "
                            @for (index, (name, title)) in wrong.iter().enumerate() {
                                @if index > 0 { (if index == last { " and " } else { ", " }) }
                                a class="link" href={ "#" (control_id(name)) } { (title) }
                            }
                            ". Nothing is lost."
                        }
                    } @else {
                        p { "What was typed is still here." }
                    }
                }
            }
        }
    }
}

fn number_word(count: usize) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_links_to_fields_and_tells_the_rest_in_full() {
        let issues = [
            Issue::new("/date", "malformed", "November has 30 days"),
            Issue::new("/amount/minor", "too-large", "Too much"),
            Issue::new("/amount/minor", "too-large", "Too much"),
            Issue::new("", "closed", "The project is closed."),
        ];
        let fields = [("date", "Date".to_owned()), ("amount", "Amount".to_owned()), ("note", "Note".to_owned())];
        let html = summary(&issues, &fields, None).into_string();
        assert!(html.contains("<b>Two fields need a look:</b> <a class=\"link\" href=\"#f-date\">Date</a> and "));
        assert!(html.contains("<p>The project is closed.</p>"));
        assert_eq!(at(&issues, "amount"), ["Too much"]);
        assert_eq!(summary(&[], &fields, None).into_string(), "");
    }
}
