//! What was said of a record, and a place to say more.

use super::{BACK, anchor};
use crate::collection::Cells;
use crate::collection::record::paragraphs;
use crate::format::{machine, when};
use lignaflow_core::clock::Micros;
use lignaflow_core::id::Id;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct Comment {
    pub author: Option<Id>,
    pub at: Micros,
    pub text: String,
    /// Its own page.
    pub href: String,
}

/// Where one more is posted.
#[derive(Debug, Clone)]
pub struct Saying {
    pub action: String,
    /// The field of the record that is spoken of, with its id.
    pub on: (String, String),
    /// The field of the text, and its most characters.
    pub text: String,
    pub most: i64,
    pub back: String,
}

#[derive(Debug, Clone)]
pub struct CommentsView {
    pub title: String,
    /// The newest first.
    pub comments: Vec<Comment>,
    pub say: Option<Saying>,
    /// The list of all, where these are not.
    pub all: Option<String>,
}

pub(super) fn draw(view: &CommentsView, cells: Cells<'_>) -> Markup {
    let id = anchor("s", &view.title);
    html! {
        section class="comments" aria-labelledby=(id) {
            div class="row-head" {
                h2 id=(id) { (view.title) }
                @if let Some(all) = &view.all { a class="link small end" href=(all) { "All" } }
            }
            @if let Some(say) = &view.say {
                form class="comment-new" method="post" action=(say.action) {
                    input type="hidden" name=(say.on.0) value=(say.on.1);
                    input type="hidden" name=(BACK) value=(say.back);
                    label class="visually-hidden" for={ (id) "-text" } { "Comment" }
                    textarea class="input" id={ (id) "-text" } name=(say.text) rows="2" required maxlength=(say.most) placeholder="Say something" {}
                    button class="btn btn-primary btn-small" type="submit" { "Comment" }
                }
            }
            @if view.comments.is_empty() {
                p class="faint" { "Nothing has been said yet." }
            } @else {
                ol class="feed" {
                    @for comment in &view.comments {
                        li {
                            @if let Some(author) = comment.author { (cells.avatar(author)) }
                            div {
                                p class="small" {
                                    b { (comment.author.map_or("Somebody", |author| cells.name(author))) } " "
                                    a class="faint" href=(comment.href) {
                                        time datetime=(machine(comment.at, cells.reader)) { (when(comment.at, cells.reader)) }
                                    }
                                }
                                (paragraphs(&comment.text))
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{labels, reader};

    #[test]
    fn what_was_said_is_text_and_whoever_may_says_more() {
        let comment = Comment { author: None, at: 0, text: "<b>Wet</b>\n\nTurn it.".into(), href: "/c".into() };
        let mut view = CommentsView {
            title: "Comments".into(),
            comments: vec![comment],
            say: Some(Saying {
                action: "/projects/comments".into(),
                on: ("project".into(), "1".into()),
                text: "text".into(),
                most: 5000,
                back: "/here".into(),
            }),
            all: None,
        };
        let (reader, labels) = (reader(), labels());
        let cells = Cells { reader: &reader, labels: &labels };
        let html = draw(&view, cells).into_string();
        assert!(html.contains("&lt;b&gt;Wet&lt;/b&gt;") && html.contains("<p>Turn it.</p>"), "{html}");
        assert!(html.contains("name=\"project\" value=\"1\"") && html.contains("maxlength=\"5000\""));
        view.say = None;
        assert!(!draw(&view, cells).into_string().contains("<form"));
    }
}
