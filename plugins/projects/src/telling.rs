//! What people are told of work: that a task is theirs, that one is blocked, that somebody said something, and that a
//! budget is used up so far.

use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// People that are told of one batch.
const MOST: usize = 100;
/// Characters of a comment that a notice quotes.
const QUOTED: usize = 300;
const SEE_MONEY: &str = "projects.see-money";

/// Notices of a batch of changes. Nobody is told what they did themselves, nor of more than one thing at a time: who is
/// put on forty tasks at once is told so once.
pub(crate) fn of(changes: &[HookChange]) -> Result<Vec<Mutation>, Fault> {
    let mut theirs: BTreeMap<Id, Vec<&HookChange>> = BTreeMap::new();
    let mut notices = Vec::new();
    let mut me = None;
    let mut seeing = None;
    for change in changes.iter().filter(|change| matches!(change.collection.as_str(), "tasks" | "comments")) {
        let me = match me {
            Some(me) => me,
            None => *me.insert(context::caller()?.person()),
        };
        if change.collection == "tasks" {
            for person in assigned(change).filter(|person| Some(*person) != me) {
                theirs.entry(person).or_default().push(change);
            }
            notices.extend(blocked(change, me));
        } else {
            notices.extend(said(change, me, &mut seeing)?);
        }
    }
    for (person, tasks) in theirs.into_iter().take(MOST) {
        let title = |change: &HookChange| change.after.text("title").unwrap_or("a task").to_owned();
        let line = match tasks.as_slice() {
            [task] => notify([person], format!("You are on “{}”", title(task))).about("tasks", task.id),
            [first, ..] => {
                let more = tasks.len() - 1;
                notify([person], format!("You are on “{}” and {more} more", title(first))).about("tasks", first.id)
            }
            [] => continue,
        };
        notices.push(line.into());
    }
    notices.truncate(MOST);
    Ok(notices)
}

/// Who is on a task that was not before.
fn assigned(change: &HookChange) -> impl Iterator<Item = Id> {
    let was: BTreeSet<Id> = change.before.references("assignees").iter().copied().collect();
    let open = change.kind != ChangeKind::Remove && change.after.text("status") != Some("done");
    let is = if open { change.after.references("assignees").to_vec() } else { Vec::new() };
    is.into_iter().filter(move |person| !was.contains(person))
}

/// Whoever manages the project hears of what is in the way.
fn blocked(change: &HookChange, me: Option<Id>) -> Option<Mutation> {
    let manager = change.related.reference("project.manager").filter(|manager| Some(*manager) != me)?;
    let title = change.after.text("title").filter(|_| change.transition.as_deref() == Some("block"))?;
    let line = notify([manager], format!("“{title}” is blocked")).about("tasks", change.id);
    Some(line.once(format!("blocked:{}", change.id)).into())
}

/// Those who are on a task, and whoever manages the project, hear what is said of it; what is said of a cost or a claim, as
/// far as they see money.
fn said(change: &HookChange, me: Option<Id>, seeing: &mut Option<BTreeSet<Id>>) -> Result<Option<Mutation>, Fault> {
    if change.kind != ChangeKind::Insert {
        return Ok(None);
    }
    let mut people: BTreeSet<Id> = change.related.references("task.assignees").iter().copied().collect();
    people.extend(change.related.reference("project.manager"));
    if !change.after.is_null("cost") || !change.after.is_null("claim") {
        let seeing = match seeing {
            Some(seeing) => seeing,
            None => seeing.insert(people::holding(Some(SEE_MONEY))?.into_iter().map(|person| person.id).collect()),
        };
        people.retain(|person| seeing.contains(person));
    }
    Ok(notice_of(change, people, me))
}

fn notice_of(change: &HookChange, people: BTreeSet<Id>, me: Option<Id>) -> Option<Mutation> {
    let text: String = change.after.text("text")?.chars().take(QUOTED).collect();
    let people: Vec<Id> = people.into_iter().filter(|person| Some(*person) != me).take(MOST).collect();
    if people.is_empty() {
        return None;
    }
    let line = match change.after.reference("task") {
        Some(task) => {
            let title = change.related.text("task.title").unwrap_or("a task");
            notify(people, format!("A comment on “{title}”")).about("tasks", task)
        }
        None => notify(people, "A comment on a project").about("projects", change.after.reference("project")?),
    };
    Some(line.saying(text).into())
}
