//! Files that the plugin reads and makes, and what it sends outside.

use super::MemoryHost;
use super::call::{Call, Kind};
use crate::media::{Info, Portion, Row};
use crate::{Fault, Id, Plugin};
use lignaflow_core::descriptor::Capability;
use lignaflow_core::files::MAX_CHUNK;
use lignaflow_core::media::clean_name;
use lignaflow_core::outbound::{OutboundRequest, OutboundResponse};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

type Receiver = Rc<dyn Fn(&OutboundRequest) -> Result<OutboundResponse, Fault>>;

/// A file as the test, or the plugin, made it.
#[derive(Debug, Clone, Default)]
struct Held {
    name: String,
    content_type: String,
    bytes: Vec<u8>,
    /// Heads and rows, where it is a table.
    table: Option<(Vec<String>, Vec<Vec<String>>)>,
    /// Whether the call under way, or one before, began it.
    made: bool,
}

#[derive(Default)]
pub(super) struct Outside {
    files: RefCell<HashMap<Id, Held>>,
    receiver: RefCell<Option<Receiver>>,
    sent: RefCell<Vec<OutboundRequest>>,
    pub(super) in_job: Cell<bool>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").field("files", &self.files).field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl<P: Plugin> MemoryHost<P> {
    /// A file that somebody brought: its id, for a field of a record, or to be read as it is. Who may see it is left out.
    pub fn bring_file(&mut self, name: &str, content_type: &str, bytes: &[u8]) -> Id {
        let held = Held {
            name: clean_name(name),
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
            ..Held::default()
        };
        self.hold(held)
    }

    /// The same for a table, by its heads and rows: the host's reader of CSV and XLSX is left out.
    pub fn bring_table(&mut self, name: &str, heads: &[&str], rows: &[&[&str]]) -> Id {
        let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let held = Held {
            name: clean_name(name),
            content_type: "text/csv".to_owned(),
            table: Some((owned(heads), rows.iter().map(|cells| owned(cells)).collect())),
            ..Held::default()
        };
        self.hold(held)
    }

    fn hold(&mut self, held: Held) -> Id {
        let id = self.new_id();
        self.world.outside.files.borrow_mut().insert(id, held);
        id
    }

    /// The bytes of a file that somebody brought or the plugin made.
    pub fn file(&self, id: Id) -> Option<Vec<u8>> {
        self.world.outside.files.borrow().get(&id).map(|held| held.bytes.clone())
    }

    /// Answers what the plugin sends outside.
    pub fn answer_outside(&mut self, answer: impl Fn(&OutboundRequest) -> Result<OutboundResponse, Fault> + 'static) {
        *self.world.outside.receiver.borrow_mut() = Some(Rc::new(answer));
    }

    /// What the plugin sent, in its order. Secrets are named in it, and nowhere filled in.
    pub fn sent(&self) -> Vec<OutboundRequest> {
        self.world.outside.sent.borrow().clone()
    }
}

impl Call {
    fn held(&self, id: Id) -> Result<Held, Fault> {
        self.needs(Capability::Media);
        self.world.outside.files.borrow().get(&id).cloned().ok_or_else(|| Fault::not_found("file"))
    }

    pub(crate) fn describe_file(&self, id: Id) -> Result<Info, Fault> {
        let held = self.held(id)?;
        Ok(Info { name: held.name, content_type: held.content_type, size: held.bytes.len() as u64 })
    }

    pub(crate) fn read_file(&self, id: Id, offset: u64, length: u32) -> Result<Vec<u8>, Fault> {
        let bytes = self.held(id)?.bytes;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let length = usize::try_from(length).unwrap_or(MAX_CHUNK).min(MAX_CHUNK).min(bytes.len() - from);
        Ok(bytes[from..from + length].to_vec())
    }

    pub(crate) fn table_rows(&self, id: Id, offset: u32, limit: u16) -> Result<Portion, Fault> {
        let table = self.held(id)?.table;
        let (heads, all) = table.ok_or_else(|| Fault::at("/file", "unreadable", "The test brought it as no table."))?;
        let numbered = (2..).zip(all.iter());
        let wanted = numbered.skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(usize::from(limit));
        let rows = wanted.map(|(number, cells)| Row { number, cells: cells.clone() }).collect();
        Ok(Portion { heads, total: u32::try_from(all.len()).unwrap_or(u32::MAX), rows })
    }

    pub(crate) fn create_file(&self, id: Id, name: &str) -> Result<(), Fault> {
        self.needs(Capability::Media);
        if self.kind == Kind::Hook {
            return Err(Fault::denied("A hook makes no files."));
        }
        let mut files = self.world.outside.files.borrow_mut();
        if files.contains_key(&id) {
            return Err(Fault::at("/id", "taken", "There is a file of this id."));
        }
        let content_type = "application/octet-stream".to_owned();
        files.insert(id, Held { name: clean_name(name), content_type, made: true, ..Held::default() });
        Ok(())
    }

    pub(crate) fn append_to_file(&self, id: Id, bytes: &[u8]) -> Result<(), Fault> {
        let mut files = self.world.outside.files.borrow_mut();
        let held = files.get_mut(&id).filter(|held| held.made);
        held.ok_or_else(|| Fault::not_found("file that this call has begun"))?.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, Fault> {
        let host = request.destination()?;
        let grants = &self.world.descriptor.grants;
        assert!(
            grants.sends_to(&host),
            "plugin.toml does not ask to send to {host}: write outbound = [\"{host}\"] under [grants]"
        );
        if !self.world.outside.in_job.get() {
            return Err(Fault::denied("Only jobs send: have the call enqueue one."));
        }
        for secret in &request.secrets {
            let declared = self.world.descriptor.settings.get(secret.setting.as_str()).is_some_and(|it| it.secret);
            assert!(declared, "plugin.toml declares no secret setting `{}`", secret.setting);
        }
        let receiver = self.world.outside.receiver.borrow().clone();
        let receiver = receiver.unwrap_or_else(|| panic!("the test answers nothing outside: see `answer_outside`"));
        let answer = receiver(&request);
        self.world.outside.sent.borrow_mut().push(request);
        answer
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::testing::MemoryHost;
    use lignaflow_core::outbound::OutboundResponse;
    use serde_json::json;

    const TOML: &str = r#"
        id = "lists"
        version = "0.1.0"
        title = "Lists"
        api = "0.1"

        [grants]
        interfaces = ["records", "media"]
        outbound = ["api.example.com"]

        [settings]
        key = { type = "text", secret = true }

        [[collections]]
        name = "lists"
        title = { one = "List", many = "Lists" }
        display = "title"
        [collections.fields]
        title = { type = "text", required = true }
        source = { type = "media" }
        report = { type = "media" }

        [[jobs]]
        name = "read"
        title = "Read"
    "#;

    struct Lists;

    impl Plugin for Lists {
        fn handle(_: &RouteRequest) -> Result<RouteReply, Fault> {
            outbound::get("https://api.example.com/").send().map(|_| reply::empty())
        }

        fn run(call: &JobCall) -> Result<Slice, Fault> {
            let list: Id = call.json()?;
            let found = records::find(select("lists").columns(["source"]).filter(field("id").eq(list)))?;
            let source = found.records().next().and_then(|list| list.reference("source"));
            let source = media::file(source.ok_or_else(|| Fault::not_found("source"))?);
            let from: u32 = call.resumed()?.unwrap_or(0);
            let portion = source.rows(from, 2)?;
            let name = portion.column("NAME").ok_or_else(|| Fault::at("/source", "head", "There is no name."))?;
            let ids = portion.rows.iter().map(|row| Ok((row, context::new_id()?)));
            let writes = ids.map(|it: Result<_, Fault>| {
                it.map(|(row, id)| {
                    insert("lists", id).set("title", format!("{} {}", row.number, row.cells[name])).into()
                })
            });
            let mut writes = writes.collect::<Result<Vec<Mutation>, Fault>>();
            let read = from + u32::try_from(portion.rows.len()).unwrap_or_default();
            if read < portion.total {
                return Slice::default().with_writes(writes?).resuming(&read);
            }
            let report = context::new_id()?;
            media::create(report, "report.txt")?.append(format!("{read} rows").as_bytes())?;
            let told = outbound::post("https://api.example.com/told")
                .secret("key", "Authorization", "Bearer ")
                .json(&json!({ "rows": read }))?
                .send()?;
            if let Ok(writes) = &mut writes {
                let title = told.header("x-title").unwrap_or_default().to_owned();
                writes.push(update("lists", list).set("report", report).set("title", title).into());
            }
            Ok(Slice::default().with_writes(writes?))
        }
    }

    #[test]
    fn a_table_is_read_by_slices_and_what_is_made_and_sent_can_be_looked_at() {
        let mut host = MemoryHost::<Lists>::new(TOML);
        let source = host.bring_table("list.csv", &["Name"], &[&["Ash"], &["Oak"], &["Elm"]]);
        let list = host.insert("lists", json!({ "title": "Trees", "source": source })).unwrap();
        host.answer_outside(|request| {
            assert_eq!(request.secrets[0].setting, "key");
            let headers = vec![("X-Title".to_owned(), "Told".to_owned())];
            Ok(OutboundResponse { status: 200, headers, body: request.body.clone() })
        });
        host.run_job("read", &json!(list)).unwrap();
        assert_eq!(host.count("lists", all([])).unwrap(), 4);
        assert_eq!(host.count("lists", all([field("title").eq("4 Elm")])).unwrap(), 1);
        let record = host.record("lists", list).unwrap();
        assert_eq!(record["title"], "Told");
        let report = record["report"].as_str().unwrap().parse().unwrap();
        assert_eq!(host.file(report).unwrap(), b"3 rows");
        assert_eq!(host.sent().len(), 1);
        assert_eq!(host.sent()[0].body, br#"{"rows":3}"#);
    }
}
