//! The people of the organization. Needs the grant `interfaces = ["people"]`.

use crate::{Fault, Id, Person};

/// A person, also one who is no longer active; `None` where the organization has none of this id.
pub fn person(id: Id) -> Result<Option<Person>, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::lignaflow::plugin::people::get(&id.to_string()).map(crate::wire::person).transpose();
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(|call| call.person(id)))
}

/// Those who hold a permission, or all, by name; at most 1,000.
pub fn holding(permission: Option<&str>) -> Result<Vec<Person>, Fault> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::lignaflow::plugin::people::holding(permission)
        .into_iter()
        .map(crate::wire::person)
        .collect();
    #[cfg(not(target_arch = "wasm32"))]
    Ok(crate::testing::call::with(|call| call.holding(permission)))
}
