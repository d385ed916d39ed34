//! A letter as a mail client shows it: plain text, and HTML that needs no sheet, no script and no picture from elsewhere.
//! What clients understand is tables and the `style` of each element; dark ones turn these colours around by themselves.

use lignaflow_core::Id;
use lignaflow_core::mail::{Item, Letter, Part, Target};
use maud::{DOCTYPE, Markup, html};
use std::collections::HashMap;
use std::fmt::Write as _;

/// What a letter is written on.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// In whose name it is.
    pub sender: &'a str,
    /// The address of this site, without a slash at its end.
    pub site: &'a str,
    pub lang: &'a str,
    /// The addresses of links that it leads by.
    pub links: &'a HashMap<Id, String>,
}

impl Paper<'_> {
    fn address(&self, target: &Target) -> String {
        match target {
            Target::Path(path) => format!("{}{path}", self.site),
            Target::Link(id) => self.links.get(id).cloned().unwrap_or_else(|| self.site.to_owned()),
        }
    }

    /// Its plain text.
    pub fn text(&self, letter: &Letter) -> String {
        let mut out = String::new();
        for part in &letter.parts {
            self.part(&mut out, part);
            out.push('\n');
        }
        let _ = writeln!(out, "-- \n{}", self.sender);
        out
    }

    // Writing to a string cannot fail.
    fn part(&self, out: &mut String, part: &Part) {
        match part {
            Part::Text(text) | Part::Small(text) => {
                let _ = writeln!(out, "{text}");
            }
            Part::Facts(facts) => {
                for (name, value) in facts {
                    let _ = writeln!(out, "{name}: {value}");
                }
            }
            Part::Button { title, to } => {
                let _ = writeln!(out, "{title}:\n{}", self.address(to));
            }
            Part::Code(code) => {
                let _ = writeln!(out, "    {code}");
            }
            Part::Items(items) => {
                for Item { title, text, to } in items {
                    let _ = writeln!(out, "* {title}");
                    if !text.is_empty() {
                        let _ = writeln!(out, "  {text}");
                    }
                    if let Some(to) = to {
                        let _ = writeln!(out, "  {}", self.address(to));
                    }
                }
            }
        }
    }

    /// The same as HTML.
    pub fn html(&self, letter: &Letter) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.lang) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (letter.subject) }
                }
                body style="margin:0;padding:0;background:#f5f3ee;" {
                    table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f5f3ee;" {
                        tr {
                            td align="center" style="padding:32px 12px;" {
                                table role="presentation" width="100%" cellpadding="0" cellspacing="0" style=(SHEET) {
                                    tr { td style="padding:24px 32px 0;color:#2a5a4a;font-weight:600;font-size:14px;" { (self.sender) } }
                                    tr { td style="padding:6px 32px 0;" { h1 style="margin:0;font-size:20px;line-height:28px;font-weight:600;color:#2b2c26;" { (letter.subject) } } }
                                    tr { td style="padding:8px 32px 28px;" { @for part in &letter.parts { (self.drawn(part)) } } }
                                }
                                p style="margin:16px 0 0;font:12px/18px -apple-system,'Segoe UI',Roboto,sans-serif;color:#77756b;" { (self.sender) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn drawn(&self, part: &Part) -> Markup {
        match part {
            Part::Text(text) => html! {
                p style="margin:14px 0 0;" { @for (index, line) in text.lines().enumerate() { @if index > 0 { br; } (line) } }
            },
            Part::Small(text) => html! {
                p style="margin:18px 0 0;font-size:13px;line-height:20px;color:#6b6a61;" { (text) }
            },
            Part::Facts(facts) => html! {
                table role="presentation" cellpadding="0" cellspacing="0" style="margin:16px 0 0;width:100%;border-top:1px solid #e4e1d8;" {
                    @for (name, value) in facts {
                        tr {
                            td style="padding:8px 16px 8px 0;border-bottom:1px solid #e4e1d8;color:#6b6a61;vertical-align:top;" { (name) }
                            td align="right" style="padding:8px 0;border-bottom:1px solid #e4e1d8;font-weight:600;" { (value) }
                        }
                    }
                }
            },
            Part::Button { title, to } => {
                let address = self.address(to);
                html! {
                    table role="presentation" cellpadding="0" cellspacing="0" style="margin:22px 0 0;" {
                        tr { td style="border-radius:6px;background:#2a5a4a;" {
                            a href=(address) style="display:inline-block;padding:12px 22px;color:#ffffff;text-decoration:none;font-weight:600;" { (title) }
                        } }
                    }
                    p style="margin:12px 0 0;font-size:12px;line-height:18px;color:#77756b;word-break:break-all;" { (address) }
                }
            }
            Part::Code(code) => html! {
                p style="margin:18px 0 0;padding:14px 18px;background:#f5f3ee;border-radius:6px;font:600 20px/28px ui-monospace,Menlo,Consolas,monospace;letter-spacing:2px;word-break:break-all;" { (code) }
            },
            Part::Items(items) => html! {
                table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:14px 0 0;" {
                    @for item in items {
                        tr { td style="padding:10px 0;border-top:1px solid #e4e1d8;" {
                            @match &item.to {
                                Some(to) => a href=(self.address(to)) style="color:#2a5a4a;font-weight:600;text-decoration:none;" { (item.title) },
                                None => span style="font-weight:600;" { (item.title) },
                            }
                            @if !item.text.is_empty() { br; span style="color:#6b6a61;" { (item.text) } }
                        } }
                    }
                }
            },
        }
    }
}

const SHEET: &str = "max-width:560px;background:#fffefb;border:1px solid #e4e1d8;border-radius:10px;\
    font:15px/23px -apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;color:#2b2c26;text-align:left;";

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(links: &HashMap<Id, String>) -> Paper<'_> {
        Paper { sender: "Halloran & Beck", site: "https://app.example", lang: "en-AU", links }
    }

    #[test]
    fn text_and_html_say_the_same_and_lead_to_the_same_page() {
        let letter = Letter::new("You are invited")
            .text("Jo asks you to join.\nWelcome.")
            .facts(&[("Role", "Supervisor")])
            .button("Join", "/join/abc")
            .small("It holds for a week.");
        let links = HashMap::new();
        let (text, html) = (paper(&links).text(&letter), paper(&links).html(&letter).into_string());
        for said in ["Jo asks you to join.", "Supervisor", "https://app.example/join/abc", "It holds for a week."] {
            assert!(text.contains(said) && html.contains(said), "{said}");
        }
        assert!(html.contains("Halloran &amp; Beck") && text.contains("Halloran & Beck"));
    }

    #[test]
    fn what_somebody_typed_is_text_and_never_markup() {
        let letter = Letter::new("<b>Hi</b>").text("<script>alert(1)</script>").facts(&[("<i>", "\"><img src=x>")]);
        let links = HashMap::new();
        let html = paper(&links).html(&letter).into_string();
        assert!(!html.contains("<script>") && !html.contains("<img") && !html.contains("<b>Hi"), "{html}");
    }

    #[test]
    fn a_link_is_the_address_that_it_was_given() {
        let id = Id::fresh();
        let links = HashMap::from([(id, "https://app.example/l/secret".to_owned())]);
        let letter = Letter::new("Quote").with(Part::Button { title: "Open".into(), to: Target::Link(id) });
        assert!(paper(&links).text(&letter).contains("https://app.example/l/secret"));
    }
}
