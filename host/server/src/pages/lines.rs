//! Pages of one record that plugins declare, and the lines that are written there. What a row asks for goes the way of
//! every write; what the record comes to is told by the plugin's own route.

use super::declared::{self, Place};
use super::house::Visit;
use super::lookup;
use super::routed::Pairs;
use crate::rest::guest::RouteCall;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Block, LineEditorBlock, Page, Taking, Transition};
use lignaflow_core::id::Id;
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::name::{CollectionName, LocalName, PluginId};
use lignaflow_core::query::{Authority, Predicate, Selection, SortKey};
use lignaflow_core::record::Record;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_runtime::LoadedPlugin;
use lignaflow_web::blocks::lines::{
    BEFORE, DO, LINE, LineTotals, LinesView, ROWS, RefusedRow, SECTION, SectionRows, TAKE, TOTAL, TakeView, WAS,
};
use lignaflow_web::blocks::{BlockView, BlocksPage, RecordHead, page as draw};
use lignaflow_web::collection::VERSION;
use lignaflow_web::collection::record::{label, locked_by, transitions};
use lignaflow_web::labels::Wanted;
use lignaflow_web::{parse, paths};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines and sections that one page shows, and rows that are pasted at once.
const MOST: usize = 1000;
const MOST_ROWS: usize = 200;

/// A page of a record, and the record.
pub(super) struct Sheet {
    pub plugin: Arc<LoadedPlugin>,
    pub page: Page,
    pub schema: Arc<Schema>,
    pub record: Record,
}

/// The plugin, its page and the record.
pub(super) type Address = (String, String, String);

pub(super) async fn sheet(visit: &Visit, (plugin, name, id): &Address) -> Result<Sheet, Response> {
    let caller = &visit.signed.caller;
    let loaded = visit.snapshot.plugins.get(plugin.as_str());
    let loaded = loaded.filter(|loaded| visit.snapshot.is_enabled(caller.organization, &loaded.descriptor().id));
    let Some(loaded) = loaded.cloned() else { return Err(visit.no_plugin(plugin)) };
    let descriptor = loaded.descriptor();
    let page = descriptor.page(name).filter(|page| page.record.is_some()).cloned();
    let (Some(page), Some(id)) = (page, lookup::id(id)) else { return Err(visit.not_found()) };
    if page.permission.as_ref().is_some_and(|permission| !caller.holds(&permission.full(&descriptor.id))) {
        return Err(visit.fault(&Fault::denied("You may not open this page.")));
    }
    let collection = page.record.as_ref().map_or("", |record| record.as_str());
    let schema = visit.collection(plugin, collection)?;
    let access = caller.to_read().map_err(|fault| visit.fault(&fault))?;
    let record = visit.app.records.get(access, &schema, id).await.map_err(|fault| visit.fault(&fault))?;
    Ok(Sheet { plugin: loaded, page, schema, record })
}

impl Sheet {
    fn id(&self) -> &PluginId {
        &self.plugin.descriptor().id
    }

    fn address(&self) -> String {
        paths::record_page(self.id(), &self.page.name, self.record.id)
    }

    pub(super) fn editor(&self) -> Option<&LineEditorBlock> {
        self.page
            .blocks
            .iter()
            .find_map(|block| if let Block::LineEditor(editor) = block { Some(&**editor) } else { None })
    }
}

pub(super) async fn answer(
    visit: &Visit,
    sheet: &Sheet,
    asked: &Pairs,
    refused: Option<RefusedRow>,
    status: StatusCode,
) -> Response {
    match compose(visit, sheet, asked, refused, status).await {
        Ok(response) => response,
        Err(fault) => visit.fault(&fault),
    }
}

async fn compose(
    visit: &Visit,
    sheet: &Sheet,
    asked: &Pairs,
    refused: Option<RefusedRow>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let caller = &visit.signed.caller;
    let access = caller.to_read()?;
    let may_write = visit.may_write()
        && visit.app.records.may(access, &sheet.schema, sheet.record.id, lignaflow_core::access::Deed::Update).await?;
    let place = Place { visit, home: sheet.id(), of: Some(sheet), asked };
    let mut wanted = Wanted::default();
    let mut blocks = Vec::new();
    for block in &sheet.page.blocks {
        blocks.push(match block {
            Block::LineEditor(editor) => match lines(visit, sheet, editor, may_write, refused.clone()).await {
                Ok(view) => BlockView::Lines(Box::new(view)),
                Err(fault) => BlockView::Failed { title: editor.title.clone(), message: fault.message },
            },
            other => declared::view(&place, other, &mut wanted).await,
        });
    }
    let may = |transition: &Transition| {
        let permission = transition.permission.as_ref();
        may_write && permission.is_none_or(|permission| caller.holds(&format!("{}.{permission}", sheet.id())))
    };
    let labels = lookup::labels(visit, &wanted).await?;
    let name = label(&sheet.schema, &sheet.record);
    let head = RecordHead {
        schema: &sheet.schema,
        record: &sheet.record,
        transitions: &transitions(&sheet.schema, &sheet.record, may),
        tabs: &declared::tabs(visit, &sheet.schema, sheet.record.id, Some(sheet.page.name.as_str())),
    };
    let view = BlocksPage { title: &name, blocks: &blocks, labels: &labels, record: Some(head) };
    Ok(visit.page_with(status, draw(&visit.shell(), &view)))
}

fn schema_of(visit: &Visit, plugin: &PluginId, name: &LocalName) -> Result<Arc<Schema>, Fault> {
    visit.app.records.schema(&visit.snapshot, &visit.signed.caller, &CollectionName::new(plugin, name))
}

/// The parts of the record, in their order.
async fn parts(visit: &Visit, schema: &Arc<Schema>, whole: Id, position: &str) -> Result<Vec<Record>, Fault> {
    let access = visit.signed.caller.to_read()?;
    let via = schema.collection.part_of.as_ref().map_or("", |field| field.as_str());
    let mut selection = Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: Predicate::equal(via, Value::Reference(whole)),
        sort: vec![
            SortKey { path: position.to_owned(), descending: false },
            SortKey { path: "id".to_owned(), descending: false },
        ],
        select: Vec::new(),
        limit: 200,
        after: None,
    };
    let mut all = Vec::new();
    loop {
        let (records, next) = visit.app.records.list(access, &visit.snapshot.catalog, &selection).await?;
        all.extend(records);
        match next {
            Some(next) if all.len() < MOST => selection.after = Some(next),
            _ => return Ok(all),
        }
    }
}

/// Schemas and records that an editor works on.
struct Parts {
    lines: Arc<Schema>,
    sections: Arc<Schema>,
    rows: Vec<SectionRows>,
}

async fn read(visit: &Visit, sheet: &Sheet, editor: &LineEditorBlock) -> Result<Parts, Fault> {
    let lines = schema_of(visit, sheet.id(), &editor.lines)?;
    let to = lines.field(editor.section.as_str()).and_then(|field| field.to.clone());
    let to = to.ok_or_else(|| Fault::not_found("the sections of these lines"))?;
    let sections = visit.app.records.schema(&visit.snapshot, &visit.signed.caller, &to)?;
    let position = editor.position.as_str();
    let mut rows: Vec<SectionRows> = parts(visit, &sections, sheet.record.id, position)
        .await?
        .into_iter()
        .map(|record| SectionRows { record, lines: Vec::new() })
        .collect();
    for line in parts(visit, &lines, sheet.record.id, position).await? {
        let section = line.get(&lines, editor.section.as_str()).and_then(Value::as_reference);
        if let Some(row) = rows.iter_mut().find(|row| Some(row.record.id) == section) {
            row.lines.push(line);
        }
    }
    Ok(Parts { lines, sections, rows })
}

async fn lines(
    visit: &Visit,
    sheet: &Sheet,
    editor: &LineEditorBlock,
    may_write: bool,
    refused: Option<RefusedRow>,
) -> Result<LinesView, Fault> {
    let Parts { lines, sections, rows } = read(visit, sheet, editor).await?;
    let totals = call(visit, sheet, &editor.totals, sheet.record.id, None).await;
    let totals = totals.ok().and_then(|bytes| serde_json::from_slice::<LineTotals>(&bytes).ok());
    let editable = may_write && locked_by(&sheet.schema, &sheet.record).is_none() && sheet.record.archived_at.is_none();
    let mut takes = Vec::new();
    if let Some(take) = editor.take.as_ref().filter(|_| editable) {
        for (name, from) in &take.from {
            let schema = schema_of(visit, sheet.id(), from)?;
            takes.push(TakeView {
                name: name.clone(),
                title: schema.collection.title.many.clone(),
                source: paths::choices(&schema.name),
                choices: lookup::of_records(visit, &schema).await?,
            });
        }
    }
    Ok(LinesView {
        title: editor.title.clone(),
        address: sheet.address(),
        block: editor.clone(),
        schema: lines,
        section_schema: sections,
        sections: rows,
        editable,
        totals,
        takes,
        refused,
    })
}

/// Calls a route of the plugin for one record, as the API would.
async fn call(visit: &Visit, sheet: &Sheet, name: &LocalName, id: Id, body: Option<Json>) -> Result<Bytes, Fault> {
    let descriptor = sheet.plugin.descriptor();
    let route = descriptor.route(name.as_str()).ok_or_else(|| Fault::not_found(format_args!("route `{name}`")))?;
    let parameter = route.path.split('/').find_map(|part| part.strip_prefix('{')?.strip_suffix('}')).unwrap_or("id");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let call = RouteCall {
        plugin: &descriptor.id,
        route,
        schemas: visit.app.schemas.of(sheet.plugin.digest(), route),
        parameters: vec![(parameter.to_owned(), id.to_string())],
        pairs: Vec::new(),
        headers: &headers,
        body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
        once: None,
    };
    let response = call.answer(&visit.app, &visit.signed.caller).await.map_err(Fault::from)?;
    axum::body::to_bytes(response.into_body(), 8 << 20).await.map_err(|_| Fault::internal())
}

/// What a form asks for, by the names of its controls.
struct Asked(BTreeMap<String, String>);

impl Asked {
    fn of(body: &[u8]) -> Self {
        // Of a check box and what stands for it where it is empty, the last counts.
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn id(&self, name: &str) -> Option<Id> {
        self.text(name).parse().ok()
    }

    fn version(&self) -> Option<u64> {
        self.text(VERSION).parse().ok()
    }
}

pub(super) async fn act(visit: Visit, Path(address): Path<Address>, RawForm(body): RawForm) -> Response {
    let sheet = match sheet(&visit, &address).await {
        Ok(sheet) => sheet,
        Err(response) => return response,
    };
    let Some(editor) = sheet.editor() else { return visit.not_found() };
    let asked = Asked::of(&body);
    match carry_out(&visit, &sheet, editor, &asked).await {
        Ok(anchor) => visit.go(&format!("{}{anchor}", sheet.address()), ""),
        Err(fault) => {
            let status = crate::problem::Problem::from(fault.clone()).status();
            let mut messages: Vec<String> = fault.issues.iter().map(|issue| issue.message.clone()).collect();
            if messages.is_empty() || fault.code != ErrorCode::Invalid {
                messages = vec![fault.message];
            }
            messages.dedup();
            let row = asked.id(LINE).or(asked.id(SECTION));
            answer(&visit, &sheet, &Pairs::new(), Some(RefusedRow { row, texts: asked.0, messages }), status).await
        }
    }
}

/// Does what a form asks for; where on the page it is to go on.
async fn carry_out(visit: &Visit, sheet: &Sheet, editor: &LineEditorBlock, asked: &Asked) -> Result<String, Fault> {
    let Parts { lines, sections, rows } = read(visit, sheet, editor).await?;
    let line = asked.id(LINE);
    let section = asked.id(SECTION);
    let here = line.map_or_else(String::new, |line| format!("#l-{line}"));
    let at_section = section.map_or_else(String::new, |section| format!("#new-{section}"));
    match (asked.text(DO), line, section) {
        ("save", Some(line), _) => {
            let fields = changed(visit, &lines, editor, asked)?;
            if !fields.is_empty() {
                write(
                    visit,
                    vec![Mutation::Update {
                        collection: lines.name.to_string(),
                        id: line,
                        expected: asked.version(),
                        fields,
                    }],
                )
                .await?;
            }
            Ok(here)
        }
        ("remove", Some(id), _) => {
            write(visit, vec![Mutation::Remove { collection: lines.name.to_string(), id, expected: asked.version() }])
                .await?;
            Ok(String::new())
        }
        ("up" | "down" | "move", Some(id), _) => {
            let order: Vec<Vec<Id>> = rows.iter().map(|row| row.lines.iter().map(|line| line.id).collect()).collect();
            let before = asked.id(BEFORE);
            let moved = moved(
                &order,
                id,
                asked.text(DO),
                before,
                section.and_then(|id| rows.iter().position(|row| row.record.id == id)),
            );
            let mut writes = Vec::new();
            for (at, (ids, row)) in moved.iter().zip(&rows).enumerate() {
                if Some(ids) == order.get(at) {
                    continue;
                }
                for (place, id) in (1_i64..).zip(ids) {
                    let known = rows.iter().flat_map(|row| &row.lines).find(|line| line.id == *id);
                    let Some(known) = known else { continue };
                    let set = [
                        (editor.position.to_string(), Value::Integer(place * 10)),
                        (editor.section.to_string(), Value::Reference(row.record.id)),
                    ];
                    let fields: Fields =
                        set.into_iter().filter(|(name, value)| known.get(&lines, name) != Some(value)).collect();
                    if !fields.is_empty() {
                        writes.push(Mutation::Update {
                            collection: lines.name.to_string(),
                            id: *id,
                            expected: None,
                            fields,
                        });
                    }
                }
            }
            write(visit, writes).await?;
            Ok(here)
        }
        ("copy", Some(id), _) => route(visit, sheet, editor.copy_line.as_ref(), id, None).await.map(|()| here),
        ("add", _, Some(section)) => {
            let names = [lines.collection.display.as_str(), editor.quantity.as_str()];
            let texts = names.map(|name| (name, asked.text(name)));
            let fields = added(visit, &lines, sheet, editor, section, texts)?;
            write(visit, vec![Mutation::Insert { collection: lines.name.to_string(), id: Id::fresh(), fields }])
                .await?;
            Ok(at_section)
        }
        ("paste", _, Some(section)) => {
            let writes = pasted(visit, &lines, sheet, editor, section, asked.text(ROWS))?;
            write(visit, writes).await?;
            Ok(at_section)
        }
        ("take", _, Some(section)) => {
            let Some(Taking { route: name, from }) = &editor.take else { return Err(Fault::not_found("such a form")) };
            let taken = from.keys().find_map(|name| Some((name, asked.id(&format!("{TAKE}{name}"))?)));
            let (key, id) = taken.ok_or_else(|| Fault::at("", "required", "Choose what to take."))?;
            let mut body = json!({ key.as_str(): id.to_string() });
            let quantity = asked.text(editor.quantity.as_str());
            if !quantity.trim().is_empty()
                && let Value::Decimal(quantity) = value(visit, &lines, editor.quantity.as_str(), quantity)?
            {
                body["quantity"] = json!(quantity.to_string());
            }
            route(visit, sheet, Some(name), section, Some(body)).await.map(|()| at_section)
        }
        ("section-add", ..) => {
            let name = sections.collection.display.as_str();
            let whole = sections.collection.part_of.as_ref().map(ToString::to_string).unwrap_or_default();
            let fields: Fields = [
                (name.to_owned(), value(visit, &sections, name, asked.text(name))?),
                (whole, Value::Reference(sheet.record.id)),
            ]
            .into();
            write(visit, vec![Mutation::Insert { collection: sections.name.to_string(), id: Id::fresh(), fields }])
                .await?;
            Ok("#new-section".to_owned())
        }
        ("section-remove", _, Some(id)) => {
            write(
                visit,
                vec![Mutation::Remove { collection: sections.name.to_string(), id, expected: asked.version() }],
            )
            .await?;
            Ok(String::new())
        }
        ("section-copy", _, Some(id)) => {
            route(visit, sheet, editor.copy_section.as_ref(), id, None).await.map(|()| String::new())
        }
        (deed @ ("section-up" | "section-down"), _, Some(id)) => {
            let order = vec![rows.iter().map(|row| row.record.id).collect()];
            let moved = moved(&order, id, deed.trim_start_matches("section-"), None, None);
            let mut writes = Vec::new();
            for (place, id) in (1_i64..).zip(moved.iter().flatten()) {
                let place = Value::Integer(place * 10);
                let known = rows.iter().find(|row| row.record.id == *id);
                if known.is_some_and(|row| row.record.get(&sections, editor.position.as_str()) != Some(&place)) {
                    let fields: Fields = [(editor.position.to_string(), place)].into();
                    writes.push(Mutation::Update {
                        collection: sections.name.to_string(),
                        id: *id,
                        expected: None,
                        fields,
                    });
                }
            }
            write(visit, writes).await?;
            Ok(format!("#s-{id}"))
        }
        ("set-total", ..) => {
            let field = lines.field(editor.amount.as_str()).ok_or_else(|| Fault::not_found("an amount"))?;
            let currency = currency(&rows, &lines, editor).unwrap_or(visit.reader().currency);
            let read = parse::field(TOTAL, &field.field, asked.text(TOTAL), currency, &visit.reader());
            let Value::Money(total) = read.map_err(|issue| Fault::invalid(vec![issue]))? else {
                return Err(Fault::at("", "required", "Say what the total is to be."));
            };
            route(visit, sheet, editor.set_total.as_ref(), sheet.record.id, Some(json!({ "total": total.minor })))
                .await?;
            Ok("#set-total".to_owned())
        }
        _ => Err(Fault::not_found("such a form")),
    }
}

fn currency(rows: &[SectionRows], lines: &Schema, editor: &LineEditorBlock) -> Option<lignaflow_core::Currency> {
    rows.iter().flat_map(|row| &row.lines).find_map(|line| match line.get(lines, editor.amount.as_str())? {
        Value::Money(money) => Some(money.currency),
        _ => None,
    })
}

async fn write(visit: &Visit, mutations: Vec<Mutation>) -> Result<(), Fault> {
    if mutations.is_empty() {
        return Ok(());
    }
    visit.app.records.write(&visit.signed.caller, Origin::Page, mutations).await.map(|_| ())
}

async fn route(
    visit: &Visit,
    sheet: &Sheet,
    name: Option<&LocalName>,
    id: Id,
    body: Option<Json>,
) -> Result<(), Fault> {
    let name = name.ok_or_else(|| Fault::not_found("such a form"))?;
    call(visit, sheet, name, id, body).await.map(|_| ())
}

fn value(visit: &Visit, schema: &Schema, name: &str, text: &str) -> Result<Value, Fault> {
    let field = schema.field(name).ok_or_else(|| Fault::not_found(format_args!("field `{name}`")))?;
    let reader = visit.reader();
    parse::reckoned(name, &field.field, text, reader.currency, &reader).map_err(|issue| Fault::invalid(vec![issue]))
}

/// The fields of a row that somebody changed, all faults at once.
fn changed(visit: &Visit, schema: &Schema, editor: &LineEditorBlock, asked: &Asked) -> Result<Fields, Fault> {
    let was: BTreeMap<String, String> = serde_json::from_str(asked.text(WAS)).unwrap_or_default();
    let (mut fields, mut issues) = (Fields::new(), Vec::new());
    for name in std::iter::once(&schema.collection.display).chain(editor.fields()) {
        let name = name.as_str();
        let Some(text) = asked.0.get(name).filter(|text| was.get(name) != Some(text)) else { continue };
        if schema.field(name).is_none() || fields.contains_key(name) {
            continue;
        }
        match value(visit, schema, name, text) {
            Ok(value) => {
                fields.insert(name.to_owned(), value);
            }
            Err(fault) => issues.extend(fault.issues),
        }
    }
    if issues.is_empty() { Ok(fields) } else { Err(Fault::invalid(issues)) }
}

fn added<'a>(
    visit: &Visit,
    schema: &Schema,
    sheet: &Sheet,
    editor: &LineEditorBlock,
    section: Id,
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Fields, Fault> {
    let whole = schema.collection.part_of.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut fields: Fields =
        [(whole, Value::Reference(sheet.record.id)), (editor.section.to_string(), Value::Reference(section))].into();
    let mut issues = Vec::new();
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
        match value(visit, schema, name, text) {
            Ok(value) => {
                fields.insert(name.to_owned(), value);
            }
            Err(fault) => issues.extend(fault.issues),
        }
    }
    if issues.is_empty() { Ok(fields) } else { Err(Fault::invalid(issues)) }
}

/// Rows of a spreadsheet: a line each, cells apart by tabs. A first row whose figures are none is its head.
fn pasted(
    visit: &Visit,
    schema: &Schema,
    sheet: &Sheet,
    editor: &LineEditorBlock,
    section: Id,
    text: &str,
) -> Result<Vec<Mutation>, Fault> {
    let rows: Vec<&str> = text.lines().filter(|row| !row.trim().is_empty()).collect();
    if rows.len() > MOST_ROWS + 1 {
        return Err(Fault::new(
            ErrorCode::Quota,
            format!("At most {MOST_ROWS} rows are pasted at once; import a file instead."),
        ));
    }
    let (mut writes, mut issues) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let cells =
            editor.paste.iter().map(lignaflow_core::name::FieldName::as_str).zip(row.split('\t').map(str::trim));
        match added(visit, schema, sheet, editor, section, cells) {
            Ok(fields) => {
                writes.push(Mutation::Insert { collection: schema.name.to_string(), id: Id::fresh(), fields });
            }
            Err(_) if at == 0 && rows.len() > 1 => {}
            Err(fault) => issues.extend(fault.issues.into_iter().map(|issue| Issue {
                path: format!("/{at}{}", issue.path),
                message: format!("Row {}: {}", at + 1, issue.message),
                ..issue
            })),
        }
    }
    if issues.is_empty() { Ok(writes) } else { Err(Fault::invalid(issues)) }
}

/// The order once one is moved: by one place, over the end of its group into the next; or before another, or to the end
/// of a group.
fn moved(order: &[Vec<Id>], id: Id, deed: &str, before: Option<Id>, group: Option<usize>) -> Vec<Vec<Id>> {
    let mut order = order.to_vec();
    let place = order.iter().enumerate().find_map(|(at, ids)| Some((at, ids.iter().position(|one| *one == id)?)));
    let Some((at, place)) = place else { return order };
    order[at].remove(place);
    let (to, index) = match deed {
        "up" if place > 0 => (at, place - 1),
        "up" if at > 0 => (at - 1, order[at - 1].len()),
        "down" if place < order[at].len() => (at, place + 1),
        "down" if at + 1 < order.len() => (at + 1, 0),
        "move" => {
            let target = before.and_then(|before| {
                order.iter().enumerate().find_map(|(at, ids)| Some((at, ids.iter().position(|one| *one == before)?)))
            });
            let end = group.unwrap_or(at);
            target.unwrap_or_else(|| (end, order.get(end).map_or(0, Vec::len)))
        }
        _ => (at, place),
    };
    order[to].insert(index, id);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_goes_one_place_or_over_into_the_next_group() {
        let id = |number: u8| Id::from_bytes([number; 16]);
        let order = vec![vec![id(1), id(2)], vec![id(3)]];
        let of = |which: u8, deed, before: Option<u8>, group| {
            let moved = moved(&order, id(which), deed, before.map(id), group);
            moved
                .iter()
                .map(|ids| ids.iter().map(|it| it.to_string().chars().nth(1).unwrap()).collect::<String>())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(2, "up", None, None), ["21", "3"]);
        assert_eq!(of(1, "up", None, None), ["12", "3"]);
        assert_eq!(of(2, "down", None, None), ["1", "23"]);
        assert_eq!(of(3, "up", None, None), ["123", ""]);
        assert_eq!(of(1, "move", Some(3), None), ["2", "13"]);
        assert_eq!(of(1, "move", None, Some(1)), ["2", "31"]);
        assert_eq!(of(9, "up", None, None), ["12", "3"], "who is not there moves nothing");
    }
}
