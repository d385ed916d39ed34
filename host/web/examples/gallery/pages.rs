//! Every page, with enough in it to be judged.

use crate::sample::{HOUR, NOW, catalog, choices, descriptor, id, labels, projects, shell, tasks};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Capability, Field, FieldKind, Grants};
use lignaflow_core::error::{Fault, Issue};
use lignaflow_core::name::FieldName;
use lignaflow_core::record::Record;
use lignaflow_core::value::{Currency, Money, Value};
use lignaflow_web::account::{self, AccountPage, Session, Token};
use lignaflow_web::activity::{Actor, Deed, Entry, FieldChange};
use lignaflow_web::admin::{
    self, AsideRow, ConsentPage, Happening, InstallFault, LogLevel, LogLine, LogQuery, Notice, PlanLine, PlanView,
    PluginPage, PluginRow, PluginState, PluginsPage, ShippedRow, Usage, UsedRow, UsedView, VersionRow,
};
use lignaflow_web::blocks::{
    self, Bar, BlockView, BlocksPage, ChartView, FigureView, TableColumn, TableRow, TableView,
};
use lignaflow_web::collection::conflict::{self, ConflictPage, Other};
use lignaflow_web::collection::form::{self, FormPage, Target};
use lignaflow_web::collection::in_place::InPlace;
use lignaflow_web::collection::list::{self, ListPage};
use lignaflow_web::collection::record::{self, RecordPage, Related};
use lignaflow_web::collection::views::ViewBar;
use lignaflow_web::door::{self, SetupPage, SignInPage, Typed};
use lignaflow_web::home::{self, HomePage, Recent, Tally};
use lignaflow_web::message::{self, Message};
use lignaflow_web::navigation::Navigation;
use lignaflow_web::search::{self, Group, Hit, SearchPage};
use lignaflow_web::shell::Undo;
use lignaflow_web::{Draft, Flash, ListQuery, Markup, Shell, Theme};
use std::sync::Arc;

const LIST: &str = "/projects/projects";

pub(crate) fn all() -> Vec<(&'static str, Markup)> {
    vec![
        (
            "sign-in",
            door::sign_in(&SignInPage {
                fault: Some("Email and password do not belong together."),
                email: "ruth@halloran.example",
                ..SignInPage::default()
            }),
        ),
        ("setup", setup()),
        ("home", home()),
        (
            "home-empty",
            home::page(
                &Shell { navigation: Navigation::default(), ..shell("/") },
                &HomePage {
                    steps: &[],
                    may_sample: false,
                    blocks: &[],
                    tallies: &[],
                    recent: &[],
                    labels: &labels(),
                    may_switch: true,
                },
            ),
        ),
        ("list", list("", 9, Some("c1"))),
        (
            "list-filtered",
            list(
                "filter[client]=0190a15d-ac96-774b-bcce-b302099a8037&filter[due][lte]=2026-12-31&sort=-due&filter[status]=active",
                4,
                None,
            ),
        ),
        ("list-empty", list("", 0, None)),
        ("list-none", list("q=oak", 0, None)),
        ("form-new", form_new(&[])),
        (
            "form-issues",
            form_new(&[
                ("name", "Balmain terrace"),
                ("due", "31/11/2026"),
                ("budget", "1,2O4.80"),
                ("effort", "soon"),
                ("members", ""),
            ]),
        ),
        ("form-edit", form_edit()),
        ("form-small", form_small()),
        ("conflict", conflict()),
        ("record", record_page(|_, _| {})),
        ("record-archived", record_page(|record, _| record.archived_at = Some(NOW))),
        (
            "record-locked",
            record_page(|record, schema| {
                if let Some(at) = schema.position("status") {
                    record.values[at] = Value::Text("closed".into());
                }
            }),
        ),
        ("overview", overview()),
        ("account", account_page()),
        ("plugins", plugins(true)),
        ("plugins-member", plugins(false)),
        ("plugin", plugin()),
        ("consent", consent()),
        ("search", search::page(&shell("/search"), &SearchPage { q: "", groups: &[] })),
        ("search-found", search_found()),
        (
            "not-found",
            message::page(&shell("/nowhere"), &Message::not_found().request("0190a15d-ac96-774b-bcce-b302099a8001")),
        ),
        (
            "fault",
            message::alone(
                Theme::System,
                &Message::of(&Fault::internal()).request("0190a15d-ac96-774b-bcce-b302099a8001"),
            ),
        ),
    ]
}

fn schema(name: &str) -> Arc<Schema> {
    let catalog = catalog();
    let name = format!("projects/{name}");
    Arc::clone(catalog.schemas().find(|schema| schema.name.to_string() == name).expect("the sample has it"))
}

fn setup() -> Markup {
    let typed: Typed = [("organization".to_owned(), "Halloran & Beck".to_owned())].into();
    let issues = [Issue::new("/password", "too-short", "At least 12 characters; this has 3")];
    door::setup(&SetupPage {
        theme: Theme::System,
        secret: "s",
        typed: &typed,
        issues: &issues,
        fault: None,
        password_min: 12,
        signing_up: None,
    })
}

fn home() -> Markup {
    let tally = |title: &str, count| Tally { title: title.into(), count, more: false, href: LIST.into() };
    let recent = |label: &str, kind: &str, icon: &str, hours: i64, by: u8| Recent {
        label: label.into(),
        href: LIST.into(),
        kind: kind.into(),
        icon: icon.into(),
        at: NOW - hours * HOUR,
        by: Some(id(by)),
    };
    let flash = Flash {
        text: "Project archived".into(),
        undo: Some(Undo { action: LIST.into(), fields: vec![("~version".into(), "8".into())] }),
    };
    home::page(
        &Shell { flash: Some(flash), ..shell("/") },
        &HomePage {
            steps: &[],
            may_sample: false,
            blocks: &[],
            tallies: &[tally("Projects", 60), tally("Active projects", 14), tally("Clients", 40), tally("Tasks", 412)],
            recent: &[
                recent("Library wall: spray and sand", "Task", "catalog", 1, 102),
                recent("Surry Hills café fit-out", "Project", "job", 2, 101),
                recent("Northlight Advisory", "Client", "people", 27, 103),
                recent("Stair: treads and nosings", "Task", "catalog", 50, 101),
                recent("Balmain terrace", "Project", "job", 24 * 12, 100),
            ],
            labels: &labels(),
            may_switch: true,
        },
    )
}

fn list(query: &str, count: usize, next: Option<&str>) -> Markup {
    let (catalog, schema) = (catalog(), schema("projects"));
    let records: Vec<Record> = projects(&schema).into_iter().take(count).collect();
    let query = ListQuery::of(query.split('&').filter_map(|pair| pair.split_once('=')));
    let in_place = InPlace::default();
    let view = ListPage {
        in_place: &in_place,
        catalog: &catalog,
        schema: &schema,
        records: &records,
        labels: &labels(),
        query: &query,
        choices: &choices(),
        next,
        may_write: true,
        views: &ViewBar::default(),
        deeds: &[],
    };
    list::page(&shell(LIST), &view)
}

fn form_new(typed: &[(&str, &str)]) -> Markup {
    let (schema, shell) = (schema("projects"), shell(LIST));
    let (draft, issues) = if typed.is_empty() {
        (Draft::blank(&schema, Some(id(100)), &shell.reader), Vec::new())
    } else {
        let draft = Draft::posted(&schema, typed.iter().copied());
        let mut issues = draft.read(&schema, &shell.reader).1;
        issues.push(Issue::new("/client", "required", "Client is required."));
        (draft, issues)
    };
    let view = FormPage {
        schema: &schema,
        target: Target::New,
        draft: &draft,
        issues: &issues,
        fault: None,
        choices: &choices(),
        labels: &labels(),
    };
    form::page(&shell, &view)
}

fn form_edit() -> Markup {
    let (schema, shell) = (schema("projects"), shell(LIST));
    let record = projects(&schema).remove(3);
    let draft = Draft::of(&schema, &record, &shell.reader);
    let view = FormPage {
        schema: &schema,
        target: Target::Existing { id: record.id, label: "Cottesloe kitchen" },
        draft: &draft,
        issues: &[],
        fault: Some("A closed project takes no change."),
        choices: &choices(),
        labels: &labels(),
    };
    form::page(&shell, &view)
}

fn form_small() -> Markup {
    let (schema, shell) = (schema("clients"), shell("/projects/clients"));
    let draft = Draft::blank(&schema, None, &shell.reader);
    let view = FormPage {
        schema: &schema,
        target: Target::New,
        draft: &draft,
        issues: &[],
        fault: None,
        choices: &choices(),
        labels: &labels(),
    };
    form::page(&shell, &view)
}

fn conflict() -> Markup {
    let (schema, shell) = (schema("projects"), shell(LIST));
    let before = projects(&schema).remove(5);
    let shown = Draft::of(&schema, &before, &shell.reader);
    let set = |record: &mut Record, name: &str, value: Value| {
        if let Some(at) = schema.position(name) {
            record.values[at] = value;
        }
    };
    let mut mine = before.clone();
    set(&mut mine, "name", Value::Text("Balmain terrace, stair and library".into()));
    let mut current = before.clone();
    set(&mut current, "name", Value::Text("Balmain terrace (Papadakis)".into()));
    set(&mut current, "effort", Value::Integer(340 * 3600));
    set(&mut current, "manager", Value::Reference(id(103)));
    current.version = 8;
    // What a browser would post: the base of the first form, the texts of the second.
    let posted = Draft::of(&schema, &mine, &shell.reader);
    let pairs = form_pairs(&shell, &schema, &shown, &posted);
    let mut draft = Draft::posted(&schema, pairs);
    let moved = draft.rebase(&schema, &current, &shell.reader);
    let labels = labels();
    let choices = choices();
    let form = FormPage {
        schema: &schema,
        target: Target::Existing { id: current.id, label: "Balmain terrace (Papadakis)" },
        draft: &draft,
        issues: &[],
        fault: None,
        choices: &choices,
        labels: &labels,
    };
    let other = Some(Other { name: "Daniel Okafor", at: NOW - HOUR / 6 });
    conflict::page(&shell, &ConflictPage { form, current: &current, moved: &moved, other })
}

/// Reads the controls of a rendered form back, as a browser would send them.
fn form_pairs(shell: &Shell, schema: &Schema, shown: &Draft, typed: &Draft) -> Vec<(String, String)> {
    let texts = |draft: &Draft| -> Vec<(String, String)> {
        let (choices, labels) = (choices(), labels());
        let view = FormPage {
            schema,
            target: Target::New,
            draft,
            issues: &[],
            fault: None,
            choices: &choices,
            labels: &labels,
        };
        let html = form::page(shell, &view).into_string();
        let base =
            html.split("name=\"~base\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        vec![("~base".to_owned(), base.replace("&quot;", "\"").replace("&amp;", "&"))]
    };
    let base = texts(shown);
    let typed = texts(typed);
    let values: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&typed[0].1).expect("a draft of a record carries its texts");
    base.into_iter().chain(values).collect()
}

fn record_page(change: impl FnOnce(&mut Record, &Schema)) -> Markup {
    let (catalog, schema, task_schema) = (catalog(), schema("projects"), schema("tasks"));
    let mut record = projects(&schema).remove(5);
    change(&mut record, &schema);
    let tasks = tasks(&task_schema);
    let via: FieldName = "project".parse().expect("a field's name");
    let transitions = record::transitions(&schema, &record, |_| true);
    let entry = |hours: i64, by: u8, deed: Deed, changes: Vec<FieldChange>| Entry {
        at: NOW - hours * HOUR,
        actor: Actor::Person(id(by)),
        through: None,
        deed,
        changes,
        version: 1,
    };
    let change = |field: &str, before: Value, after: Value| FieldChange { field: field.into(), before, after };
    let activity = [
        entry(
            1,
            102,
            Deed::Changed,
            vec![
                change("due", Value::Date(20_783), Value::Date(20_798)),
                change("effort", Value::Integer(300 * 3600), Value::Integer(317 * 3600)),
            ],
        ),
        entry(
            26,
            100,
            Deed::Transition("start".into()),
            vec![change("status", Value::Text("draft".into()), Value::Text("active".into()))],
        ),
        entry(27, 100, Deed::Changed, vec![change("manager", Value::Reference(id(100)), Value::Reference(id(102)))]),
        Entry { through: Some("Estimates".into()), ..entry(24 * 40, 100, Deed::Made, Vec::new()) },
    ];
    let view = RecordPage {
        catalog: &catalog,
        schema: &schema,
        record: &record,
        labels: &labels(),
        may_write: true,
        locked_whole: None,
        transitions: &transitions,
        related: &[Related { schema: &task_schema, via: &via, records: &tasks, more: true }],
        tabs: &[],
        activity: &activity,
        fault: None,
    };
    record::page(&shell(LIST), &view)
}

fn overview() -> Markup {
    let money = Field::bare(FieldKind::Money);
    let count = Field::bare(FieldKind::Integer);
    let figure = |title: &str, field: &Field, values: Vec<Value>| {
        BlockView::Figure(FigureView { title: title.into(), values, field: field.clone(), href: Some(LIST.into()) })
    };
    let bar = |label: &str, value: i64| Bar {
        label: label.into(),
        value: Value::Integer(value),
        href: Some(LIST.into()),
        parts: Vec::new(),
    };
    let project_schema = schema("projects");
    let names = ["name", "client", "status", "due", "budget"];
    let columns: Vec<TableColumn> = names
        .iter()
        .filter_map(|name| project_schema.field(name))
        .map(|field| TableColumn {
            title: lignaflow_core::descriptor::humanize(field.name.as_str()),
            field: field.field.clone(),
            to: field.to.clone(),
            state: field.name.as_str() == "status",
        })
        .collect();
    let rows = projects(&project_schema)
        .iter()
        .take(5)
        .map(|record| TableRow {
            href: Some(LIST.into()),
            values: names.iter().filter_map(|name| record.get(&project_schema, name).cloned()).collect(),
        })
        .collect();
    let aud = |minor| Value::Money(Money { minor, currency: Currency::AUD });
    let nzd = Value::Money(Money { minor: 5_830_000, currency: "NZD".parse().unwrap_or(Currency::AUD) });
    let blocks = [
        figure("Active projects", &count, vec![Value::Integer(14)]),
        figure("Late", &count, vec![Value::Integer(3)]),
        figure("Budget of active ones", &money, vec![aud(56_852_000), nzd]),
        figure("Budget of drafts", &money, vec![]),
        BlockView::Text("Dates and states of everything that is not closed. A figure opens its records.".into()),
        BlockView::Chart(ChartView {
            title: "Projects by state".into(),
            group: "State".into(),
            measure: "Projects".into(),
            field: count.clone(),
            over_time: false,
            kind: lignaflow_core::descriptor::ChartKind::Donut,
            said: None,
            series: Vec::new(),
            bars: vec![bar("Draft", 6), bar("Active", 14), bar("On hold", 2), bar("Completed", 9), bar("Closed", 27)],
        }),
        BlockView::Chart(ChartView {
            title: "Projects by month of start".into(),
            group: "Month".into(),
            measure: "Projects".into(),
            field: count,
            over_time: true,
            kind: lignaflow_core::descriptor::ChartKind::Area,
            said: None,
            series: Vec::new(),
            bars: ["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
                .iter()
                .zip([3, 1, 4, 6, 5, 5, 2, 7, 9, 6, 8, 4])
                .map(|(month, count)| bar(month, count))
                .collect(),
        }),
        BlockView::Table(TableView {
            title: "Due next".into(),
            columns,
            rows,
            all: Some(LIST.into()),
            empty: "Nothing is due.".into(),
        }),
        BlockView::Failed {
            title: "Hours".into(),
            message: "The plugin took too long to answer. The rest of the page stands.".into(),
        },
    ];
    blocks::page(
        &shell("/projects/-/overview"),
        &BlocksPage { title: "Overview", blocks: &blocks, labels: &labels(), record: None },
    )
}

fn account_page() -> Markup {
    let token = |name: &str, scope: &str, expires: Option<i64>, used: Option<i64>, expired| Token {
        id: name.into(),
        name: name.into(),
        scope: scope.into(),
        created_at: NOW - 30 * 24 * HOUR,
        expires_at: expires.map(|hours| NOW + hours * HOUR),
        last_used_at: used.map(|hours| NOW - hours * HOUR),
        expired,
    };
    let session = |device: &str, address: &str, hours: i64, current| Session {
        id: device.into(),
        device: device.into(),
        address: address.into(),
        last_seen_at: NOW - hours * HOUR,
        current,
    };
    let view = AccountPage {
        by_pin: false,
        locale: "",
        time_zone: "",
        tokens: &[
            token("Payroll export", "Read only", Some(24 * 60), Some(2), false),
            token("Old importer", "Everything you may", Some(-24 * 5), None, true),
        ],
        sessions: &[
            session("Firefox on Linux", "203.0.113.7", 0, true),
            session("Safari on iPhone", "198.51.100.23", 20, false),
        ],
        made: Some(("Payroll export", "lf_5hJ2mQ8wZr4tYx1cVb7nK3pLs9dFg6aEuTiO0yRq2mW")),
        scopes: &[("all", "Everything you may"), ("read", "Read only")],
        token_name: "",
        issues: &[Issue::new("/current", "wrong", "This is not your password now")],
        fault: None,
        password_min: 12,
    };
    account::page(&shell("/account"), &view)
}

fn usage(peak: u32, faults: u32) -> Usage {
    const DAY: [u32; 24] = [0, 0, 0, 0, 0, 3, 6, 10, 7, 8, 5, 5, 7, 9, 5, 5, 4, 2, 1, 1, 0, 0, 0, 0];
    Usage {
        hours: DAY
            .iter()
            .enumerate()
            .map(|(hour, share)| (share * peak / 10, if hour == 9 || hour == 11 { faults } else { 0 }))
            .collect(),
        p95_ms: Some(6),
    }
}

fn rows() -> Vec<PluginRow> {
    let row = |id: &str, title: &str, version: &str, description: &str, state, usage| PluginRow {
        id: id.into(),
        title: title.into(),
        version: version.into(),
        description: description.into(),
        state,
        usage,
        carrying: None,
    };
    vec![
        row("projects", "Projects", "0.4.1", "Clients, projects and tasks", PluginState::Running, Some(usage(900, 0))),
        row("estimates", "Estimates", "0.4.0", "Quotes that foot", PluginState::Running, Some(usage(400, 0))),
        row("timesheets", "Timesheets", "0.5.0", "Hours", PluginState::Asks, None),
        row(
            "ledger-export",
            "Ledger export",
            "0.3.0",
            "Anvil Software",
            PluginState::SetAside("POST /export".into()),
            Some(usage(60, 40)),
        ),
        row("site-diary", "Site diary", "0.2.1", "", PluginState::Off { since: Some(NOW - 17 * 24 * HOUR) }, None),
        row(
            "broken",
            "Plant register",
            "1.2.0",
            "",
            PluginState::Failed("It asks for `mail`, which nobody granted.".into()),
            None,
        ),
    ]
}

fn plugins(administrator: bool) -> Markup {
    let happening =
        |hours: i64, actor: Option<Actor>, text: &str| Happening { at: NOW - hours * HOUR, actor, text: text.into() };
    let issues = [
        Issue::new("/collections[0].fields.name", "shape", "line 12: unknown key `typ`; did you mean `type`?"),
        Issue::new("/grants.read[0]", "grant", "line 4: `projects` is not plugin/collection or plugin/*"),
    ];
    let view = PluginsPage {
        plugins: &rows(),
        notices: &[Notice {
            about: "Ledger export".into(),
            text: "failed 21 times for 3 people since 9:10. Its route POST /export is set aside; the rest runs.".into(),
            href: Some("/admin/plugins/ledger-export#log".into()),
        }],
        history: &[
            happening(4, None, "Ledger export: POST /export was set aside by itself"),
            happening(26, Some(Actor::Person(id(100))), "installed Ledger export 0.3.0"),
            happening(24 * 17, Some(Actor::Person(id(103))), "switched Site diary off"),
        ],
        labels: &labels(),
        may_switch: true,
        may_install: administrator,
        max_bytes: 32_000_000,
        shipped: &[ShippedRow {
            id: "reporting".into(),
            title: "Reporting".into(),
            version: "0.3.0".into(),
            description: "Hours, unbilled work, utilisation and profit.".into(),
            installed: None,
        }],
        left: &["plant".to_owned()],
        fault: administrator.then_some(InstallFault {
            message: "plant.wasm is not installed: its descriptor has two faults.",
            issues: &issues,
        }),
    };
    admin::plugins(&shell("/admin/plugins"), &view)
}

fn plugin() -> Markup {
    let (descriptor, catalog) = (descriptor(), catalog());
    let granted = Grants { interfaces: vec![Capability::Records], ..Grants::default() };
    let asks = admin::asks(&descriptor.grants, &granted);
    let row = PluginRow { state: PluginState::Running, ..rows().remove(0) };
    let line = |hours: i64, level, message: &str| LogLine {
        at: NOW - hours * HOUR,
        level,
        message: message.into(),
        request_id: Some("0190a15d-ac96-774b-bcce-b302099a8001".into()),
    };
    let log = [
        line(1, LogLevel::Info, "copied project P-0228 to P-0241, 20 tasks, shifted by 35 days"),
        line(2, LogLevel::Warn, "asked for progress of a project without tasks"),
        line(30, LogLevel::Error, "panicked at src/plan.rs:41: attempt to subtract with overflow"),
    ];
    let hours: Vec<UsedRow> = (0..24_i64)
        .map(|hour| UsedRow {
            since: NOW - (23 - hour) * HOUR,
            version: "0.2.0".into(),
            calls: 12 + (hour.unsigned_abs() * 37) % 180,
            refused: hour.unsigned_abs() % 7,
            faults: u64::from(hour % 9 == 0),
            turned_away: u64::from(hour % 11 == 0),
            outcomes: vec![("answered", (hour.unsigned_abs() * 37) % 180)],
            instances: 1 + hour.unsigned_abs() % 5,
            within: Some([900, 4_200 + (hour.unsigned_abs() * 310) % 3_000, 12_000]),
            cpu: 120_000,
            memory: 1_600_000,
            rows: 900,
            bytes: 120_000,
            denied: u64::from(hour == 20),
        })
        .collect();
    let day = UsedRow {
        calls: hours.iter().map(|hour| hour.calls).sum(),
        faults: hours.iter().map(|hour| hour.faults).sum(),
        rows: hours.iter().map(|hour| hour.rows).sum(),
        denied: 1,
        ..hours[20].clone()
    };
    let used = UsedView {
        rows: hours.iter().rev().cloned().collect(),
        day,
        hours,
        versions: vec!["0.1.0".into(), "0.2.0".into()],
        version: None,
    };
    let asides = [AsideRow {
        kind: "route".into(),
        name: "progress".into(),
        fault: "the plugin used up its computing time".into(),
        since: NOW - HOUR,
        everywhere: true,
    }];
    let version = |version: &str, digest: &str, in_use: bool| VersionRow {
        version: version.into(),
        digest: digest.into(),
        installed_at: NOW,
        in_use,
    };
    let versions = [version("0.2.0", "7f3a91c2e04d55aa", true), version("0.1.0", "11c09be2a7d0f3e4", false)];
    let view = PluginPage {
        asked: &[],
        may_consent: true,
        row: &row,
        descriptor: &descriptor,
        catalog: &catalog,
        asks: &asks,
        versions: &versions,
        bounds: &lignaflow_core::allowance::PluginBounds::default(),
        size: Some(412_300),
        digest: Some("7f3a91c2e04d"),
        counts: &[60, 40, 412],
        log: &log,
        log_query: &LogQuery::default(),
        used: &used,
        granted_version: 7,
        asides: &asides,
        may_switch: true,
        may_install: true,
        fault: None,
        needs: &[],
    };
    admin::plugin(&shell("/admin/plugins/projects"), &view)
}

fn consent() -> Markup {
    let (before, mut after) = (descriptor(), descriptor());
    after.version = "0.2.0".into();
    after.grants.read = vec!["estimates/acceptances".into()];
    after.collections[0].fields.insert("trade".parse().expect("a field's name"), Field::bare(FieldKind::Text));
    after.collections[0].fields.shift_remove("markup");
    after.routes.remove(1);
    let granted = before.grants.clone();
    let step = |sentence: &str| PlanLine { collection: "projects/projects".into(), sentence: sentence.into() };
    let plan = PlanView {
        steps: vec![
            step("add the field `trade`"),
            step("keep the field `markup`, which is no longer declared and 37 records hold a value in"),
        ],
        ..PlanView::default()
    };
    let view = ConsentPage {
        switch_on: Some(true),
        descriptor: &after,
        installed: Some((&before, &granted)),
        plan: &plan,
        size: 412_300,
        digest: "7f3a91c2e04d",
        action: "/admin/plugins/install/confirm",
        hidden: &[("digest".into(), "7f3a91c2e04d".into())],
        back: false,
        fault: None,
    };
    admin::consent(&shell("/admin/plugins"), &view)
}

fn search_found() -> Markup {
    let hit =
        |label: &str, hint: &str| Hit { label: label.into(), href: LIST.into(), hint: hint.into(), snippet: None };
    let groups = [
        Group {
            title: "Projects".into(),
            icon: "job".into(),
            hits: vec![hit("Balmain terrace", "P-0228"), hit("Balgowlah pool house", "P-0237")],
            more: Some(LIST.into()),
        },
        Group {
            title: "Tasks".into(),
            icon: "catalog".into(),
            hits: vec![hit("Balustrade: sand and oil", "Balmain terrace")],
            more: None,
        },
    ];
    search::page(&shell("/search?q=bal"), &SearchPage { q: "bal", groups: &groups })
}
