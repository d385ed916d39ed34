//! Whatever is bought, claimed, billed, paid and taken back, in whatever order: each thing is claimed once while its claim
//! stands, never for more than falls due, and claims are numbered without a gap.

use super::billing::may_claim;
use super::*;
use proptest::prelude::{Strategy, any, prop_oneof};
use std::collections::{BTreeMap, BTreeSet};

const VERBS: [(&str, &[&str], &str); 5] = [
    ("bill", &["open"], "billed"),
    ("withdraw", &["billed"], "open"),
    ("pay", &["billed"], "paid"),
    ("unpay", &["paid"], "billed"),
    ("cancel", &["open", "billed"], "cancelled"),
];
const MILESTONES: [i64; 3] = [90_000, 45_005, 1];

#[derive(Debug, Clone, Copy)]
enum Step {
    Buy(i64, bool),
    /// All costs, or the one that is so many back.
    ClaimCosts(Option<usize>),
    ClaimMilestone(usize),
    /// By hand, so much of what falls due.
    Stage(usize, i64),
    Deposit(i64),
    Verb(usize, usize),
    Archive(usize),
    /// Another amount of a cost, or of what falls due.
    Cost(usize, i64),
    Milestone(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (-5_000..50_000_i64, any::<bool>()).prop_map(|(minor, billable)| Step::Buy(minor, billable)),
        2 => prop::option::of(any::<usize>()).prop_map(Step::ClaimCosts),
        2 => (0..3_usize).prop_map(Step::ClaimMilestone),
        1 => (0..3_usize, 1..100_000_i64).prop_map(|(at, minor)| Step::Stage(at, minor)),
        1 => (1..9_000_i64).prop_map(Step::Deposit),
        5 => (any::<usize>(), 0..VERBS.len()).prop_map(|(at, verb)| Step::Verb(at, verb)),
        1 => any::<usize>().prop_map(Step::Archive),
        1 => (any::<usize>(), 1..50_000_i64).prop_map(|(at, minor)| Step::Cost(at, minor)),
        1 => (0..3_usize, 1..100_000_i64).prop_map(|(at, minor)| Step::Milestone(at, minor)),
    ]
}

fn aud(minor: i64) -> serde_json::Value {
    serde_json::json!({ "minor": minor, "currency": "AUD" })
}

struct Firm {
    host: Host,
    kitchen: Id,
    milestones: Vec<Id>,
    costs: Vec<Id>,
    invoices: usize,
}

fn firm() -> Firm {
    let mut host = may_claim();
    host.fill_in("claim_tax", 1_000);
    let kitchen = project(&mut host, "Kitchen");
    let milestones = MILESTONES.map(|minor| {
        host.insert("milestones", json!({ "title": "Fitted", "project": kitchen, "amount": aud(minor) })).unwrap()
    });
    Firm { host, kitchen, milestones: milestones.into(), costs: Vec::new(), invoices: 0 }
}

impl Firm {
    /// Claims that are not archived, the first first.
    fn claims(&self) -> Vec<(Id, Fields)> {
        let columns = ["id", "number", "status", "kind", "amount", "tax", "milestone"];
        let page = self.host.find(select("claims").columns(columns).sort("number")).unwrap();
        page.records().map(|row| (row.reference("id").unwrap(), row.to_fields())).collect()
    }

    fn take(&mut self, step: Step) {
        let Self { host, kitchen, milestones, costs, .. } = self;
        let kitchen = *kitchen;
        match step {
            Step::Buy(minor, billable) => {
                let cost = json!({ "title": "Oak", "project": kitchen, "amount": aud(minor), "billable": billable });
                costs.push(host.insert("costs", cost).unwrap());
            }
            Step::ClaimCosts(one) => {
                let one = one.filter(|_| !costs.is_empty()).map(|at| costs[at % costs.len()]);
                let body = one.map_or_else(|| json!({}), |cost| json!({ "costs": [cost] }));
                drop(host.post(&format!("/projects/{kitchen}/claim-costs"), &body));
            }
            Step::ClaimMilestone(at) => drop(host.post(&format!("/milestones/{}/claim", milestones[at]), &json!({}))),
            Step::Stage(at, minor) => {
                let claim =
                    json!({ "title": "Some", "project": kitchen, "milestone": milestones[at], "amount": aud(minor) });
                drop(host.insert("claims", claim));
            }
            Step::Deposit(minor) => {
                let claim = json!({ "title": "Deposit", "project": kitchen, "kind": "deposit", "amount": aud(minor) });
                drop(host.insert("claims", claim));
            }
            Step::Cost(at, minor) if !costs.is_empty() => {
                drop(host.update("costs", costs[at % costs.len()], json!({ "amount": aud(minor) })));
            }
            Step::Milestone(at, minor) => {
                drop(host.update("milestones", milestones[at], json!({ "amount": aud(minor) })));
            }
            Step::Verb(at, verb) => {
                let claims = self.claims();
                let Some((id, claim)) = claims.get(at % claims.len().max(1)) else { return };
                let (name, from, to) = VERBS[verb];
                self.invoices += 1;
                // It goes out with a number of its own; without one it does not.
                if name == "bill" && claim.text("status") == Some("open") {
                    let invoice = json!({ "invoice": format!("INV-{}", self.invoices) });
                    self.host.update("claims", *id, invoice).unwrap();
                }
                let done = self.host.transition("claims", *id, name);
                assert_eq!(done.is_ok(), from.contains(&claim.text("status").unwrap()), "{name}: {done:?}");
                let is = self.host.fields("claims", *id).unwrap().text("status").unwrap().to_owned();
                assert_eq!(is, if done.is_ok() { to } else { claim.text("status").unwrap() });
            }
            Step::Archive(at) => {
                let claims = self.claims();
                if let Some((id, _)) = claims.get(at % claims.len().max(1)) {
                    drop(self.host.remove("claims", *id));
                }
            }
            Step::Cost(..) => {}
        }
    }

    fn holds(&self) {
        let claims = self.claims();
        let standing: BTreeMap<Id, &Fields> =
            claims.iter().filter(|(_, it)| it.text("status") != Some("cancelled")).map(|(id, it)| (*id, it)).collect();
        // Each cost is in one claim that stands, and what that claims is what they come to.
        let mut billed: BTreeMap<Id, i64> = BTreeMap::new();
        for cost in &self.costs {
            let cost = self.host.fields("costs", *cost).unwrap();
            let Some(claim) = cost.reference("claim") else { continue };
            assert!(standing.contains_key(&claim), "it is held by a claim that is gone");
            assert_eq!(cost.boolean("billable"), Some(true));
            *billed.entry(claim).or_default() += cost.money("amount").unwrap().minor;
        }
        for (id, claim) in &standing {
            let amount = claim.money("amount").unwrap();
            if claim.text("kind") == Some("costs") {
                assert_eq!(billed.get(id), Some(&amount.minor));
            }
            assert_eq!(claim.money("tax"), crate::money::share(amount, 1_000));
        }
        // Each milestone is claimed once, and for no more than falls due with it.
        for (at, milestone) in self.milestones.iter().enumerate() {
            let of: Vec<i64> = standing
                .values()
                .filter(|claim| claim.reference("milestone") == Some(*milestone))
                .map(|claim| claim.money("amount").unwrap().minor)
                .collect();
            let due = self.host.fields("milestones", *milestone).unwrap().money("amount").unwrap().minor;
            assert!(of.len() <= 1 && of.iter().all(|minor| *minor <= due), "{at}: {of:?} of {due}");
        }
        let deposits = standing.values().filter(|claim| claim.text("kind") == Some("deposit"));
        assert!(deposits.count() <= 1, "the deposit is claimed once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_thing_is_claimed_once_for_no_more_than_falls_due_and_numbers_have_no_gap(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut firm = firm();
        let mut numbers = BTreeSet::new();
        for step in steps {
            firm.take(step);
            firm.holds();
            numbers.extend(firm.claims().into_iter().filter_map(|(_, claim)| claim.text("number").map(str::to_owned)));
            let all: BTreeSet<String> = (1..=numbers.len()).map(|number| format!("C-{number:04}")).collect();
            prop_assert_eq!(&numbers, &all);
        }
    }
}

#[test]
fn a_claim_of_costs_comes_to_these_and_stays_with_their_project() {
    let Firm { mut host, kitchen, .. } = firm();
    let cost = |host: &mut Host, minor: i64| {
        host.insert("costs", json!({ "title": "Oak", "project": kitchen, "amount": aud(minor) })).unwrap()
    };
    cost(&mut host, 100);
    host.post(&format!("/projects/{kitchen}/claim-costs"), &json!({ "title": "November" })).unwrap();
    let claim = host.find(select("claims").columns(["id"])).unwrap().records().next().unwrap().reference("id").unwrap();
    let late = cost(&mut host, 50);
    let fault = host.update("costs", late, json!({ "claim": claim })).unwrap_err();
    assert_eq!(codes(&fault), [("/claim", "by-claiming")]);
    assert!(fault.message.starts_with("What November comes to would not follow."), "{}", fault.message);
    let porch = project(&mut host, "Porch");
    assert_eq!(
        codes(&host.update("claims", claim, json!({ "project": porch })).unwrap_err()),
        [("/project", "other-project")]
    );
    let bare = host.insert("claims", json!({ "title": "Visit", "project": kitchen, "amount": aud(5) })).unwrap();
    host.update("claims", bare, json!({ "project": porch })).expect("it is made from nothing");
}

#[test]
fn who_was_billed_stays_the_client() {
    let Firm { mut host, kitchen, .. } = firm();
    let [smith, nguyen] = ["Smith", "Nguyen"].map(|name| host.insert("clients", json!({ "name": name })).unwrap());
    host.update("projects", kitchen, json!({ "client": nguyen })).unwrap();
    host.update("projects", kitchen, json!({ "client": smith })).expect("nobody was billed yet");
    let claim = json!({ "title": "Visit", "project": kitchen, "amount": aud(5), "invoice": "INV-9" });
    let claim = host.insert("claims", claim).unwrap();
    host.transition("claims", claim, "bill").unwrap();
    let fault = host.update("projects", kitchen, json!({ "client": nguyen })).unwrap_err();
    assert_eq!(codes(&fault), [("/client", "billed")]);
    assert_eq!(fault.message, "INV-9 went to this client: make another project for what another one orders.");
    host.update("projects", kitchen, json!({ "name": "Scullery" })).unwrap();
    host.transition("claims", claim, "withdraw").unwrap();
    host.update("projects", kitchen, json!({ "client": nguyen })).unwrap();
}

#[test]
fn no_more_is_claimed_than_falls_due_and_what_is_claimed_falls_due() {
    let Firm { mut host, kitchen, milestones, .. } = firm();
    let of =
        |minor: i64| json!({ "title": "Fitted", "project": kitchen, "milestone": milestones[0], "amount": aud(minor) });
    let fault = host.insert("claims", of(90_001)).unwrap_err();
    assert_eq!(codes(&fault), [("/amount", "too-much")]);
    assert_eq!(
        fault.message,
        "900.00 AUD falls due with Fitted: claim at most that, or say there first that more does."
    );
    let claim = host.insert("claims", of(80_000)).unwrap();
    let less = host.update("milestones", milestones[0], json!({ "amount": aud(79_999) })).unwrap_err();
    assert_eq!((less.code, codes(&less)), (ErrorCode::Locked, vec![("/amount", "locked")]));
    assert_eq!(
        less.message,
        "C-0001 claims 800.00 AUD of this milestone: cancel it first, or let at least that fall due."
    );
    host.update("milestones", milestones[0], json!({ "amount": aud(80_000), "title": "Hung" })).unwrap();
    host.transition("claims", claim, "cancel").unwrap();
    host.update("milestones", milestones[0], json!({ "amount": null })).unwrap();
    host.insert("claims", of(90_001)).expect("nothing is said of what falls due");
}
