//! Pages that plugins declare, of blocks whose data the server has read. A plugin has no markup to give: what it names
//! is drawn here.

mod board;
mod calendar;
mod chart;
mod comments;
mod detail;
mod download;
mod figure;
pub mod lines;
pub mod report;
mod review;
mod routed;
pub(crate) mod table;
mod tabs;
mod timeline;
mod timer;
pub mod week;

pub use board::{BACK, BoardView, Card, Lane, Move, TRANSITION};
pub use calendar::{CalendarView, Entry};
pub use chart::{Bar, ChartView, MOST_COLUMNS, shares};
pub use comments::{Comment, CommentsView, Saying};
pub use detail::DetailView;
pub use download::DownloadView;
pub use figure::FigureView;
pub use report::ReportView;
pub use review::{ReviewData, ReviewView};
pub use routed::Posting;
pub use table::{TableColumn, TableRow, TableView};
pub use tabs::{Tab, tabs};
pub use timeline::{Span, TimelineView};
pub use timer::{TimerData, TimerView};
pub use week::{WeekData, WeekView};

use crate::collection::Cells;
use crate::collection::asking::{self, AskView};
use crate::collection::record::{states, transition_button};
use crate::icon::icon;
use crate::labels::Labels;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use crate::visitor::{Anew, FileView, in_house};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::Transition;
use lignaflow_core::record::Record;
use lignaflow_core::sheet::Sheet;
use maud::{Markup, html};

/// A declared page with its blocks' data.
#[derive(Debug, Clone, Copy)]
pub struct BlocksPage<'a> {
    pub title: &'a str,
    pub blocks: &'a [BlockView],
    /// Names of everything that the blocks refer to.
    pub labels: &'a Labels,
    /// The record whose page it is.
    pub record: Option<RecordHead<'a>>,
}

/// The record of a page, with what may be done now.
#[derive(Debug, Clone, Copy)]
pub struct RecordHead<'a> {
    pub schema: &'a Schema,
    pub record: &'a Record,
    pub transitions: &'a [&'a Transition],
    pub tabs: &'a [Tab],
}

/// A sheet on a page of a record, with where the page is asked for with what is ticked in it.
#[derive(Debug, Clone)]
pub struct SheetView {
    pub sheet: Sheet,
    pub files: Vec<FileView>,
    pub address: String,
}

#[derive(Debug, Clone)]
pub enum BlockView {
    Board(BoardView),
    Timeline(TimelineView),
    Calendar(CalendarView),
    Comments(CommentsView),
    Detail(DetailView),
    Download(DownloadView),
    Table(TableView),
    Figure(FigureView),
    Chart(ChartView),
    Lines(Box<lines::LinesView>),
    /// A paragraph; an empty line begins another.
    Text(String),
    Week(Box<WeekView>),
    Timer(TimerView),
    Review(ReviewView),
    /// A form that a route takes.
    Ask(Box<AskView>),
    /// What a route puts together of the record whose page it is.
    Sheet(Box<SheetView>),
    /// Figures with what is asked of them.
    Report(Box<ReportView>),
    /// A block whose data could not be read. The rest of the page stands.
    Failed {
        title: String,
        message: String,
    },
}

pub fn page(shell: &Shell, view: &BlocksPage<'_>) -> Markup {
    let cells = Cells { reader: &shell.reader, labels: view.labels };
    let body = html! {
        @if let Some(of) = view.record { (tabs(view.title, of.tabs)) div class="mt-4" {} }
        (all(view.blocks, cells))
    };
    let Some(head) = view.record else {
        return shell.page(&Head { title: view.title, sheets: &sheets(view.blocks), ..Head::default() }, &body);
    };
    let (schema, record) = (head.schema, head.record);
    let titles = &schema.collection.title;
    let head = Head {
        title: view.title,
        crumbs: vec![
            Crumb { title: &titles.many, href: paths::list(&schema.name) },
            Crumb { title: &titles.one, href: paths::record(&schema.name, record.id) },
        ],
        tag: states(schema, record),
        actions: Some(
            html! { @for transition in head.transitions { (transition_button(schema, record, transition)) } },
        ),
        sheets: &sheets(view.blocks),
    };
    shell.page(&head, &body)
}

/// Blocks, one below the other; figures beside each other.
pub(crate) fn all(blocks: &[BlockView], cells: Cells<'_>) -> Markup {
    html! {
        @for (index, run) in blocks.chunk_by(|a, b| is_figure(a) && is_figure(b)).enumerate() {
            @if is_figure(&run[0]) {
                dl class={ "figures figures-bleed" @if index > 0 { " mt-6" } } {
                    @for block in run { @if let BlockView::Figure(figure) = block { (figure::draw(figure, cells)) } }
                }
            } @else if is_wide(&run[0]) {
                (one(&run[0], cells))
            } @else {
                div class={ "band" @if index > 0 { " mt-6" } } { (one(&run[0], cells)) }
            }
        }
    }
}

/// The sheets that some of the blocks need.
pub(crate) fn sheets(blocks: &[BlockView]) -> Vec<&'static str> {
    let mut sheets = Vec::new();
    let some = |wanted: fn(&BlockView) -> bool| blocks.iter().any(wanted);
    if some(|block| matches!(block, BlockView::Week(_) | BlockView::Review(_))) {
        sheets.push("css/week.css");
    }
    if some(|block| matches!(block, BlockView::Timer(_))) {
        sheets.push("css/phone.css");
    }
    if some(|block| matches!(block, BlockView::Sheet(_))) {
        sheets.push("css/client.css");
    }
    if some(|block| matches!(block, BlockView::Report(_))) {
        sheets.push("css/report.css");
    }
    if some(|block| matches!(block, BlockView::Lines(_))) {
        sheets.push("css/lines.css");
    }
    if some(|block| {
        matches!(
            block,
            BlockView::Board(_)
                | BlockView::Timeline(_)
                | BlockView::Calendar(_)
                | BlockView::Comments(_)
                | BlockView::Detail(_)
        )
    }) {
        sheets.push("css/board.css");
    }
    sheets
}

/// What takes the whole width of the sheet.
const fn is_wide(block: &BlockView) -> bool {
    matches!(block, BlockView::Board(_) | BlockView::Detail(_) | BlockView::Lines(_) | BlockView::Report(_))
}

const fn is_figure(block: &BlockView) -> bool {
    matches!(block, BlockView::Figure(_))
}

/// One block, wherever it stands.
pub(crate) fn one(block: &BlockView, cells: Cells<'_>) -> Markup {
    match block {
        BlockView::Board(board) => board::draw(board, cells),
        BlockView::Timeline(timeline) => timeline::draw(timeline, cells),
        BlockView::Calendar(calendar) => calendar::draw(calendar, cells),
        BlockView::Comments(comments) => comments::draw(comments, cells),
        BlockView::Detail(detail) => detail::draw(detail, cells),
        BlockView::Download(view) => download::draw(view),
        BlockView::Table(table) => table::draw(table, cells),
        BlockView::Chart(chart) => chart::draw(chart, cells),
        BlockView::Lines(view) => lines::draw(view, cells.reader),
        BlockView::Text(text) => crate::collection::record::paragraphs(text),
        BlockView::Week(view) => week::draw(view),
        BlockView::Timer(view) => timer::draw(view, cells.reader),
        BlockView::Review(view) => review::draw(view),
        BlockView::Report(view) => report::draw(view, cells),
        BlockView::Sheet(view) => in_house(&view.sheet, &view.files, &Anew { address: &view.address, by: Some("get") }),
        BlockView::Ask(view) => asking::block(view, cells.reader, cells.labels),
        BlockView::Figure(figure) => html! { dl class="figures" { (figure::draw(figure, cells)) } },
        BlockView::Failed { title, message } => html! {
            section aria-label=(title) {
                div class="row-head" { h2 { (title) } }
                div class="note note-bad" { (icon("alert")) p { (message) } }
            }
        },
    }
}

/// A fragment identifier made of a title.
pub(crate) fn anchor(prefix: &str, title: &str) -> String {
    let slug: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    format!("{prefix}-{slug}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{field_of, labels, shell};
    use lignaflow_core::descriptor::FieldKind;
    use lignaflow_core::value::Value;

    #[test]
    fn figures_in_a_row_share_a_band_and_a_failed_block_leaves_the_rest() {
        let figure = |title: &str, count| {
            BlockView::Figure(FigureView {
                title: title.into(),
                values: vec![Value::Integer(count)],
                field: field_of(FieldKind::Integer),
                href: Some("/projects/projects".into()),
            })
        };
        let blocks = [
            figure("Active", 14),
            figure("Late", 3),
            BlockView::Failed { title: "Hours".into(), message: "The plugin ran out of time.".into() },
            BlockView::Text("One.\n\nTwo.".into()),
            figure("On hold", 0),
        ];
        let labels = labels();
        let html = page(&shell(), &BlocksPage { title: "Overview", blocks: &blocks, labels: &labels, record: None })
            .into_string();
        assert_eq!(html.matches("<dl class=\"figures").count(), 2);
        assert!(html.contains("The plugin ran out of time."));
        assert!(html.contains("<p>One.</p><p>Two.</p>"));
    }
}
