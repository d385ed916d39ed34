//! What holds of every page, whatever it shows: no inline style or script, every control named, every reference met.
//! The pages are those of the gallery.

#[path = "../examples/gallery/pages.rs"]
mod pages;
#[path = "../examples/gallery/sample.rs"]
mod sample;

use std::collections::HashSet;

/// One tag of a page, or a run of text.
#[derive(Debug)]
enum Token<'a> {
    Open { name: &'a str, attributes: Vec<(&'a str, &'a str)> },
    Close(&'a str),
    Text(&'a str),
}

/// Takes apart what maud writes: attributes are always quoted, text is always escaped.
fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        if start > 0 {
            tokens.push(Token::Text(&rest[..start]));
        }
        let mut quoted = false;
        let end = rest[start..]
            .char_indices()
            .find(|(_, c)| {
                quoted ^= *c == '"';
                *c == '>' && !quoted
            })
            .map(|(at, _)| start + at)
            .expect("a tag ends");
        let inner = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            tokens.push(Token::Close(name));
        } else if !inner.starts_with('!') {
            let (name, tail) = inner.split_once(' ').unwrap_or((inner, ""));
            tokens.push(Token::Open { name, attributes: attributes(tail) });
        }
    }
    tokens
}

fn attributes(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return found;
        }
        let end = text.find([' ', '=']).unwrap_or(text.len());
        let name = &text[..end];
        text = &text[end..];
        if let Some(value) = text.strip_prefix("=\"") {
            let close = value.find('"').expect("a value ends");
            found.push((name, &value[..close]));
            text = &value[close + 1..];
        } else {
            found.push((name, ""));
        }
    }
}

fn attribute<'a>(attributes: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

fn each(mut check: impl FnMut(&str, &str, &[Token<'_>])) {
    for (name, page) in pages::all() {
        let html = page.into_string();
        check(name, &html, &tokens(&html));
    }
}

const VOID: [&str; 5] = ["meta", "link", "input", "hr", "br"];

#[test]
fn no_page_carries_style_or_script_of_its_own() {
    each(|page, html, tokens| {
        for token in tokens {
            let Token::Open { name, attributes } = token else { continue };
            assert_ne!(*name, "style", "{page}");
            assert!(*name != "script" || attribute(attributes, "src").is_some(), "{page}: a script without src");
            for (key, value) in attributes {
                assert_ne!(*key, "style", "{page}: {name}");
                assert!(!key.starts_with("on"), "{page}: {name} {key}");
                assert!(!value.trim_start().to_ascii_lowercase().starts_with("javascript:"), "{page}: {name} {key}");
            }
        }
        assert!(!html.contains("http://"), "{page}: an address without TLS");
    });
}

#[test]
fn every_tag_is_closed_where_it_was_opened() {
    each(|page, _, tokens| {
        let mut open: Vec<&str> = Vec::new();
        for token in tokens {
            match token {
                Token::Open { name, .. } if !VOID.contains(name) => open.push(name),
                Token::Close(name) => assert_eq!(open.pop(), Some(*name), "{page}"),
                _ => {}
            }
        }
        assert_eq!(open, Vec::<&str>::new(), "{page}");
    });
}

#[test]
fn every_control_has_a_name_that_can_be_read_out() {
    each(|page, _, tokens| {
        let labelled: HashSet<&str> = tokens
            .iter()
            .filter_map(|token| match token {
                Token::Open { name: "label", attributes } => attribute(attributes, "for"),
                _ => None,
            })
            .collect();
        let mut inside_label = 0;
        for token in tokens {
            match token {
                Token::Open { name: "label", attributes } if attribute(attributes, "for").is_none() => {
                    inside_label += 1;
                }
                Token::Close("label") => inside_label = 0,
                Token::Open { name: name @ ("input" | "select" | "textarea"), attributes } => {
                    if matches!(attribute(attributes, "type"), Some("hidden" | "submit")) {
                        continue;
                    }
                    let by_id = attribute(attributes, "id").is_some_and(|id| labelled.contains(id));
                    let named = inside_label > 0 || by_id || attribute(attributes, "aria-label").is_some();
                    assert!(named, "{page}: {name} {attributes:?}");
                }
                _ => {}
            }
        }
    });
}

#[test]
fn every_button_link_and_drawing_says_what_it_is() {
    each(|page, _, tokens| {
        for (at, token) in tokens.iter().enumerate() {
            let Token::Open { name: name @ ("button" | "a" | "summary"), attributes } = token else { continue };
            let end = tokens[at..]
                .iter()
                .position(|token| matches!(token, Token::Close(closed) if closed == name))
                .expect("it is closed");
            let text: String = tokens[at..at + end]
                .iter()
                .filter_map(|t| if let Token::Text(text) = t { Some(*text) } else { None })
                .collect();
            let named = !text.trim().is_empty() || attribute(attributes, "aria-label").is_some();
            assert!(named, "{page}: {name} {attributes:?}");
        }
        for token in tokens {
            let Token::Open { name: "svg", attributes } = token else { continue };
            let hidden = attribute(attributes, "aria-hidden") == Some("true");
            let told = attribute(attributes, "role") == Some("img") && attribute(attributes, "aria-label").is_some();
            // A drawing within a drawing, and a bar whose cell is hidden, are told by what is around them.
            let inner = attribute(attributes, "overflow").is_some() || attribute(attributes, "class") == Some("bar");
            assert!(hidden || told || inner, "{page}: svg {attributes:?}");
        }
    });
}

#[test]
fn identifiers_are_unique_and_what_refers_to_one_finds_it() {
    each(|page, _, tokens| {
        let mut ids = HashSet::new();
        for token in tokens {
            if let Token::Open { attributes, .. } = token
                && let Some(id) = attribute(attributes, "id")
            {
                assert!(ids.insert(id), "{page}: two are called {id}");
            }
        }
        for token in tokens {
            let Token::Open { name, attributes } = token else { continue };
            for key in ["aria-describedby", "aria-labelledby", "for", "list"] {
                for id in attribute(attributes, key).into_iter().flat_map(str::split_whitespace) {
                    assert!(ids.contains(id), "{page}: {name} {key}={id}");
                }
            }
            if let Some(id) = attribute(attributes, "href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(id), "{page}: a link to #{id}");
            }
        }
    });
}

#[test]
fn every_page_has_one_heading_and_one_main_part() {
    each(|page, _, tokens| {
        let count =
            |wanted: &str| tokens.iter().filter(|t| matches!(t, Token::Open { name, .. } if *name == wanted)).count();
        assert_eq!((count("h1"), count("main"), count("title") > 0), (1, 1, true), "{page}");
    });
}

#[test]
fn every_table_has_a_caption_and_every_head_a_scope() {
    each(|page, _, tokens| {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Open { name: "table", .. } => {
                    assert!(
                        matches!(tokens[at + 1], Token::Open { name: "caption", .. }),
                        "{page}: a table without caption"
                    );
                }
                Token::Open { name: "th", attributes } => {
                    assert!(attribute(attributes, "scope").is_some(), "{page}: th without scope");
                }
                _ => {}
            }
        }
    });
}

#[test]
fn every_form_stays_on_this_host_and_says_how_it_sends() {
    each(|page, _, tokens| {
        for token in tokens {
            let Token::Open { name: "form", attributes } = token else { continue };
            let action = attribute(attributes, "action").unwrap_or_default();
            assert!(action.starts_with('/') && !action.starts_with("//"), "{page}: form to {action}");
            let searches = attribute(attributes, "role") == Some("search");
            let said = matches!(attribute(attributes, "method"), Some("get" | "post"));
            assert!(searches || said, "{page}: form to {action}");
        }
    });
}
