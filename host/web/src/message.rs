//! Pages that say what went wrong and what to do next. No inner cause ever stands here: the request id finds it in the
//! log.

use crate::document::Theme;
use crate::door;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Head, Shell};
use lignaflow_core::error::{ErrorCode, Fault};
use maud::{Markup, html};

/// One message on a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub title: String,
    pub text: String,
    /// Where to go from here, the first one foremost.
    pub actions: Vec<(String, String)>,
    /// Shown so that it can be told to whoever reads the log.
    pub request_id: Option<String>,
}

impl Message {
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), actions: Vec::new(), request_id: None }
    }

    #[must_use]
    pub fn action(mut self, title: impl Into<String>, href: impl Into<String>) -> Self {
        self.actions.push((title.into(), href.into()));
        self
    }

    #[must_use]
    pub fn request(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// There is no page at this address, or none that may be seen.
    pub fn not_found() -> Self {
        Self::new(
            "There is nothing at this address",
            "It may have been moved, archived or mistyped, or it belongs to another organization of yours.",
        )
        .action("Search", paths::SEARCH)
        .action("Home", paths::HOME)
    }

    /// The pages of a plugin that is off. Its records stay as they are.
    pub fn plugin_off(title: &str, may_switch: bool) -> Self {
        let text = "Its pages and routes are hidden for this organization until it is switched on again. Its records stay as they are.";
        let message = Self::new(format!("{title} is switched off"), text);
        if may_switch { message.action("Plugins", paths::PLUGINS) } else { message }.action("Home", paths::HOME)
    }

    /// Any fault that no form can show. The fault's own words are for people; the title says what kind it is.
    pub fn of(fault: &Fault) -> Self {
        let title = match fault.code {
            ErrorCode::NotFound => return Self { text: fault.message.clone(), ..Self::not_found() },
            ErrorCode::Invalid => "That cannot be read",
            ErrorCode::Denied => "That is not yours to do",
            ErrorCode::Conflict | ErrorCode::Stale => "Somebody else was faster",
            ErrorCode::Locked => "This takes no change now",
            ErrorCode::Quota => "A limit is reached",
            ErrorCode::RateLimited => "Too many requests",
            ErrorCode::Timeout => "That took too long",
            ErrorCode::Unavailable | ErrorCode::PluginBusy => "Not just now",
            ErrorCode::PluginTimeout | ErrorCode::PluginCpu => "A plugin took too long",
            ErrorCode::PluginFailed
            | ErrorCode::PluginOutOfMemory
            | ErrorCode::PluginExhausted
            | ErrorCode::PluginBadAnswer => "A plugin failed",
            ErrorCode::PluginSetAside => "This is set aside",
            ErrorCode::Internal => "Something went wrong",
        };
        let mut message = Self::new(title, &fault.message);
        if fault.issues.len() > 1 {
            // A single issue is the fault's own words; of several, each is told.
            message.text = fault.issues.iter().map(|issue| issue.message.as_str()).collect::<Vec<_>>().join(" ");
        }
        message.action("Home", paths::HOME)
    }
}

/// Within the house, for somebody who is signed in.
pub fn page(shell: &Shell, message: &Message) -> Markup {
    shell.page(&Head { title: &message.title, ..Head::default() }, &html! { div class="band" { (body(message)) } })
}

/// By itself, for anybody.
pub fn alone(theme: Theme, message: &Message) -> Markup {
    door::page(theme, &message.title, &html! { h1 { (message.title) } (body(message)) })
}

fn body(message: &Message) -> Markup {
    html! {
        div class="message" {
            p class="lead" { (message.text) }
            @if !message.actions.is_empty() {
                div class="actions mt-4" {
                    @for (index, (title, href)) in message.actions.iter().enumerate() {
                        a class={ "btn" @if index == 0 { " btn-primary" } } href=(href) { (title) }
                    }
                }
            }
            @if let Some(id) = &message.request_id {
                p class="hint mt-6" { (icon("info")) "Request " lf-copy data-text=(id) { span class="code" { (id) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;
    use lignaflow_core::error::Issue;

    #[test]
    fn a_fault_is_told_in_its_own_words_under_a_title_of_its_kind() {
        let html = page(&shell(), &Message::of(&Fault::denied("You may not <switch> plugins.")).request("018f-7"))
            .into_string();
        assert!(html.contains("<h1>That is not yours to do</h1>"));
        assert!(html.contains("You may not &lt;switch&gt; plugins."));
        assert!(html.contains("018f-7"));
    }

    #[test]
    fn several_issues_are_all_told() {
        let fault = Fault::invalid(vec![Issue::new("/a", "x", "A is wrong."), Issue::new("/b", "x", "B is wrong.")]);
        assert_eq!(Message::of(&fault).text, "A is wrong. B is wrong.");
    }

    #[test]
    fn a_message_needs_nobody_signed_in() {
        let html = alone(Theme::Dark, &Message::not_found()).into_string();
        assert!(html.contains("data-theme=\"dark\"") && html.contains("There is nothing at this address"));
    }
}
