//! What is granted to a version that waits follows what is changed of the one that serves meanwhile.

use lignaflow_core::allowance::{Bound, Class, PluginBounds};
use lignaflow_core::descriptor::{Capability, Grants};
use proptest::prelude::*;

const BOUNDS: [Option<(Class, Bound)>; 2] = [None, Some((Class::Route, Bound::Rows))];

/// Some of what there is to grant, with some bounds.
fn granted() -> impl Strategy<Value = Grants> {
    (any::<[bool; 6]>(), any::<[Option<bool>; 2]>()).prop_map(|(has, set)| {
        let of = |at: usize, name: &str| if has[at] { vec![name.to_owned()] } else { Vec::new() };
        let mut bounds = PluginBounds::default();
        for (of, high) in BOUNDS.into_iter().zip(set) {
            bounds.set(of, high.map(|high| if high { 9 } else { 3 }));
        }
        Grants {
            interfaces: if has[0] { vec![Capability::People] } else { Vec::new() },
            read: of(1, "projects/tasks"),
            write: of(2, "projects/tasks"),
            mail: has[3],
            links: false,
            services: of(4, "projects.budget"),
            outbound: of(5, "api.example.com"),
            bounds,
        }
    })
}

fn names(grants: &Grants) -> Vec<String> {
    grants.missing_from(&Grants::default())
}

proptest! {
    #[test]
    fn what_was_taken_back_is_gone_and_what_was_set_is_set(
        (waiting, before, after) in (granted(), granted(), granted()),
    ) {
        let follows = waiting.following(&before, &after);
        for name in names(&waiting) {
            let taken = names(&before).contains(&name) && !names(&after).contains(&name);
            prop_assert_eq!(names(&follows).contains(&name), !taken, "{}", name);
        }
        prop_assert!(names(&follows).iter().all(|name| names(&waiting).contains(name)), "nothing is granted by it");
        for of in BOUNDS {
            let changed = before.bounds.get(of) != after.bounds.get(of);
            let expected = if changed { after.bounds.get(of) } else { waiting.bounds.get(of) };
            prop_assert_eq!(follows.bounds.get(of), expected);
        }
        prop_assert_eq!(waiting.following(&before, &before), waiting.clone());
    }
}

#[test]
fn those_that_are_named_are_chosen_and_no_others() {
    let text = "{\"interfaces\":[\"records\"],\"read\":[\"a/b\",\"a/c\"],\"mail\":true,\"bounds\":{\"instances\":4}}";
    let asked: Grants = serde_json::from_str(text).unwrap();
    let chosen = asked.chosen(&["read a/c", "mail", "bound instances 4", "links", "write a/b"].map(str::to_owned));
    assert_eq!(names(&chosen), ["read a/c", "mail"]);
    assert_eq!(chosen.bounds.instances, Some(4));
    assert_eq!(asked.chosen(&[]), Grants::default());
}
