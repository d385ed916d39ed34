//! What an installation would do, before it does it: the rights that it asks for, each step in the tables with the
//! records that it is about, and everything that stands in the way.

use super::{Inspected, Plugins, inspect, schema_fault, unavailable};
use lignaflow_core::catalog::Catalog;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::plugins::Installed;
use lignaflow_store::{SchemaConflict, SchemaFault, SchemaStep};

/// What would come of a file. Nothing was changed, and nothing of it has run.
#[derive(Debug, Clone)]
pub struct Outlook {
    pub inspected: Inspected,
    /// The version in use now.
    pub standing: Option<Installed>,
    /// In their order.
    pub steps: Vec<SchemaStep>,
    /// What would be lost or misread.
    pub conflicts: Vec<SchemaConflict>,
    /// Collections of other plugins that it refers to and that are not there.
    pub missing: Vec<String>,
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
        if !self.conflicts.is_empty() {
            return Err(schema_fault(&SchemaFault::Refused(self.conflicts.clone())));
        }
        Ok(())
    }
}

impl Plugins {
    /// What would come of a file.
    pub async fn plan(&self, bytes: &[u8]) -> Result<Outlook, Fault> {
        self.outlook(inspect(bytes)?).await
    }

    pub(super) async fn outlook(&self, inspected: Inspected) -> Result<Outlook, Fault> {
        let id = &inspected.descriptor.id;
        let standing = self.0.store.plugin(id).await.map_err(unavailable)?;
        let current = self.0.registry.current();
        let others = current.plugins.iter().filter(|(other, _)| *other != id).map(|(_, plugin)| &**plugin.descriptor());
        let (mut steps, mut conflicts, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        match Catalog::new(others.chain([&inspected.descriptor])) {
            Err(lacking) => missing = lacking,
            Ok(catalog) => match self.0.store.plan_schema(&catalog).await {
                Ok(plan) => steps = plan.steps,
                Err(SchemaFault::Refused(refused)) => conflicts = refused,
                Err(SchemaFault::Store(error)) => return Err(unavailable(error)),
            },
        }
        Ok(Outlook { inspected, standing, steps, conflicts, missing })
    }
}
