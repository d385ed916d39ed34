//! The lines of a week that is approved by project: where each of them and the week that they make up can go. Plain
//! values; [`crate::by_project`] reads them from records and writes down what has changed.

use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Taken back before anybody decided.
    Open,
    Waiting,
    Approved,
    Returned,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Returned => "returned",
        }
    }

    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("waiting") => Self::Waiting,
            Some("approved") => Self::Approved,
            Some("returned") => Self::Returned,
            _ => Self::Open,
        }
    }

    /// Whether time of the line stays as it is.
    pub(crate) const fn is_shut(self) -> bool {
        matches!(self, Self::Waiting | Self::Approved)
    }
}

/// What became of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Week {
    Open,
    Submitted,
    Approved,
    Returned,
    Exported,
}

impl Week {
    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("submitted") => Self::Submitted,
            Some("approved") => Self::Approved,
            Some("returned") => Self::Returned,
            Some("exported") => Self::Exported,
            _ => Self::Open,
        }
    }
}

/// What a line is of: a project, or time without one.
pub(crate) type Of = Option<Id>;

/// Why something is not to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It needs a week that can be written.
    Submitted,
    /// It needs a week that waits.
    NotSubmitted,
    /// It needs a line that waits.
    NotWaiting,
    /// The week is out for pay.
    Out,
}

/// A week with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) week: Week,
    pub(crate) lines: BTreeMap<Of, Status>,
}

impl Course {
    pub(crate) fn of(week: Week, lines: impl IntoIterator<Item = (Of, Status)>) -> Self {
        Self { week, lines: lines.into_iter().collect() }
    }

    /// Whether time of a project may come, change and go. Time of what has no line yet gets one with the next
    /// submission.
    #[cfg(test)]
    pub(crate) fn takes(&self, of: Of) -> bool {
        let shut = self.lines.get(&of).is_some_and(|line| line.is_shut());
        matches!(self.week, Week::Open | Week::Returned) && !shut
    }

    /// Submitted with time of these. What is approved stays so, since nothing of it could change; a line of which there
    /// is no time any more goes. A week without any time waits as one line.
    pub(crate) fn submitted(&self, present: &BTreeSet<Of>) -> Result<Self, Refusal> {
        if !matches!(self.week, Week::Open | Week::Returned) {
            return Err(Refusal::Submitted);
        }
        let approved = |of: &Of| self.lines.get(of) == Some(&Status::Approved);
        let kept = self.lines.keys().copied().filter(approved).map(|of| (of, Status::Approved));
        let waits = present.iter().copied().filter(|of| !approved(of)).map(|of| (of, Status::Waiting));
        let mut lines: BTreeMap<Of, Status> = kept.chain(waits).collect();
        if lines.is_empty() {
            lines.insert(None, Status::Waiting);
        }
        Ok(Self { week: Week::Submitted, lines }.settled())
    }

    /// Taken back by who worked it, as far as nobody decided.
    pub(crate) fn recalled(&self) -> Result<Self, Refusal> {
        if self.week != Week::Submitted {
            return Err(Refusal::NotSubmitted);
        }
        let back = |status: Status| if status == Status::Waiting { Status::Open } else { status };
        Ok(Self { week: Week::Open, lines: self.lines.iter().map(|(of, status)| (*of, back(*status))).collect() })
    }

    /// A line approved; with the last of them the week.
    pub(crate) fn approved(&self, of: Of) -> Result<Self, Refusal> {
        self.moved(of, &[Status::Waiting], Status::Approved).map(Self::settled)
    }

    /// A line returned, which opens it and, where it was shut, the week around it. The other lines stay as they are.
    pub(crate) fn returned(&self, of: Of) -> Result<Self, Refusal> {
        if self.week == Week::Exported {
            return Err(Refusal::Out);
        }
        let mut course = self.moved(of, &[Status::Waiting, Status::Approved], Status::Returned)?;
        if matches!(course.week, Week::Submitted | Week::Approved) {
            course.week = Week::Returned;
        }
        Ok(course)
    }

    fn moved(&self, of: Of, from: &[Status], to: Status) -> Result<Self, Refusal> {
        let mut course = self.clone();
        match course.lines.get_mut(&of) {
            Some(status) if from.contains(status) => *status = to,
            _ => return Err(Refusal::NotWaiting),
        }
        Ok(course)
    }

    fn settled(mut self) -> Self {
        if self.week == Week::Submitted && self.lines.values().all(|line| *line == Status::Approved) {
            self.week = Week::Approved;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy)]
    enum Deed {
        Enter(usize),
        Remove(usize),
        Submit,
        Recall,
        Approve(usize),
        Return(usize),
        Export,
        Unexport,
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let of = 0_usize..4;
        let deed = prop_oneof![
            of.clone().prop_map(Deed::Enter),
            of.clone().prop_map(Deed::Remove),
            Just(Deed::Submit),
            Just(Deed::Recall),
            of.clone().prop_map(Deed::Approve),
            of.prop_map(Deed::Return),
            Just(Deed::Export),
            Just(Deed::Unexport),
        ];
        prop::collection::vec(deed, 0..60)
    }

    /// Time without a project, and three projects.
    fn projects() -> [Of; 4] {
        [None, Some(Id::fresh()), Some(Id::fresh()), Some(Id::fresh())]
    }

    fn is_approved(week: Week) -> bool {
        matches!(week, Week::Approved | Week::Exported)
    }

    proptest! {
        #[test]
        fn a_week_is_approved_if_and_only_if_all_its_lines_are(deeds in deeds()) {
            let all = projects();
            let mut course = Course::of(Week::Open, []);
            // Hours of each, and what they were when its line was shut.
            let mut hours: BTreeMap<Of, u32> = BTreeMap::new();
            let mut shut: BTreeMap<Of, Option<u32>> = BTreeMap::new();
            for deed in deeds {
                let before = course.clone();
                let next = match deed {
                    Deed::Enter(at) if course.takes(all[at]) => {
                        *hours.entry(all[at]).or_default() += 1;
                        Ok(course.clone())
                    }
                    Deed::Remove(at) if course.takes(all[at]) => {
                        hours.remove(&all[at]);
                        Ok(course.clone())
                    }
                    Deed::Submit => course.submitted(&hours.keys().copied().collect()),
                    Deed::Recall => course.recalled(),
                    Deed::Approve(at) => course.approved(all[at]),
                    Deed::Return(at) => course.returned(all[at]),
                    Deed::Export if course.week == Week::Approved => Ok(Course { week: Week::Exported, ..course.clone() }),
                    Deed::Unexport if course.week == Week::Exported => Ok(Course { week: Week::Approved, ..course.clone() }),
                    Deed::Enter(_) | Deed::Remove(_) | Deed::Export | Deed::Unexport => Ok(course.clone()),
                };
                if let Ok(next) = next {
                    course = next;
                }
                let lines: Vec<Status> = course.lines.values().copied().collect();
                let every = !lines.is_empty() && lines.iter().all(|line| *line == Status::Approved);
                prop_assert_eq!(is_approved(course.week), every, "{:?} on {:?}: {:?}", deed, before, course);
                if course.week == Week::Submitted {
                    prop_assert!(lines.iter().all(|line| line.is_shut()), "what is submitted waits or is approved");
                    prop_assert!(lines.contains(&Status::Waiting), "somebody is waited for");
                    prop_assert!(hours.keys().all(|of| course.lines.contains_key(of)), "no time is of no line");
                }
                // What is shut is as it was when it was shut, whatever else was done meanwhile.
                for of in all {
                    let standing = hours.get(&of).copied();
                    match (course.lines.get(&of).is_some_and(|line| line.is_shut()), shut.get(&of)) {
                        (true, Some(was)) => prop_assert_eq!(*was, standing, "{:?} on {:?}", deed, before),
                        (true, None) => { shut.insert(of, standing); }
                        (false, _) => { shut.remove(&of); }
                    }
                }
            }
        }

        #[test]
        fn what_is_returned_opens_its_own_time_and_no_other(
            statuses in prop::collection::vec(prop::bool::ANY, 4), at in 0_usize..4,
        ) {
            let all = projects();
            let status = |approved: bool| if approved { Status::Approved } else { Status::Waiting };
            let lines = all.into_iter().zip(statuses.iter().map(|approved| status(*approved)));
            let course = Course::of(Week::Submitted, lines).settled();
            let returned = course.returned(all[at]).unwrap();
            prop_assert_eq!(returned.week, Week::Returned);
            for of in all {
                prop_assert_eq!(returned.takes(of), of == all[at]);
                if of != all[at] {
                    prop_assert_eq!(returned.lines[&of], course.lines[&of], "the others keep what was decided");
                }
            }
            // What was approved and is changed has to be approved once more.
            let again = returned.submitted(&all.into_iter().collect()).unwrap();
            prop_assert_eq!(again.lines[&all[at]], Status::Waiting);
            prop_assert_eq!(again.week, Week::Submitted);
        }

        #[test]
        fn in_whatever_order_lines_are_approved_the_week_is_approved_by_the_last_and_once(
            order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(), twice in 0_usize..4,
        ) {
            let all = projects();
            let mut course = Course::of(Week::Submitted, all.map(|of| (of, Status::Waiting)));
            let mut times = 0;
            for at in order {
                let next = course.approved(all[at]).unwrap();
                times += u32::from(next.week == Week::Approved && course.week != Week::Approved);
                course = next;
                // Whoever comes second to a line finds that it waits no more.
                prop_assert_eq!(course.approved(all[at]), Err(Refusal::NotWaiting));
            }
            prop_assert_eq!((course.week, times), (Week::Approved, 1));
            prop_assert_eq!(course.approved(all[twice]), Err(Refusal::NotWaiting));
        }
    }

    #[test]
    fn a_week_without_any_time_waits_as_one_line() {
        let course = Course::of(Week::Open, []).submitted(&BTreeSet::new()).unwrap();
        assert_eq!(course, Course::of(Week::Submitted, [(None, Status::Waiting)]));
        assert_eq!(course.submitted(&BTreeSet::new()), Err(Refusal::Submitted));
        assert_eq!(course.approved(None).unwrap().recalled(), Err(Refusal::NotSubmitted));
    }

    #[test]
    fn a_line_that_went_leaves_the_week_to_those_that_are_approved() {
        let [none, kitchen, ..] = projects();
        let course = Course::of(Week::Submitted, [(none, Status::Waiting), (kitchen, Status::Approved)]);
        let returned = course.returned(none).unwrap();
        let again = returned.submitted(&BTreeSet::from([kitchen])).unwrap();
        assert_eq!(again, Course::of(Week::Approved, [(kitchen, Status::Approved)]));
    }

    #[test]
    fn what_is_out_for_pay_is_not_returned() {
        let [none, ..] = projects();
        let course = Course::of(Week::Exported, [(none, Status::Approved)]);
        assert_eq!(course.returned(none), Err(Refusal::Out));
    }
}
