//! Documents: the templates of plugins and the organization's own, its logo, and what could not be made.

use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct TemplateRow {
    pub plugin: String,
    /// The plugin's title.
    pub plugin_title: String,
    pub template: String,
    /// Since when it is the organization's own.
    pub own_since: Option<Micros>,
}

/// A document that could not be made, or is not made yet.
#[derive(Debug, Clone)]
pub struct UnmadeRow {
    pub id: String,
    pub plugin_title: String,
    pub template: String,
    pub asked_at: Micros,
    /// Why, where it was given up.
    pub flaw: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct DocumentsPage<'a> {
    pub templates: &'a [TemplateRow],
    pub unmade: &'a [UnmadeRow],
    pub has_logo: bool,
    pub fault: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub struct TemplatePage<'a> {
    pub row: &'a TemplateRow,
    /// As it was typed, or as it stands.
    pub source: &'a str,
    /// JSON.
    pub sample: &'a str,
    /// What is wrong with what was typed.
    pub fault: Option<&'a str>,
}

fn alarm(fault: Option<&str>) -> Markup {
    html! {
        @if let Some(fault) = fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
        }
    }
}

pub fn documents(shell: &Shell, view: &DocumentsPage<'_>) -> Markup {
    let body = html! {
        (alarm(view.fault))
        div class="band mt-4" {
            div class="stack" {
                @if !view.unmade.is_empty() { (unmade(shell, view.unmade)) }
                section aria-labelledby="h-templates" {
                    div class="row-head" { h2 id="h-templates" { "Templates" } span class="faint hide-phone" { "what documents look like" } }
                    @if view.templates.is_empty() {
                        (empty("No plugin brings a template", "Plugins that make documents, such as quotes, bring templates that can be changed here.", &html! {}))
                    } @else {
                        (templates(shell, view.templates))
                    }
                }
                (logo(view.has_logo))
            }
        }
    };
    shell.page(&Head { title: "Documents", sheets: super::SHEETS, ..Head::default() }, &body)
}

fn templates(shell: &Shell, rows: &[TemplateRow]) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "Templates of documents" }
            thead { tr { th scope="col" { "Template" } th scope="col" { "Whose" } } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" {
                            a class="primary" href=(paths::template(&row.plugin, &row.template)) { (row.template) }
                            span class="sub" { (row.plugin_title) }
                        }
                        td {
                            @match row.own_since {
                                Some(at) => { "Your own" span class="sub" { "since " (when(at, &shell.reader)) } },
                                None => span class="muted" { "The plugin's" },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn unmade(shell: &Shell, rows: &[UnmadeRow]) -> Markup {
    html! {
        section aria-labelledby="h-unmade" {
            div class="row-head" { h2 id="h-unmade" { "Not made" } }
            table class="table" {
                caption class="visually-hidden" { "Documents that are not there" }
                thead { tr { th scope="col" { "Document" } th scope="col" { "Why" } th scope="col" class="p2" { "Asked for" } th scope="col" { span class="visually-hidden" { "What to do" } } } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { span class="primary" { (row.template) } span class="sub" { (row.plugin_title) } }
                            td { @match &row.flaw { Some(flaw) => (flaw), None => span class="muted" { "is being made" } } }
                            td class="p2 muted" { (when(row.asked_at, &shell.reader)) }
                            td class="fit" {
                                @if row.flaw.is_some() {
                                    form method="post" action=(paths::document_retry(&row.id)) {
                                        button class="btn btn-small" type="submit" { "Try again" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn logo(there: bool) -> Markup {
    html! {
        section aria-labelledby="h-logo" {
            div class="row-head" { h2 id="h-logo" { "Logo" } span class="faint hide-phone" { "at the head of documents" } }
            @if there { p { img class="letterhead" src=(paths::DOCUMENT_LOGO) alt="The logo of this organization" height="48"; } }
            form class="inline-form mt-2" method="post" action=(paths::DOCUMENT_LOGO) enctype="multipart/form-data" {
                label class="visually-hidden" for="f-logo" { "A picture in PNG, JPEG or SVG" }
                input class="input" id="f-logo" type="file" name="logo" accept="image/png,image/jpeg,image/svg+xml" required;
                button class="btn" type="submit" { "Upload" }
            }
            @if there {
                form class="mt-2" method="post" action=(paths::DOCUMENT_LOGO_REMOVE) { button class="btn btn-small" type="submit" { "Have none" } }
            }
        }
    }
}

pub fn template(shell: &Shell, view: &TemplatePage<'_>) -> Markup {
    let row = view.row;
    let act = |act: &str| paths::template_act(&row.plugin, &row.template, act);
    let body = html! {
        (alarm(view.fault))
        div class="band mt-4" {
            form class="stack" method="post" action=(paths::template(&row.plugin, &row.template)) {
                div class="field" {
                    label for="f-source" { "Template" }
                    textarea class="input code" id="f-source" name="source" rows="24" spellcheck="false" aria-describedby="h-source" { (view.source) }
                    p class="hint" id="h-source" {
                        "In typst. It reads json(\"data.json\"), json(\"organization.json\") and sys.inputs.logo; text in the data is never read as source."
                    }
                }
                div class="field" {
                    label for="f-data" { "Shown with" }
                    textarea class="input code" id="f-data" name="data" rows="8" spellcheck="false" { (view.sample) }
                    p class="hint" { "For the preview alone. It is not kept." }
                }
                div class="actions" {
                    button class="btn btn-primary" type="submit" { "Save" }
                    button class="btn" type="submit" formaction=(act("preview")) formtarget="_blank" { (icon("eye")) "Preview" }
                    @if row.own_since.is_some() {
                        button class="btn" type="submit" formaction=(act("drop")) formnovalidate { "Back to the plugin's" }
                    }
                }
            }
        }
    };
    let head = Head {
        title: &row.template,
        crumbs: vec![Crumb { title: "Documents", href: paths::DOCUMENTS.to_owned() }],
        sheets: super::SHEETS,
        ..Head::default()
    };
    shell.page(&head, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn row(own_since: Option<Micros>) -> TemplateRow {
        TemplateRow {
            plugin: "estimates".into(),
            plugin_title: "Estimates".into(),
            template: "quote".into(),
            own_since,
        }
    }

    #[test]
    fn what_could_not_be_made_says_why_and_is_tried_again() {
        let unmade = |flaw: Option<&str>| UnmadeRow {
            id: "018f".into(),
            plugin_title: "Estimates".into(),
            template: "quote".into(),
            asked_at: 0,
            flaw: flaw.map(str::to_owned),
        };
        let page = |rows: &[UnmadeRow]| {
            let view = DocumentsPage { templates: &[row(None)], unmade: rows, has_logo: false, fault: None };
            documents(&shell(), &view).into_string()
        };
        let html = page(&[unmade(Some("quote.typ, line 3: <missing>"))]);
        assert!(html.contains("quote.typ, line 3: &lt;missing&gt;") && html.contains("/admin/documents/018f/retry"));
        assert!(!page(&[unmade(None)]).contains("retry") && !page(&[]).contains("Not made"));
    }

    #[test]
    fn what_was_typed_is_kept_and_only_ones_own_template_goes_back() {
        let page = |own: Option<Micros>| {
            let row = row(own);
            let view =
                TemplatePage { row: &row, source: "</textarea><b>", sample: "{}", fault: Some("Line 3 is wrong.") };
            template(&shell(), &view).into_string()
        };
        let html = page(Some(0));
        assert!(html.contains("&lt;/textarea&gt;&lt;b&gt;") && html.contains("Line 3 is wrong."));
        assert!(html.contains("/admin/documents/estimates/quote/drop") && !page(None).contains("/drop"));
    }
}
