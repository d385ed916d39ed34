//! What an installation would do to the tables, step by step, and what stands in its way.

use crate::format::integer;
use crate::icon::icon;
use crate::reader::Reader;
use maud::{Markup, html};

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// `projects/tasks`.
    pub collection: String,
    /// What is done, as a sentence without its first capital letter.
    pub sentence: String,
}

/// Something that would be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanObstacle {
    pub collection: String,
    /// Empty for the collection itself.
    pub field: String,
    pub sentence: String,
    /// How many records stand in the way; 0 where none do.
    pub records: u64,
    /// The ids of some of them.
    pub examples: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanView {
    pub steps: Vec<PlanLine>,
    pub obstacles: Vec<PlanObstacle>,
    /// What is not there of what plugins ask of each other.
    pub missing: Vec<String>,
    /// What else keeps it from standing beside the others.
    pub misfit: Option<String>,
    /// The version that goes on while its records are carried over, and how many these are.
    pub carries: Option<(String, u64)>,
}

impl PlanView {
    pub fn fits(&self) -> bool {
        self.obstacles.is_empty() && self.missing.is_empty() && self.misfit.is_none()
    }
}

pub(super) fn draw(plan: &PlanView, reader: &Reader) -> Markup {
    html! {
        @if let Some((from, records)) = &plan.carries {
            p {
                "Its code carries " (integer(i64::try_from(*records).unwrap_or(i64::MAX), &reader.locale)) " records over from "
                span class="code" { (from) } ", which goes on until that is done."
            }
        }
        @if !plan.fits() {
            div {
                h3 { "What stands in the way" }
                ul class="faults" {
                    @for missing in &plan.missing { li { "Not there: " span class="code" { (missing) } } }
                    @if let Some(misfit) = &plan.misfit { li { (misfit) } }
                    @for obstacle in &plan.obstacles {
                        li {
                            span class="code" { (obstacle.collection) @if !obstacle.field.is_empty() { "." (obstacle.field) } }
                            " " (obstacle.sentence)
                            @if !obstacle.examples.is_empty() {
                                span class="sub" {
                                    "Such as " span class="code" { (obstacle.examples.join(", ")) }
                                    @let more = obstacle.records.saturating_sub(u64::try_from(obstacle.examples.len()).unwrap_or_default());
                                    @if more > 0 { ", and " (integer(i64::try_from(more).unwrap_or(i64::MAX), &reader.locale)) " more" }
                                }
                            }
                        }
                    }
                }
                p class="small faint mt-2" { "It cannot be installed as things stand. Nothing was changed." }
            }
        }
        @if !plan.steps.is_empty() {
            div {
                h3 { "What is done to the tables" }
                ol class="plan" {
                    @for (index, step) in plan.steps.iter().enumerate() {
                        @if index == 0 || plan.steps[index - 1].collection != step.collection {
                            li class="name code" { (step.collection) }
                        }
                        li { (step.sentence) }
                    }
                }
                p class="small faint mt-2" { "All of it at once or nothing. What is no longer declared is kept until it is purged by its name." }
            }
        }
    }
}

/// The sign before a plan that cannot be carried out.
pub(super) fn refused(plan: &PlanView) -> Markup {
    html! {
        @if !plan.fits() {
            div class="note note-bad" role="alert" { (icon("alert")) p { "It does not fit what is there." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reader;

    #[test]
    fn a_plan_tells_its_steps_by_collection_and_what_would_be_lost() {
        let step =
            |collection: &str, sentence: &str| PlanLine { collection: collection.into(), sentence: sentence.into() };
        let plan = PlanView {
            steps: vec![step("tools/tools", "add the field `shelf`"), step("tools/tools", "add the index tools__ix")],
            obstacles: vec![PlanObstacle {
                collection: "tools/tools".into(),
                field: "name".into(),
                sentence: "7 records hold more".into(),
                records: 7,
                examples: vec!["a".into(), "b".into()],
            }],
            missing: Vec::new(),
            misfit: None,
            carries: Some(("0.1.0".into(), 1_200)),
        };
        let html = draw(&plan, &reader()).into_string();
        assert_eq!(html.matches("<li class=\"name code\">tools/tools</li>").count(), 1);
        assert!(html.contains("add the field `shelf`") && html.contains("7 records hold more"));
        assert!(html.contains("a, b</span>, and 5 more"), "{html}");
        assert!(html.contains("Its code carries 1,200 records over from"), "{html}");
        assert!(!plan.fits() && refused(&plan).into_string().contains("does not fit"));
    }
}
