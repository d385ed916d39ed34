//! Records as cards in lanes, one for each state. A card is moved by the transitions that lead from its state: through a
//! choice and a button on it, and with script by dragging it or by the keyboard.

use super::{TableColumn, anchor};
use crate::collection::{Cells, VERSION, tag};
use crate::icon::icon;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// The name of the transition, and of the address to return to, in what a card's form posts.
pub const TRANSITION: &str = "transition";
pub const BACK: &str = "back";

/// One transition that a card's state allows.
#[derive(Debug, Clone)]
pub struct Move {
    pub name: String,
    pub title: String,
    /// The state that it leads to.
    pub to: String,
}

#[derive(Debug, Clone)]
pub struct Card {
    pub title: String,
    pub href: String,
    /// Where its form posts to.
    pub action: String,
    pub version: u64,
    /// One for each of the board's facts.
    pub facts: Vec<Value>,
    pub moves: Vec<Move>,
}

#[derive(Debug, Clone)]
pub struct Lane {
    pub state: String,
    /// How many records are in it, of which the cards are the first.
    pub count: i64,
    pub cards: Vec<Card>,
    /// The list of all of them.
    pub all: String,
}

#[derive(Debug, Clone)]
pub struct BoardView {
    pub title: String,
    /// The choices of the state, in their order.
    pub states: Vec<String>,
    /// What a card says.
    pub facts: Vec<TableColumn>,
    pub lanes: Vec<Lane>,
    /// The form for one more record, where the reader may make one.
    pub new: Option<String>,
    /// What one record is called.
    pub one: String,
    /// The address of this page.
    pub back: String,
}

pub(super) fn draw(view: &BoardView, cells: Cells<'_>) -> Markup {
    html! {
        lf-board {
            div class="board scroll-x" tabindex="0" role="region" aria-label={ (view.title) ". Arrow keys move between cards, M moves a card" } {
                @for lane in &view.lanes { (lane_of(view, lane, cells)) }
            }
        }
    }
}

fn lane_of(view: &BoardView, lane: &Lane, cells: Cells<'_>) -> Markup {
    let id = anchor("l", &lane.state);
    let shown = i64::try_from(lane.cards.len()).unwrap_or(i64::MAX);
    html! {
        section class="lane" aria-labelledby=(id) data-state=(lane.state) {
            div class="lane-head" {
                h2 id=(id) { (tag(&view.states, &lane.state)) }
                span class="count" { (lane.count) }
            }
            ul class="stack gap-2" {
                @for card in &lane.cards { (card_of(view, card, cells)) }
            }
            @if lane.cards.is_empty() { p class="faint small lane-empty" { "Nothing here." } }
            @if lane.count > shown {
                a class="btn btn-quiet btn-small lane-add" href=(lane.all) { (lane.count - shown) " more" }
            }
            @if let Some(new) = view.new.as_ref().filter(|_| view.states.first() == Some(&lane.state)) {
                a class="btn btn-quiet btn-small lane-add" href=(new) { (icon("plus")) (view.one) }
            }
        }
    }
}

fn card_of(view: &BoardView, card: &Card, cells: Cells<'_>) -> Markup {
    let says = |value: &Value| !value.is_null() && !matches!(value, Value::References(ids) if ids.is_empty());
    let facts = view.facts.iter().zip(&card.facts).filter(|(_, value)| says(value));
    let (people, words): (Vec<_>, Vec<_>) =
        facts.partition(|(fact, _)| matches!(fact.field.kind, FieldKind::People | FieldKind::Person));
    html! {
        li class="card" {
            h3 { a href=(card.href) { (card.title) } }
            @if !words.is_empty() || !people.is_empty() {
                p class="card-meta" {
                    @for (fact, value) in &words {
                        span class="trunc" title={ (fact.title) ": " (cells.words(&fact.field, value)) } {
                            @if fact.state { @if let Some(state) = value.as_text() { (tag(&fact.field.of, state)) } }
                            @else { (cells.words(&fact.field, value)) }
                        }
                    }
                    @if !people.is_empty() {
                        span class="end" { @for (fact, value) in &people { (cells.bare(&fact.field, None, value)) } }
                    }
                }
            }
            @if !card.moves.is_empty() {
                form class="card-move" method="post" action=(card.action) {
                    input type="hidden" name=(VERSION) value=(card.version);
                    input type="hidden" name=(BACK) value=(view.back);
                    select class="input input-small" name=(TRANSITION) aria-label={ "Move " (card.title) } {
                        @for step in &card.moves { option value=(step.name) data-to=(step.to) { (step.title) } }
                    }
                    button class="btn btn-small" type="submit" { "Move" }
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
    fn a_card_offers_what_its_state_allows_and_leads_back() {
        let card = Card {
            title: "Cut <oak>".into(),
            href: "/projects/tasks/1".into(),
            action: "/projects/tasks/1/to".into(),
            version: 3,
            facts: Vec::new(),
            moves: vec![Move { name: "start".into(), title: "Start".into(), to: "in-progress".into() }],
        };
        let lane =
            |state: &str, cards: Vec<Card>, count| Lane { state: state.into(), count, cards, all: "/all".into() };
        let view = BoardView {
            title: "Tasks".into(),
            states: vec!["todo".into(), "in-progress".into()],
            facts: Vec::new(),
            lanes: vec![lane("todo", vec![card], 4), lane("in-progress", Vec::new(), 0)],
            new: Some("/projects/tasks/new".into()),
            one: "Task".into(),
            back: "/board".into(),
        };
        let (reader, labels) = (reader(), labels());
        let html = draw(&view, Cells { reader: &reader, labels: &labels }).into_string();
        for part in [
            "Cut &lt;oak&gt;",
            "<option value=\"start\" data-to=\"in-progress\">Start</option>",
            "name=\"back\" value=\"/board\"",
            "name=\"~version\" value=\"3\"",
            ">3 more</a>",
            "Nothing here.",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("/projects/tasks/new").count(), 1, "what is new begins in the first lane");
    }
}
