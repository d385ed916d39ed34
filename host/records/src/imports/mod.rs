//! Files that become records: read elsewhere into rows of text, mapped to fields here, tried in a dry run, carried out and
//! taken back, all through the one path of every write.
//!
//! | module | holds |
//! |---|---|
//! | [`document`] | an import, where it stands, how far it has come |
//! | [`mapping`], [`propose`] | columns to fields; a mapping to begin with |
//! | [`cell`], [`lookup`] | what a text means; what it refers to |
//! | [`programs`] | files of other programs, understood whole |
//! | [`slice`], [`numbering`] | rows as changes; ids that follow from rows |
//! | [`carry`] | changes carried out, rows at fault told apart |
//! | [`work`], [`undo`] | the work of dry run, run and undo, which another host can go on with |
//!
//! The rows are kept in parts. A host takes an import's lease, works part after part and keeps after each how far it has
//! come; what was carried out and not kept as done makes nothing twice, since ids follow from rows.

mod carry;
mod cell;
mod document;
mod lookup;
mod mapping;
mod numbering;
mod programs;
mod propose;
mod slice;
mod undo;
mod work;

pub use document::{By, Document, Import, MAX_FAULTS, Progress, RowFault, State, Stopped};
pub(crate) use lookup::tuple_key;
pub use mapping::{CURRENCY, Constant, DateOrder, DecimalMark, EmptyCells, FaultyRows, ID, Mapping, Target, Unit};

pub use programs::{NoPrograms, Program, Programs, Through, Understood, Whole};

use crate::{Records, answers};
use async_trait::async_trait;
use lignaflow_core::caller::{Access, Caller, Permission};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::{Clock, Micros};
use lignaflow_core::id::{Id, OrganizationId, PersonId};
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_store::Store;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::Instant;

/// Rows of one part: of one commit, where an import goes part by part.
const PART: u32 = 500;
/// Rows that are carried out in one commit, where none may be left out.
pub const ATOMIC_ROWS: u32 = 5_000;
/// Rows that are shown beside a mapping.
const SAMPLE: usize = 20;
/// Records that are named where an undo is refused.
const NAMED: u16 = 100;
/// Imports of one collection that may wait at once for what is to be done with them.
const MAX_WAITING: usize = 20;
/// Imports that a list answers.
const LISTED: u16 = 100;
/// How often one looks whether another host has come further.
const LOOK: Duration = Duration::from_millis(500);
const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;
/// How long rows are kept of an import that nobody goes on with.
const ROWS_KEPT: Micros = 7 * DAY;
/// Imports that one round takes up.
const ROUND: u16 = 50;

/// Who somebody is now, for work that goes on without a request of theirs.
#[async_trait]
pub trait Callers: Send + Sync + std::fmt::Debug {
    /// The member, with what they hold now of what is permitted; nothing where they may not act any more.
    async fn caller(
        &self,
        organization: OrganizationId,
        person: PersonId,
        permitted: &BTreeSet<String>,
    ) -> Result<Option<Caller>, Fault>;
}

/// What is to be done with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    DryRun,
    Run,
    Undo,
}

/// The imports of all organizations. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Imports(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    records: Records,
    callers: Arc<dyn Callers>,
    programs: Arc<dyn Programs>,
    moved: broadcast::Sender<Id>,
    /// Whether this host stops: work ends after the part at hand, for another to go on with.
    stopping: AtomicBool,
}

/// A file on its way in. Dropped before its end, it is forgotten in time.
#[derive(Debug)]
pub struct Upload {
    imports: Imports,
    access: Access<'static>,
    import: Import,
    rows: Vec<slice::Row>,
}

impl Imports {
    pub fn new(records: Records, callers: Arc<dyn Callers>, programs: Arc<dyn Programs>) -> Self {
        let (moved, _) = broadcast::channel(256);
        Self(Arc::new(Inner { records, callers, programs, moved, stopping: AtomicBool::new(false) }))
    }

    fn records(&self) -> &Records {
        &self.0.records
    }

    fn store(&self) -> &Store {
        &self.0.records.store
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.records.clock
    }

    fn callers(&self) -> &Arc<dyn Callers> {
        &self.0.callers
    }

    fn programs(&self) -> &Arc<dyn Programs> {
        &self.0.programs
    }

    /// What a file can be brought as whole, where its heads are those of a program that is known.
    pub fn program_of(&self, import: &Import) -> Option<Program> {
        self.programs().recognize(&import.collection, &import.document.heads)
    }

    /// Whether a mapping fits its file and its collection.
    fn fits(&self, caller: &Caller, schema: &Arc<Schema>, mapping: &Mapping, heads: usize) -> Result<(), Fault> {
        if mapping.program.is_some() || mapping.zone.is_some() {
            return programs::fits(self.programs().of(&schema.name), caller, mapping);
        }
        let snapshot = self.records().registry.current_of(caller.organization);
        mapping.bind(&snapshot.catalog, schema, heads).map(|_| ()).map_err(Fault::invalid)
    }

    /// Has the work of this host end after the part at hand.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    fn stops(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    /// Whoever waits for an import looks again.
    fn tell(&self, id: Id) {
        // Nobody need wait.
        let _ = self.0.moved.send(id);
    }

    async fn load(&self, access: Access<'_>, id: Id) -> Result<Option<Import>, Fault> {
        self.store().import(access, id).await.map_err(answers::of_store)?.map(Import::of).transpose()
    }

    /// Begins to take a file in, whose heads are known.
    pub async fn upload(
        &self,
        caller: &Caller,
        schema: &Schema,
        file: &str,
        shape: serde_json::Value,
        heads: Vec<String>,
    ) -> Result<Upload, Fault> {
        caller.to_write()?;
        caller.to_read()?;
        let access = Access::of_plugin(caller.organization);
        let standing = self.store().imports(access, &schema.name, LISTED).await.map_err(answers::of_store)?;
        let waits = |state: &str| !matches!(state, "done" | "undone");
        if standing.iter().filter(|import| waits(&import.state)).count() >= MAX_WAITING {
            let message = format!("{MAX_WAITING} imports wait here already. Finish some, or delete them.");
            return Err(Fault::new(ErrorCode::Conflict, message));
        }
        let now = self.clock().now();
        let import = Import {
            id: Id::fresh(),
            collection: schema.name.clone(),
            state: State::Uploading,
            made_by: caller.person(),
            made_at: now,
            changed_at: now,
            revision: 1,
            document: Document { file: file.to_owned(), shape, heads, ..Document::default() },
        };
        self.store().add_import(access, &import.stored()?).await.map_err(answers::of_store)?;
        Ok(Upload { imports: self.clone(), access, import, rows: Vec::new() })
    }

    /// An import of a collection, for whoever brought it and for administrators.
    pub async fn get(&self, caller: &Caller, schema: &Schema, id: Id) -> Result<Import, Fault> {
        caller.to_write()?;
        let access = Access::of_plugin(caller.organization);
        let import = self.load(access, id).await?;
        import
            .filter(|import| import.collection == schema.name && sees(caller, import.made_by))
            .ok_or_else(|| Fault::not_found("import"))
    }

    /// The imports into a collection that the caller may see, the newest first.
    pub async fn list(&self, caller: &Caller, schema: &Schema) -> Result<Vec<Import>, Fault> {
        self.list_before(caller, schema, None, LISTED).await
    }

    /// The same, of those that came before one, at most so many.
    pub async fn list_before(
        &self,
        caller: &Caller,
        schema: &Schema,
        before: Option<Id>,
        limit: u16,
    ) -> Result<Vec<Import>, Fault> {
        caller.to_write()?;
        let access = Access::of_plugin(caller.organization);
        let whose = match (caller.holds(Permission::ADMINISTER), caller.person()) {
            (true, _) => None,
            (false, Some(person)) => Some(person),
            (false, None) => return Ok(Vec::new()),
        };
        let standing = self.store().imports_before(access, &schema.name, whose, before, limit);
        standing.await.map_err(answers::of_store)?.into_iter().map(Import::of).collect()
    }

    /// The first rows, while they are kept.
    pub async fn sample(&self, caller: &Caller, import: &Import) -> Result<Vec<(u32, Vec<String>)>, Fault> {
        let access = Access::of_plugin(caller.organization);
        let text = self.store().import_rows(access, import.id, 0).await.map_err(answers::of_store)?;
        let mut rows: Vec<slice::Row> = match text {
            Some(text) => serde_json::from_str(&text).map_err(|_| Fault::internal())?,
            None => Vec::new(),
        };
        rows.truncate(SAMPLE);
        Ok(rows)
    }

    /// Gives an import another mapping, which must fit.
    pub async fn map(&self, caller: &Caller, schema: &Arc<Schema>, id: Id, mapping: Mapping) -> Result<Import, Fault> {
        let mut import = self.get(caller, schema, id).await?;
        if !matches!(import.state, State::Uploaded | State::Checked) && !import.untouched() {
            return Err(Fault::new(ErrorCode::Conflict, "The mapping can be changed until the import is run."));
        }
        self.fits(caller, schema, &mapping, import.document.heads.len())?;
        import.state = State::Uploaded;
        import.document.mapping = mapping;
        import.document.faults.clear();
        import.document.fault_count = 0;
        import.document.notes.clear();
        import.document.progress = Progress::default();
        import.document.stopped = None;
        import.document.ran = false;
        self.save(caller, &mut import).await?;
        Ok(import)
    }

    /// Has an import begin what is to be done; [`Imports::work`] does it.
    pub async fn begin(&self, caller: &Caller, schema: &Arc<Schema>, id: Id, act: Act) -> Result<Import, Fault> {
        let snapshot = self.records().registry.current_of(caller.organization);
        let person = caller.person().ok_or_else(|| Fault::denied("Only people import files."))?;
        let mut import = self.get(caller, schema, id).await?;
        caller.to_read()?;
        let state = import.state;
        let conflict = |message: &str| Err(Fault::new(ErrorCode::Conflict, message));
        let next = match (act, state) {
            (_, State::Uploading) => return conflict("The file is still on its way."),
            (_, state) if state.is_under_way() => return conflict("This import is being worked on already."),
            (Act::DryRun, State::Uploaded | State::Checked) => State::Checking,
            (Act::DryRun, State::Stopped) if import.untouched() => State::Checking,
            (Act::Run, State::Stopped) if import.document.progress.below.is_some() => {
                return conflict("This import is half undone: undo the rest.");
            }
            (Act::Run, State::Uploaded | State::Checked | State::Stopped) => State::Running,
            (Act::Undo, _) if import.document.mapping.program.is_some() => {
                return conflict(
                    "What a file of another program brought is of several collections: it is not undone at once.",
                );
            }
            (Act::Undo, State::Done | State::Stopped) if import.document.ran => State::Undoing,
            (Act::Undo, State::Undone) => return conflict("This import has been undone already."),
            (Act::Undo, _) => return conflict("There is nothing to undo: this import was never run."),
            (_, _) => return conflict("This import has been carried out. Upload the file again to import it again."),
        };
        if act == Act::Undo {
            let bench = work::Bench { caller: caller.clone(), snapshot, schema: schema.clone() };
            if import.document.progress.below.is_none() {
                self.refuse_changed(&bench, &import).await?;
            }
        } else {
            self.fits(caller, schema, &import.document.mapping, import.document.heads.len())?;
        }
        let document = &mut import.document;
        // A run that was stopped goes on where it was, and undoing adds to what was counted; all else begins anew.
        if act != Act::Undo {
            if !(document.ran && act == Act::Run) {
                document.progress = Progress::default();
            }
            document.faults.clear();
            document.fault_count = 0;
            document.notes.clear();
        }
        document.ran |= act == Act::Run;
        document.stopped = None;
        document.by = Some(By { person, permissions: BTreeSet::clone(&caller.permissions) });
        import.state = next;
        self.save(caller, &mut import).await?;
        Ok(import)
    }

    async fn save(&self, caller: &Caller, import: &mut Import) -> Result<(), Fault> {
        import.changed_at = self.clock().now();
        let access = Access::of_plugin(caller.organization);
        if !self.store().save_import(access, &import.stored()?).await.map_err(answers::of_store)? {
            return Err(Fault::new(ErrorCode::Conflict, "This import was changed at the same time. Look at it again."));
        }
        import.revision += 1;
        self.tell(import.id);
        Ok(())
    }

    /// Waits until nothing is under way with an import, or the time is up.
    pub async fn settled(&self, caller: &Caller, schema: &Schema, id: Id, patience: Duration) -> Result<Import, Fault> {
        let deadline = Instant::now() + patience;
        let mut moved = self.0.moved.subscribe();
        loop {
            let import = self.get(caller, schema, id).await?;
            if !import.state.is_under_way() || Instant::now() >= deadline {
                return Ok(import);
            }
            // Another host may do it, so it is looked for now and then as well.
            let look = tokio::time::sleep_until((Instant::now() + LOOK).min(deadline));
            tokio::pin!(look);
            loop {
                tokio::select! {
                    () = &mut look => break,
                    told = moved.recv() => match told {
                        Ok(other) if other != id => {}
                        _ => break,
                    },
                }
            }
        }
    }

    /// Forgets an import; what it made stays, and cannot be undone by it any more.
    pub async fn forget(&self, caller: &Caller, schema: &Schema, id: Id) -> Result<(), Fault> {
        let import = self.get(caller, schema, id).await?;
        if import.state.is_under_way() {
            return Err(Fault::new(ErrorCode::Conflict, "This import is being worked on. Wait for its end."));
        }
        self.store().forget_import(Access::of_plugin(caller.organization), id).await.map_err(answers::of_store)
    }

    /// The work that is to be done by whichever host comes first.
    pub async fn waiting(&self) -> Result<Vec<(OrganizationId, Id)>, Fault> {
        self.store().imports_in(State::under_way(), ROUND).await.map_err(answers::of_store)
    }

    /// Forgets the rows of imports that nobody has gone on with for a week. Of how many parts.
    pub async fn sweep(&self) -> Result<u64, Fault> {
        let before = self.clock().now() - ROWS_KEPT;
        self.store().forget_import_rows(before, State::under_way()).await.map_err(answers::of_store)
    }
}

fn sees(caller: &Caller, made_by: Option<PersonId>) -> bool {
    (made_by.is_some() && made_by == caller.person()) || caller.holds(Permission::ADMINISTER)
}

impl Upload {
    /// Takes one row in.
    pub async fn row(&mut self, number: u32, cells: Vec<String>) -> Result<(), Fault> {
        self.rows.push((number, cells));
        if self.rows.len() >= PART as usize { self.part().await } else { Ok(()) }
    }

    async fn part(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.rows);
        let text = serde_json::to_string(&rows).map_err(|_| Fault::internal())?;
        let document = &mut self.import.document;
        let store = self.imports.store();
        store.add_import_rows(self.access, self.import.id, document.parts, text).await.map_err(answers::of_store)?;
        document.parts += 1;
        document.rows += u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// The import, with the mapping that it most likely wants.
    pub async fn finish(mut self, caller: &Caller, schema: &Schema) -> Result<Import, Fault> {
        if !self.rows.is_empty() {
            self.part().await?;
        }
        if self.import.document.rows == 0 {
            self.forget().await?;
            return Err(Fault::at("/file", "empty", "The file has heads and no row below them."));
        }
        let sample = self.imports.sample(caller, &self.import).await?;
        let cells: Vec<&[String]> = sample.iter().map(|(_, cells)| cells.as_slice()).collect();
        self.import.document.mapping = propose::propose(schema, &self.import.document.heads, &cells);
        if caller.holds(Permission::ADMINISTER) {
            let program = self.imports.program_of(&self.import);
            self.import.document.mapping.program = program.map(|program| program.name.to_owned());
        }
        self.import.state = State::Uploaded;
        self.imports.save(caller, &mut self.import).await?;
        Ok(self.import)
    }

    /// Forgets what was taken in.
    pub async fn forget(&self) -> Result<(), Fault> {
        self.imports.store().forget_import(self.access, self.import.id).await.map_err(answers::of_store)
    }
}

/// The unique rules that can be looked up before a commit: those without a condition.
fn plain_rules(schema: &Schema) -> Vec<Vec<&str>> {
    let plain = schema.collection.unique.iter().filter(|rule| rule.condition().is_none());
    plain.map(|rule| rule.fields().iter().map(lignaflow_core::name::FieldName::as_str).collect()).collect()
}
