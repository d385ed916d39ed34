//! Pages that plugins declare: each block's query is run with the caller's rights, and a block that fails leaves the
//! rest of the page standing.

use super::asking;
use super::charts;
use super::download;
use super::house::Visit;
use super::lines::{self, Address, Sheet};
use super::lookup;
use super::plan;
use super::reached;
use super::report;
use super::routed::{self, Pairs, Refused};
use super::sheets;
use super::statement;
use crate::rest::query;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundPath;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{
    Block, ChartBlock, Field, FieldKind, FigureBlock, Filters, Page, RECORD, TableBlock, humanize,
};
use lignaflow_core::name::{CollectionName, PermissionName, PluginId};
use lignaflow_core::period::Almanac;
use lignaflow_core::query::{Authority, Bucket, Metric, MetricKind, Predicate, Selection, SortKey, Summary};
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Id};
use lignaflow_runtime::LoadedPlugin;
use lignaflow_web::blocks::{
    Bar, BlockView, BlocksPage, ChartView, FigureView, RecordHead, Tab, TableColumn, TableRow, TableView, page as draw,
};
use lignaflow_web::collection::record::label;
use lignaflow_web::labels::Wanted;
use lignaflow_web::{ListQuery, paths};
use std::cmp::Reverse;
use std::sync::Arc;

/// `/{plugin}/-/{page}`.
pub(super) async fn page(
    visit: Visit,
    Path((plugin, name)): Path<(String, String)>,
    Query(asked): Query<Pairs>,
) -> Response {
    let loaded = match opened(&visit, &plugin, &name) {
        Ok(loaded) => loaded,
        Err(response) => return response,
    };
    let Some(page) = loaded.descriptor().page(&name) else { return visit.not_found() };
    if let Some(file) = statement::file(&visit, &loaded, page, None, &asked).await {
        return file.unwrap_or_else(|fault| visit.fault(&fault));
    }
    if let Some(file) = download::file(&visit, &loaded, page, None, &asked).await {
        return file.unwrap_or_else(|fault| visit.fault(&fault));
    }
    draw_page(&visit, &loaded, page, None, &asked, Again::default()).await
}

/// `/{plugin}/-/{page}/{id}`: the page of one record.
pub(super) async fn record_page(visit: Visit, Path(address): Path<Address>, Query(asked): Query<Pairs>) -> Response {
    let sheet = match lines::sheet(&visit, &address).await {
        Ok(sheet) => sheet,
        Err(response) => return response,
    };
    if let Some(file) = download::file(&visit, &sheet.plugin, &sheet.page, Some(&sheet), &asked).await {
        return file.unwrap_or_else(|fault| visit.fault(&fault));
    }
    if sheet.editor().is_some() {
        return lines::answer(&visit, &sheet, &asked, None, StatusCode::OK).await;
    }
    if let Some(file) = statement::file(&visit, &sheet.plugin, &sheet.page, Some(&sheet), &asked).await {
        return file.unwrap_or_else(|fault| visit.fault(&fault));
    }
    draw_page(&visit, &sheet.plugin, &sheet.page, Some(&sheet), &asked, Again::default()).await
}

/// What was refused of a page, by the place of its block.
#[derive(Clone, Copy, Default)]
struct Again<'a> {
    deed: Option<(usize, &'a Refused)>,
    form: Option<(usize, &'a asking::Refused)>,
}

/// The page of a record with what was typed into its form, and what is wrong with it.
pub(super) async fn asked_again(
    visit: &Visit,
    sheet: &Sheet,
    index: usize,
    refused: &asking::Refused,
    posted: &Pairs,
) -> Response {
    let again = Again { form: Some((index, refused)), ..Again::default() };
    let mut response = draw_page(visit, &sheet.plugin, &sheet.page, Some(sheet), posted, again).await;
    *response.status_mut() = refused.status;
    response
}

/// The plugin whose page it is, where whoever visits may open it.
#[expect(clippy::result_large_err, reason = "the other answer is made once and sent")]
fn opened(visit: &Visit, plugin: &str, name: &str) -> Result<Arc<LoadedPlugin>, Response> {
    let caller = &visit.signed.caller;
    let loaded = visit
        .snapshot
        .plugins
        .get(plugin)
        .filter(|loaded| visit.snapshot.is_enabled(caller.organization, &loaded.descriptor().id))
        .cloned();
    let Some(loaded) = loaded else { return Err(visit.no_plugin(plugin)) };
    let descriptor = loaded.descriptor();
    let plain = |page: &&Page| page.link.is_none() && page.record.is_none();
    let Some(page) = descriptor.page(name).filter(plain) else { return Err(visit.not_found()) };
    if page.permission.as_ref().is_some_and(|permission| !caller.holds(&permission.full(&descriptor.id))) {
        return Err(visit.fault(&Fault::denied("You may not open this page.")));
    }
    Ok(loaded)
}

/// `POST /{plugin}/-/{page}/{block}/{deed}`: what a form of a block asks for. Done, it leads back to the page.
pub(super) async fn act(
    visit: Visit,
    Path((plugin, name, index, deed)): Path<(String, String, usize, String)>,
    RawForm(body): RawForm,
) -> Response {
    let loaded = match opened(&visit, &plugin, &name) {
        Ok(loaded) => loaded,
        Err(response) => return response,
    };
    let Some(page) = loaded.descriptor().page(&name) else { return visit.not_found() };
    let form: Pairs = form_urlencoded::parse(&body).into_owned().collect();
    if let Some(Block::Form(block)) = page.blocks.get(index)
        && deed == "send"
    {
        return match asking::send(&visit, &loaded, page, block, None, &form).await {
            Ok(response) => response,
            Err(refused) => {
                let again = Again { form: Some((index, &refused)), ..Again::default() };
                let mut response = draw_page(&visit, &loaded, page, None, &Pairs::new(), again).await;
                *response.status_mut() = refused.status;
                response
            }
        };
    }
    let Some(block) = page.blocks.get(index).filter(|block| !block.routes().is_empty()) else {
        return visit.not_found();
    };
    // What the page was about, so that it is about the same afterwards.
    let about = |name: &str| routed::first(&form, name).filter(|text| !text.is_empty() && text.len() <= 10);
    let asked: Pairs =
        ["week", "day"].iter().filter_map(|name| Some(((*name).to_owned(), about(name)?.to_owned()))).collect();
    match routed::act(&visit, &loaded, block, &deed, form).await {
        Ok(told) => {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
            let query = if query.is_empty() { query } else { format!("?{query}") };
            visit.go(&format!("/{plugin}/-/{name}{query}"), &told)
        }
        Err(refused) => {
            let again = Again { deed: Some((index, &refused)), ..Again::default() };
            let mut response = draw_page(&visit, &loaded, page, None, &asked, again).await;
            if response.status().is_success() {
                *response.status_mut() = refused.problem.status();
            }
            response
        }
    }
}

async fn draw_page(
    visit: &Visit,
    loaded: &LoadedPlugin,
    page: &Page,
    of: Option<&Sheet>,
    asked: &Pairs,
    again: Again<'_>,
) -> Response {
    let descriptor = loaded.descriptor();
    let place = Place { visit, home: &descriptor.id, of, asked };
    let mut wanted = Wanted::default();
    let mut blocks = Vec::with_capacity(page.blocks.len());
    for (index, block) in page.blocks.iter().enumerate() {
        let spot = routed::Spot { page: page.name.as_str(), index };
        if let Block::Form(form) = block {
            let refused = again.form.filter(|(at, _)| *at == index).map(|(_, refused)| refused);
            match asking::block(&place, loaded, page, (index, form), refused).await {
                Ok(Some((view, more))) => {
                    wanted.join(more);
                    blocks.push(BlockView::Ask(Box::new(view)));
                }
                Ok(None) => {}
                Err(fault) => blocks.push(BlockView::Failed { title: form.title.clone(), message: fault.message }),
            }
            continue;
        }
        if let Block::Download(file) = block {
            blocks.extend(download::block(visit, loaded, page, (index, file), of));
            continue;
        }
        let refused = again.deed.filter(|(at, _)| *at == index).map(|(_, refused)| refused);
        blocks.extend(drawn(&place, loaded, block, spot, refused, &mut wanted).await);
    }
    let labels = match lookup::labels(visit, &wanted).await {
        Ok(labels) => labels,
        Err(fault) => return visit.fault(&fault),
    };
    let Some(sheet) = of else {
        let view = BlocksPage { title: &page.title, blocks: &blocks, labels: &labels, record: None };
        return visit.page(draw(&visit.shell(), &view));
    };
    let tabs = tabs(visit, &sheet.schema, sheet.record.id, Some(page.name.as_str()));
    let head = RecordHead { schema: &sheet.schema, record: &sheet.record, transitions: &[], tabs: &tabs };
    let title = label(&sheet.schema, &sheet.record);
    let view = BlocksPage { title: &title, blocks: &blocks, labels: &labels, record: Some(head) };
    visit.page(draw(&visit.shell(), &view))
}

/// A block of a page that has an address; nothing of those that stand elsewhere.
async fn drawn(
    place: &Place<'_>,
    loaded: &LoadedPlugin,
    block: &Block,
    spot: routed::Spot<'_>,
    refused: Option<&Refused>,
    wanted: &mut Wanted,
) -> Option<BlockView> {
    let (visit, asked) = (place.visit, place.asked);
    let (title, view) = match block {
        Block::WeekGrid(block) => {
            (block.title.as_str(), routed::week(visit, loaded, block, spot, asked, refused).await)
        }
        Block::Timer(block) => (block.title.as_str(), routed::timer(visit, loaded, block, spot, asked, refused).await),
        Block::Review(block) => {
            let review = routed::review(visit, loaded, block, spot, asked, refused).await.transpose()?;
            (block.title.as_str(), review)
        }
        Block::Report(block) => (block.title.as_str(), report::block(place, block, spot.page, asked).await),
        Block::Statement(block) => {
            (block.title.as_str(), statement::block(place, loaded, block, spot.page, wanted).await)
        }
        Block::Sheet(block) if place.of.is_some() => ("Sheet", sheets::block(place, loaded, block, spot.page).await),
        // These stand on pages that links open, which are none of the house's, and on those of `lines`.
        Block::Sheet(_) | Block::Form(_) | Block::Download(_) | Block::LineEditor(_) => return None,
        other => return Some(self::view(place, other, wanted).await),
    };
    Some(view.unwrap_or_else(|fault| BlockView::Failed { title: title.to_owned(), message: fault.message }))
}

/// What plugins that are on have for the first page, as far as the visitor may see it. What they post to is the page that
/// they declare, which nobody needs to know of.
pub(super) async fn at_home(visit: &Visit, wanted: &mut Wanted) -> Vec<BlockView> {
    let caller = &visit.signed.caller;
    let mut blocks = Vec::new();
    for (id, loaded) in visit.snapshot.plugins.iter() {
        if !visit.snapshot.is_enabled(caller.organization, id) {
            continue;
        }
        let place = Place { visit, home: id, of: None, asked: &Pairs::new() };
        for page in loaded.descriptor().pages.iter().filter(|page| page.home) {
            let permission = page.permission.as_ref();
            if permission.is_some_and(|permission| !caller.holds(&permission.full(id))) {
                continue;
            }
            for (index, block) in page.blocks.iter().enumerate() {
                if !is_seen(&place, page, block) {
                    continue;
                }
                let spot = routed::Spot { page: page.name.as_str(), index };
                let drawn = drawn(&place, loaded, block, spot, None, wanted).await;
                blocks.extend(drawn.filter(|block| !is_no_money(block)));
            }
        }
    }
    blocks
}

/// What a block's figure is called in its question.
const MEASURE: &str = "measure";
/// Bars of a chart at most.
const MOST_BARS: u16 = 60;

/// Whether the visitor may see what a block is of: fields that are not for them are not there.
fn is_seen(place: &Place<'_>, page: &Page, block: &Block) -> bool {
    let Some(asks) = block.asks(page) else { return true };
    let Ok(schema) = place.schema(asks.collection) else { return false };
    let binder = binder(place.visit);
    asks.paths.iter().all(|(_, path)| binder.path(&schema, path).is_ok())
}

/// Whether it is an amount of which there is nothing, which most people's first page is better without.
fn is_no_money(block: &BlockView) -> bool {
    matches!(block, BlockView::Figure(figure) if figure.field.kind == FieldKind::Money && figure.values.is_empty())
}

/// A block with its data, or why there is none.
pub(super) async fn view(place: &Place<'_>, block: &Block, wanted: &mut Wanted) -> BlockView {
    let (title, view) = match block {
        Block::Text(text) => ("", Ok(BlockView::Text(text.text.clone()))),
        Block::Table(block) => (block.title.as_str(), table(place, block, wanted).await),
        Block::Figure(block) => (block.title.as_str(), figure(place, block).await),
        Block::Chart(block) => (block.title.as_str(), chart(place, block).await),
        Block::Board(block) => (block.title.as_str(), plan::board(place, block, wanted).await),
        Block::Timeline(block) => (block.title.as_str(), plan::timeline(place, block).await),
        Block::Calendar(block) => (block.title.as_str(), plan::calendar(place, block).await),
        Block::Comments(block) => (block.title.as_str(), plan::comments(place, block, wanted).await),
        Block::Detail(block) => (block.title.as_str(), plan::detail(place, block, wanted).await),
        // These need a page of another kind.
        _ => ("", Err(Fault::not_found("page for this block"))),
    };
    view.unwrap_or_else(|fault| BlockView::Failed { title: title.to_owned(), message: fault.message })
}

/// A record's own page, those that its plugin declares of it, and those of any plugin that ask for such a record, as far
/// as the visitor may open them.
pub(super) fn tabs(visit: &Visit, schema: &Schema, id: Id, current: Option<&str>) -> Vec<Tab> {
    let plugin = &schema.name.plugin;
    let Some(loaded) = visit.snapshot.plugins.get(plugin) else { return Vec::new() };
    let own = Tab {
        title: "Overview".to_owned(),
        href: paths::record(&schema.name, id),
        current: current.is_none(),
        seldom: false,
    };
    let pages = loaded.descriptor().pages.iter().filter(|page| {
        let may = |permission: &PermissionName| visit.signed.caller.holds(&permission.full(plugin));
        page.record.as_ref() == Some(&schema.name.local) && page.permission.as_ref().is_none_or(may)
    });
    let pages = pages.map(|page| Tab {
        title: page.title.clone(),
        href: paths::record_page(plugin, &page.name, id),
        current: current == Some(page.name.as_str()),
        seldom: page.is_seldom(),
    });
    std::iter::once(own).chain(pages).chain(reached::from(visit, schema, id)).collect()
}

/// Where blocks stand: whose page it is, of which plugin, of which record, and what its address asks for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub visit: &'a Visit,
    pub home: &'a PluginId,
    pub of: Option<&'a Sheet>,
    pub asked: &'a Pairs,
}

impl Place<'_> {
    pub(super) fn schema(&self, collection: &str) -> Result<Arc<Schema>, Fault> {
        schema_of(self.visit, self.home, collection)
    }

    /// A block's filters, with the record whose page it is in its place.
    pub(super) fn filters(&self, filters: &Filters) -> Filters {
        let mut filters = filters.clone();
        if let Some(of) = self.of {
            for value in filters.values_mut().filter(|value| *value == RECORD) {
                *value = of.record.id.to_string().into();
            }
        }
        filters
    }

    pub(super) fn filter(&self, schema: &Arc<Schema>, filters: &Filters) -> Result<Predicate, Fault> {
        filter(self.visit, schema, &self.filters(filters))
    }

    /// The list that shows exactly the records of a block.
    pub(super) fn address(&self, schema: &Schema, filters: &Filters, more: &[(String, String)]) -> String {
        self.listed(schema, filters, more, &[])
    }

    /// The same with columns of its own.
    pub(super) fn listed(
        &self,
        schema: &Schema,
        filters: &Filters,
        more: &[(String, String)],
        columns: &[&str],
    ) -> String {
        let mut pairs = query::pairs(&self.filters(filters));
        pairs.extend_from_slice(more);
        let fields = columns.iter().map(|name| (*name).to_owned()).collect();
        ListQuery { filters: pairs, fields, ..ListQuery::default() }.address(&paths::list(&schema.name))
    }
}

fn schema_of(visit: &Visit, home: &PluginId, collection: &str) -> Result<Arc<Schema>, Fault> {
    let name =
        CollectionName::within(home, collection).map_err(|_| Fault::not_found(format_args!("`{collection}`")))?;
    visit.app.records.schema(&visit.snapshot, &visit.signed.caller, &name)
}

pub(super) fn binder(visit: &Visit) -> Binder<'_> {
    Binder { catalog: &visit.snapshot.catalog, home: None }
}

fn filter(visit: &Visit, schema: &Arc<Schema>, filters: &Filters) -> Result<Predicate, Fault> {
    Ok(query::list(&binder(visit), schema, &Almanac::of(&visit.signed.caller), &query::pairs(filters))?
        .selection
        .filter)
}

pub(super) fn field_at(path: &BoundPath) -> (Field, Option<CollectionName>) {
    match path.field() {
        Some(field) => (field.field.clone(), field.to.clone()),
        None => (Field::bare(path.kind()), None),
    }
}

/// A column of these paths: its title, its field, and whether it is a state.
pub(super) fn columns(binder: &Binder<'_>, schema: &Arc<Schema>, paths: &[String]) -> Result<Vec<TableColumn>, Fault> {
    let mut columns = Vec::with_capacity(paths.len());
    for text in paths {
        let path = binder.path(schema, text)?;
        let (field, to) = field_at(&path);
        let last = text.rsplit('.').next().unwrap_or(text);
        // A path that ends in what a record is called is titled by the reference that leads there.
        let named = path.hops.last().filter(|_| last == path.schema().collection.display.as_str());
        let title = match named {
            Some(_) => humanize(text.rsplit('.').nth(1).unwrap_or(last)),
            None => field.title.clone().unwrap_or_else(|| humanize(last)),
        };
        columns.push(TableColumn { title, state: path.schema().collection.is_state(last), field, to });
    }
    Ok(columns)
}

async fn table(place: &Place<'_>, block: &TableBlock, wanted: &mut Wanted) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let access = visit.signed.caller.to_read()?;
    let schema = place.schema(&block.collection)?;
    let columns = columns(&binder(visit), &schema, &block.columns)?;
    let sort =
        block.sort.as_deref().or(schema.collection.sort.as_deref()).unwrap_or(schema.collection.display.as_str());
    let mut select = block.columns.clone();
    select.push("id".to_owned());
    let selection = Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: place.filter(&schema, &block.filter)?,
        sort: query::sort_keys(sort),
        select,
        limit: block.limit.unwrap_or(20).clamp(1, 200),
        after: None,
    };
    let page = visit.app.records.find(access, &visit.snapshot.catalog, &selection).await?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for mut row in page.rows {
        let id = row.pop().and_then(|value| value.as_reference());
        for (column, value) in columns.iter().zip(&row) {
            wanted.add(column.field.kind, column.to.as_ref(), value);
        }
        rows.push(TableRow { href: id.map(|id: Id| paths::record(&schema.name, id)), values: row });
    }
    Ok(BlockView::Table(TableView {
        title: block.title.clone(),
        columns,
        rows,
        all: Some(place.address(&schema, &block.filter, &[])),
        empty: format!("No {} here.", schema.collection.title.many.to_lowercase()),
    }))
}

fn metric(sum: Option<&str>) -> Metric {
    Metric {
        kind: if sum.is_some() { MetricKind::Sum } else { MetricKind::Count },
        path: sum.unwrap_or("id").to_owned(),
        filter: Predicate::always(),
        label: MEASURE.to_owned(),
    }
}

/// The field that a measure is shown as: a count is a whole number.
fn measured(visit: &Visit, schema: &Arc<Schema>, sum: Option<&str>) -> Result<Field, Fault> {
    Ok(match sum {
        Some(path) => field_at(&binder(visit).path(schema, path)?).0,
        None => Field::bare(FieldKind::Integer),
    })
}

async fn figure(place: &Place<'_>, block: &FigureBlock) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let schema = place.schema(&block.collection)?;
    let summary = Summary {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: place.filter(&schema, &block.filter)?,
        group_by: Vec::new(),
        metrics: vec![metric(block.sum.as_deref())],
        sort: Vec::new(),
        limit: 50,
        after: None,
    };
    let page = visit.app.records.summarize(&visit.signed.caller, &visit.snapshot.catalog, &summary).await?;
    let at = page.columns.iter().position(|column| column == MEASURE).unwrap_or_default();
    Ok(BlockView::Figure(FigureView {
        title: block.title.clone(),
        // One for each currency, where it is money.
        values: page
            .rows
            .into_iter()
            .filter_map(|row| row.into_iter().nth(at))
            .filter(|value| !value.is_null())
            .collect(),
        field: measured(visit, &schema, block.sum.as_deref())?,
        href: Some(place.address(&schema, &block.filter, &[])),
    }))
}

async fn chart(place: &Place<'_>, block: &ChartBlock) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let schema = place.schema(&block.collection)?;
    let group =
        query::group_key(&block.group).ok_or_else(|| Fault::not_found(format_args!("group `{}`", block.group)))?;
    let path = binder(visit).path(&schema, &group.path)?;
    let over_time = group.bucket != Bucket::None;
    let in_order = over_time || path.kind() == FieldKind::Choice;
    let parts = block.parts.as_deref().map(query::group_key);
    let parts = parts.map(|key| key.ok_or_else(|| Fault::not_found("parts of this chart"))).transpose()?;
    let part = parts.as_ref().map(|key| binder(visit).path(&schema, &key.path)).transpose()?;
    let summary = Summary {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: place.filter(&schema, &block.filter)?,
        group_by: std::iter::once(group.clone()).chain(parts).collect(),
        metrics: vec![metric(block.sum.as_deref())],
        // The latest of spans of time, choices as they are declared, and of others the largest.
        sort: vec![SortKey {
            path: if in_order || block.parts.is_some() { group.path.clone() } else { MEASURE.to_owned() },
            descending: over_time || !in_order,
        }],
        limit: if block.parts.is_some() { 1000 } else { MOST_BARS + 1 },
        after: None,
    };
    let mut page = visit.app.records.summarize(&visit.signed.caller, &visit.snapshot.catalog, &summary).await?;
    let mut beyond = page.next.is_some();
    let at = page.columns.iter().position(|column| column == MEASURE).unwrap_or_default();
    if beyond && part.is_some() {
        // Of the last group some parts may be beyond the page: it would be drawn too small.
        let cut = page.rows.last().and_then(|row| row.first()).cloned();
        page.rows.retain(|row| row.first() != cut.as_ref());
    }
    if over_time {
        page.rows.reverse();
    }
    let (field, to) = field_at(&path);
    let part = part.as_ref().map(field_at);
    let mut wanted = Wanted::default();
    for row in &page.rows {
        wanted.add(field.kind, to.as_ref(), &row[0]);
        if let Some((part, to)) = &part {
            wanted.add(part.kind, to.as_ref(), &row[1]);
        }
    }
    let names = lookup::labels(visit, &wanted).await?;
    let reader = visit.reader();
    let label = |key: &Value| report::key_label(&field, key, group.bucket, &names, &reader);
    let (series, mut bars) = if let Some((part, _)) = &part {
        let portions = page.rows.iter().filter_map(|row| {
            let (key, of) = (row.first()?, row.get(1)?);
            let part = (of.clone(), report::key_label(part, of, Bucket::None, &names, &reader));
            Some(charts::Portion { group: (key.clone(), label(key)), part, value: row.get(at)?.clone() })
        });
        charts::stacked(&portions.collect::<Vec<_>>()).unwrap_or_default()
    } else {
        let bar = |row: &Vec<Value>| {
            let (key, value) = (row.first()?, row.get(at)?.clone());
            let text = match key {
                Value::Null | Value::Date(_) => None,
                other => {
                    let json = other.to_json();
                    Some(json.as_str().map_or_else(|| json.to_string(), str::to_owned))
                }
            };
            let href = text
                .filter(|_| !over_time)
                .map(|text| place.address(&schema, &block.filter, &[(format!("filter[{}]", group.path), text)]));
            Some(Bar { label: label(key), value, href, parts: Vec::new() })
        };
        (Vec::new(), page.rows.iter().filter_map(bar).collect())
    };
    if !in_order {
        bars.sort_by_key(|bar| Reverse(charts::size(&bar.value)));
    }
    let most = usize::from(MOST_BARS);
    if bars.len() > most {
        beyond = true;
        // Spans of time stand in their order, and others by their size.
        bars = if over_time { bars.split_off(bars.len() - most) } else { bars.into_iter().take(most).collect() };
    }
    let which = if over_time { "latest" } else { "largest" };
    Ok(BlockView::Chart(ChartView {
        title: block.title.clone(),
        group: field.title.clone().unwrap_or_else(|| humanize(group.path.rsplit('.').next().unwrap_or(&group.path))),
        measure: block.sum.as_deref().map_or_else(|| schema.collection.title.many.clone(), humanize),
        field: measured(visit, &schema, block.sum.as_deref())?,
        over_time,
        kind: block.kind,
        series,
        said: beyond.then(|| format!("The {} {which} of more.", bars.len())),
        bars,
    }))
}

/// What a bucket of time is called, by its first day.
pub(super) fn bucket_name(days: i32, bucket: Bucket, reader: &lignaflow_web::Reader) -> String {
    let Some(date) = lignaflow_core::value::civil_date(days) else { return String::new() };
    match bucket {
        Bucket::Month => date.strftime("%b %Y").to_string(),
        Bucket::Quarter => format!("Q{} {}", (date.month() - 1) / 3 + 1, date.year()),
        Bucket::FiscalYear if date.month() > 1 => format!("{}–{:02}", date.year(), (date.year() + 1) % 100),
        Bucket::Year | Bucket::FiscalYear => date.year().to_string(),
        Bucket::None | Bucket::Day | Bucket::Week => lignaflow_web::format::date(date, &reader.locale),
    }
}
