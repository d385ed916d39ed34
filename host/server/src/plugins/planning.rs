//! What an installation would do, before it does it: the rights that it asks for, each step in the tables with the
//! records that it is about, and everything that stands in the way.

use super::migrating::CarriesFrom;
use super::{Inspected, Plugins, schema_fault, unavailable};
use lignaflow_core::descriptor::Descriptor;
use lignaflow_core::name::CollectionName;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_runtime::{RegistryFault, fit};
use lignaflow_store::plugins::Installed;
use lignaflow_store::{SchemaConflict, SchemaFault, SchemaStep};

/// What would come of a file. Nothing was changed, and nothing of it has run.
#[derive(Debug, Clone)]
pub struct Outlook {
    pub inspected: Inspected,
    /// The version in use now.
    pub standing: Option<Installed>,
    /// The version that it carries records over from, before it is in use.
    pub carries_from: Option<CarriesFrom>,
    /// How many records these are.
    pub to_carry: u64,
    /// In their order.
    pub steps: Vec<SchemaStep>,
    /// What would be lost or misread.
    pub conflicts: Vec<SchemaConflict>,
    /// What it asks of other plugins, or they of it, and is not there.
    pub missing: Vec<String>,
    /// What else keeps it from standing beside the others: services that would call in a circle, or organizations that
    /// have it on and not what it now needs.
    pub misfit: Option<String>,
}

impl Outlook {
    /// Whether it can be installed as things stand.
    pub fn fits(&self) -> Result<(), Fault> {
        if !self.missing.is_empty() {
            let issues = self.missing.iter().map(|text| Issue::new("", "missing", format!("Not there: {text}.")));
            let mut fault = Fault::new(ErrorCode::Conflict, "It does not fit the plugins that are installed.");
            fault.issues.extend(issues);
            return Err(fault);
        }
        if let Some(misfit) = &self.misfit {
            let message = format!("It does not fit the plugins that are installed: {misfit}.");
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        if !self.conflicts.is_empty() {
            return Err(schema_fault(&SchemaFault::Refused(self.conflicts.clone())));
        }
        Ok(())
    }
}

/// What cannot come to stand beside the version that records are carried over from.
fn obstacles(inspected: &Inspected, before: &Descriptor) -> Vec<SchemaConflict> {
    let plugin = &inspected.descriptor.id;
    let conflict = |(place, what): (String, String)| {
        let mut parts = place.split('/').skip(2);
        let collection = CollectionName::within(plugin, parts.next()?).ok()?;
        let message = format!(
            "{what}, and the version before goes on while records are carried over. Keep it, add what is new beside it, \
             and leave the old one out in a later version"
        );
        let field = parts.next().unwrap_or_default().to_owned();
        Some(SchemaConflict { collection, field, message, records: 0, examples: Vec::new() })
    };
    inspected.descriptor.obstacles(before).into_iter().filter_map(conflict).collect()
}

impl Plugins {
    /// Whether it fits the other plugins by what both declare, which takes no look at the tables.
    pub(super) fn is_fitting(&self, descriptor: &Descriptor) -> bool {
        let current = self.0.registry.current();
        let others = current.plugins.iter().filter(|(other, _)| **other != descriptor.id);
        fit(others.map(|(_, plugin)| &**plugin.descriptor()).chain([descriptor])).is_ok()
    }

    /// What would come of a file.
    pub async fn outlook(&self, inspected: Inspected) -> Result<Outlook, Fault> {
        let id = &inspected.descriptor.id;
        let standing = self.0.store.plugin(id).await.map_err(unavailable)?;
        let carries_from = self.carries_from(&inspected.descriptor, &inspected.hash, standing.as_ref()).await?;
        let current = self.0.registry.current();
        // Until it is in use, the tables hold what either version declares.
        let beside = carries_from.as_ref().map(|from| inspected.descriptor.beside(&from.descriptor));
        let declared = beside.as_ref().unwrap_or(&inspected.descriptor);
        let others = current.plugins.iter().filter(|(other, _)| *other != id).map(|(_, plugin)| &**plugin.descriptor());
        let (mut steps, mut conflicts, mut missing, mut misfit) = (Vec::new(), Vec::new(), Vec::new(), None);
        match fit(others.chain([declared])) {
            Err(RegistryFault::Missing(lacking)) => missing = lacking,
            Err(fault) => misfit = Some(fault.to_string()),
            Ok(catalog) => match self.0.store.plan_schema(&catalog).await {
                Ok(plan) => steps = plan.steps,
                Err(SchemaFault::Refused(refused)) => conflicts = refused,
                Err(SchemaFault::Store(error)) => return Err(unavailable(error)),
            },
        }
        if misfit.is_none() {
            misfit = current.has_on_what_it_needs(declared).err().map(|fault| fault.to_string());
        }
        let mut to_carry = 0;
        if let Some(from) = &carries_from {
            conflicts.extend(obstacles(&inspected, &from.descriptor));
            to_carry = self.to_carry(&inspected, &current.catalog).await?;
        }
        Ok(Outlook { inspected, standing, carries_from, to_carry, steps, conflicts, missing, misfit })
    }
}
