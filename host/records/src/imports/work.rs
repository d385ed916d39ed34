//! The work on an import: dry run, run and undo, each on the account of whoever began it, step by step, so that another
//! host can go on where one has ended.

use super::carry::Faulty;
use super::document::{By, Import, State, Stopped};
use super::lookup::Desk;
use super::mapping::{Bound, FaultyRows};
use super::programs::{Through, Whole};
use super::slice::{Pass, Row};
use super::{ATOMIC_ROWS, Imports};
use crate::answers;
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::{Id, OrganizationId};
use lignaflow_core::mutation::Origin;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_runtime::Snapshot;
use lignaflow_store::leases::Lease;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How often it is kept how far a file that is brought whole has come.
const TOLD: Duration = Duration::from_secs(2);
/// Microseconds for which a lease is taken; each part renews it.
const LEASE: i64 = 60 * 1_000_000;

/// What the work stands on.
#[derive(Debug)]
pub(super) struct Bench {
    pub caller: Caller,
    pub snapshot: Arc<Snapshot>,
    pub schema: Arc<Schema>,
}

impl Imports {
    /// Does what is to be done for an import, where nobody does it already, here or on another host. Whatever ends the work is kept with it.
    pub async fn work(&self, organization: OrganizationId, id: Id) -> Result<(), Fault> {
        let now = self.clock().now();
        let name = format!("import {id}");
        let lease = self.store().acquire_lease(&name, Id::fresh(), now, now + LEASE).await;
        let Some(mut lease) = lease.map_err(answers::of_store)? else { return Ok(()) };
        let outcome = self.under(organization, id, &mut lease).await;
        let released = self.store().release_lease(&lease).await;
        released.map_err(answers::of_store)?;
        self.tell(id);
        outcome
    }

    async fn under(&self, organization: OrganizationId, id: Id, lease: &mut Lease) -> Result<(), Fault> {
        let access = Access::of_plugin(organization);
        let Some(mut import) = self.load(access, id).await? else { return Ok(()) };
        if !import.state.is_under_way() {
            return Ok(());
        }
        let result = match self.bench(organization, &import).await {
            Ok(bench) => match import.state {
                State::Checking | State::Running if import.document.mapping.program.is_some() => {
                    self.bring(&bench, &mut import, lease).await
                }
                State::Checking => self.check(&bench, &mut import, lease).await,
                State::Running => self.run(&bench, &mut import, lease).await,
                _ => self.undo(&bench, &mut import, lease).await,
            },
            Err(fault) => Err(fault),
        };
        match result {
            // What is not now is left as it stands, for the next round.
            Err(fault) if fault.code.is_for_now() => Err(fault),
            Err(fault) => {
                import.state = State::Stopped;
                import.document.stopped = Some(Stopped::from(&fault));
                self.keep(access, &mut import).await
            }
            Ok(()) => Ok(()),
        }
    }

    /// Who does it, with what they may now, on the collection as it is now.
    async fn bench(&self, organization: OrganizationId, import: &Import) -> Result<Bench, Fault> {
        let By { person, permissions } = import.document.by.clone().ok_or_else(Fault::internal)?;
        let caller = self.callers().caller(organization, person, &permissions).await?;
        let gone = || Fault::denied("Whoever began this import may not act here any more.");
        let caller = caller.ok_or_else(gone)?;
        caller.to_read()?;
        caller.to_write()?;
        let snapshot = self.records().registry.current_of(organization);
        let schema = self.records().schema(&snapshot, &caller, &import.collection)?;
        Ok(Bench { caller, snapshot, schema })
    }

    /// Keeps what has become of it, and that this host is still the one.
    pub(super) async fn step(&self, bench: &Bench, import: &mut Import, lease: &mut Lease) -> Result<(), Fault> {
        let now = self.clock().now();
        let renewed = self.store().renew_lease(lease, now + LEASE).await.map_err(answers::of_store)?;
        *lease = renewed.ok_or_else(taken_over)?;
        self.keep(Access::of_plugin(bench.caller.organization), import).await?;
        if import.state.is_under_way() && self.stops() {
            return Err(Fault::new(ErrorCode::Unavailable, "This host stops; another goes on with the import."));
        }
        Ok(())
    }

    pub(super) async fn keep(&self, access: Access<'_>, import: &mut Import) -> Result<(), Fault> {
        import.changed_at = self.clock().now();
        // Nobody else changes an import that is under way, but a host that has taken it over.
        if !self.store().save_import(access, &import.stored()?).await.map_err(answers::of_store)? {
            return Err(taken_over());
        }
        import.revision += 1;
        self.tell(import.id);
        Ok(())
    }

    pub(super) async fn rows(&self, access: Access<'_>, id: Id, part: u32) -> Result<Vec<Row>, Fault> {
        let text = self.store().import_rows(access, id, part).await.map_err(answers::of_store)?;
        let gone =
            || Fault::new(ErrorCode::Conflict, "The rows of this import are not kept any more. Upload the file again.");
        serde_json::from_str(&text.ok_or_else(gone)?).map_err(|_| Fault::internal())
    }

    fn bind(bench: &Bench, import: &Import) -> Result<Bound, Fault> {
        let heads = import.document.heads.len();
        import.document.mapping.bind(&bench.snapshot.catalog, &bench.schema, heads).map_err(Fault::invalid)
    }

    fn pass<'a>(&'a self, bench: &'a Bench, import: &Import, bound: &'a Bound, heads: &'a [String]) -> Pass<'a> {
        let desk = Desk { records: self.records(), catalog: &bench.snapshot.catalog, caller: &bench.caller };
        Pass {
            desk,
            schema: &bench.schema,
            bound,
            heads,
            import: import.id,
            made_at: import.made_at,
            zone: jiff::tz::TimeZone::get(&bench.caller.time_zone).unwrap_or(jiff::tz::TimeZone::UTC),
            seen: HashMap::new(),
        }
    }

    /// Brings a file in whole, or tells what would come of it. It keeps how far that has come while it goes on.
    async fn bring(&self, bench: &Bench, import: &mut Import, lease: &mut Lease) -> Result<(), Fault> {
        let mapping = &import.document.mapping;
        self.fits(&bench.caller, &bench.schema, mapping, import.document.heads.len())?;
        let own = Access::of_plugin(bench.caller.organization);
        let mut file = Whole {
            program: mapping.program.clone().unwrap_or_default(),
            heads: import.document.heads.clone(),
            rows: Vec::new(),
            dates: mapping.dates,
            zone: mapping.zone.clone(),
        };
        for part in 0..import.document.parts {
            file.rows.extend(self.rows(own, import.id, part).await?);
        }
        let dry = import.state == State::Checking;
        import.document.progress = super::document::Progress::default();
        import.document.faults.clear();
        import.document.fault_count = 0;
        let through = Through::default();
        let programs = self.programs().clone();
        let mut under_way = programs.bring(&bench.caller, file, dry, &through);
        let understood = loop {
            if let Ok(done) = tokio::time::timeout(TOLD, &mut under_way).await {
                break done?;
            }
            import.document.progress.rows = through.rows();
            self.step(bench, import, lease).await?;
        };
        drop(under_way);
        let document = &mut import.document;
        document.progress.rows = document.rows.into();
        document.progress.created = understood.created;
        document.progress.unchanged = understood.unchanged;
        document.progress.next = document.parts;
        document.progress.skipped = document.progress.rows.saturating_sub(understood.created + understood.unchanged);
        document.add_faults(understood.faults);
        document.notes = understood.notes;
        import.state = if dry { State::Checked } else { State::Done };
        self.step(bench, import, lease).await
    }

    /// Every fault of every row, and what would become of the others.
    async fn check(&self, bench: &Bench, import: &mut Import, lease: &mut Lease) -> Result<(), Fault> {
        let bound = Self::bind(bench, import)?;
        let heads = import.document.heads.clone();
        let mut pass = self.pass(bench, import, &bound, &heads);
        let own = Access::of_plugin(bench.caller.organization);
        let origin = Origin::Rehearsal(import.id);
        // A dry run that another host began starts over: what it has seen of doubles is not kept.
        import.document.progress = super::document::Progress::default();
        import.document.faults.clear();
        import.document.fault_count = 0;
        while import.document.progress.next < import.document.parts {
            let rows = self.rows(own, import.id, import.document.progress.next).await?;
            let built = pass.build(&rows).await?;
            let mut faults = built.faults;
            // Rows with a fault go through the plan as well, without the cells at fault: it may find more.
            if !built.partial.is_empty() {
                let mutations = built.partial.iter().map(|item| item.mutation.clone()).collect();
                if let Err(fault) = self.records().write(&bench.caller, origin, mutations).await
                    && fault.code == ErrorCode::Invalid
                {
                    let known: BTreeSet<(u32, Option<String>)> =
                        faults.iter().map(|fault| (fault.row, fault.field.clone())).collect();
                    let more = pass.placed(&fault, &built.partial);
                    faults.extend(more.into_iter().filter(|fault| !known.contains(&(fault.row, fault.field.clone()))));
                }
            }
            let carried = pass.carry(built.items, origin, Faulty::LeaveOut, true).await;
            if let Some(fault) = carried.ended {
                return Err(fault);
            }
            faults.extend(carried.faults);
            faults.sort_by_key(|fault| fault.row);
            let progress = &mut import.document.progress;
            progress.next += 1;
            progress.rows += count(rows.len());
            progress.created += carried.created;
            progress.updated += carried.updated;
            progress.unchanged += carried.unchanged;
            progress.skipped += count(faults.iter().map(|fault| fault.row).collect::<BTreeSet<_>>().len());
            import.document.add_faults(faults);
            if import.document.progress.next == import.document.parts {
                import.state = State::Checked;
            }
            self.step(bench, import, lease).await?;
        }
        Ok(())
    }

    /// Carries the rows out: in one commit where they are few and none may be left out, else part by part.
    async fn run(&self, bench: &Bench, import: &mut Import, lease: &mut Lease) -> Result<(), Fault> {
        let bound = Self::bind(bench, import)?;
        let heads = import.document.heads.clone();
        let mut pass = self.pass(bench, import, &bound, &heads);
        let own = Access::of_plugin(bench.caller.organization);
        let skips = bound.mapping.faulty == FaultyRows::Skip;
        let together = !skips && import.document.rows <= ATOMIC_ROWS;
        while import.document.progress.next < import.document.parts {
            let first = import.document.progress.next;
            let last = if together { import.document.parts } else { first + 1 };
            let mut rows = Vec::new();
            for part in first..last {
                rows.extend(self.rows(own, import.id, part).await?);
            }
            let built = pass.build(&rows).await?;
            let mut skipped: BTreeSet<u32> = built.faults.iter().map(|fault| fault.row).collect();
            let faulty = !built.faults.is_empty();
            import.document.add_faults(built.faults);
            if faulty && !skips {
                return Err(at_fault(import.document.fault_count));
            }
            let how = if skips { Faulty::LeaveOut } else { Faulty::End };
            let carried = pass.carry(built.items, Origin::Import(import.id), how, !together).await;
            skipped.extend(carried.faults.iter().map(|fault| fault.row));
            let some = !carried.faults.is_empty();
            import.document.add_faults(carried.faults);
            if let Some(fault) = carried.ended {
                return Err(if some { at_fault(import.document.fault_count) } else { fault });
            }
            let progress = &mut import.document.progress;
            progress.next = last;
            progress.rows += count(rows.len());
            progress.created += carried.created + built.there;
            progress.updated += carried.updated;
            progress.unchanged += carried.unchanged;
            progress.skipped += count(skipped.len());
            if import.document.progress.next == import.document.parts {
                import.state = State::Done;
            }
            self.step(bench, import, lease).await?;
        }
        Ok(())
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn at_fault(count: u64) -> Fault {
    let message = format!(
        "{count} {} at fault. Nothing of them was written; mend the file or the mapping, or leave faulty rows out.",
        if count == 1 { "cell is" } else { "cells are" }
    );
    Fault::new(ErrorCode::Invalid, message)
}

fn taken_over() -> Fault {
    Fault::new(ErrorCode::Unavailable, "Another host goes on with this import.")
}
