//! The old system's tables: which columns are read of them, and rows as what they mean. A cell that cannot be read is told
//! with its table, row and column.

use crate::number::Fine;
use crate::report::{Report, Weight};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What is read, each table with its columns; the first is its key.
pub const WANTED: &[(&str, &[&str])] = &[
    (
        USERS,
        &[
            "id",
            "email",
            "username",
            "first_name",
            "last_name",
            "company_name",
            "role",
            "is_active",
            "is_superuser",
            "date_joined",
            "profile_image",
        ],
    ),
    (
        MATERIALS,
        &["id", "material_name", "supplier", "category", "unit", "cost_per_unit", "created_at", "created_by_id"],
    ),
    (COMPONENTS, &["id", "component_name", "description", "base_price", "created_at", "created_by_id"]),
    (COMPONENT_MATERIALS, &["id", "quantity", "component_id", "material_id", "created_at"]),
    (DEFAULTS, &["id", "name", "description", "category", "created_at", "created_by_id"]),
    (DEFAULT_COMPONENTS, &["id", "quantity", "component_id", "estimate_default_id", "created_at"]),
    (
        ESTIMATES,
        &[
            "id",
            "serial_number",
            "estimate_number",
            "client_name",
            "project_name",
            "status",
            "estimate_date",
            "end_date",
            "targeted_rooms",
            "image_1",
            "image_2",
            "profit_margin",
            "income_tax",
            "notes",
            "items",
            "created_at",
            "updated_at",
            "created_by_id",
        ],
    ),
    (
        PROJECTS,
        &[
            "id",
            "project_name",
            "client_name",
            "description",
            "status",
            "creating_date",
            "start_date",
            "end_date",
            "total_amount",
            "estimated_cost",
            "rooms",
            "created_at",
            "assigned_to_id",
            "created_by_id",
            "estimate_id",
        ],
    ),
    (
        TASKS,
        &[
            "id",
            "task_name",
            "description",
            "room",
            "status",
            "priority",
            "phase",
            "start_date",
            "due_date",
            "created_at",
            "assigned_employee_id",
            "project_id",
        ],
    ),
    (TIMERS, &["id", "work_date", "start_time", "end_time", "duration_seconds", "is_active", "employee_id", "task_id"]),
    (
        ATTENDANCE,
        &["id", "date", "entry_time", "exit_time", "total_working_time", "attendance", "created_at", "user_id"],
    ),
    (DOCUMENTS, &["id", "document_name", "file", "project_id"]),
    (INVITATIONS, &["id", "is_used"]),
];

pub(crate) const USERS: &str = "authentication_user";
pub(crate) const MATERIALS: &str = "admindashboard_material";
pub(crate) const COMPONENTS: &str = "admindashboard_component";
pub(crate) const COMPONENT_MATERIALS: &str = "admindashboard_componentmaterialquantity";
pub(crate) const DEFAULTS: &str = "admindashboard_estimatedefaults";
pub(crate) const DEFAULT_COMPONENTS: &str = "admindashboard_componentestimatequantity";
pub(crate) const ESTIMATES: &str = "estimator_estimate";
pub(crate) const PROJECTS: &str = "Project_manager_project";
pub(crate) const TASKS: &str = "Project_manager_task";
pub(crate) const TIMERS: &str = "emopye_tasktimer";
pub(crate) const ATTENDANCE: &str = "timesheet_timeentry";
pub(crate) const DOCUMENTS: &str = "Project_manager_projectdocument";
const INVITATIONS: &str = "authentication_invitation";

/// Rows of one table, as they were read.
pub type Rows = Vec<Vec<Option<String>>>;

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) company: Option<String>,
    pub(crate) role: String,
    pub(crate) active: bool,
    pub(crate) superuser: bool,
    /// The path of their portrait.
    pub(crate) portrait: Option<String>,
    pub(crate) joined: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Material {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) supplier: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) cost: Fine,
    pub(crate) at: Option<Timestamp>,
    pub(crate) by: Option<i64>,
}

/// A component, or an estimate default.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) price: Fine,
    pub(crate) at: Option<Timestamp>,
    pub(crate) by: Option<i64>,
}

/// How much of one thing is in another.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) id: i64,
    pub(crate) of: i64,
    pub(crate) which: i64,
    pub(crate) quantity: Fine,
    pub(crate) at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    pub(crate) id: i64,
    pub(crate) serial: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) client: String,
    pub(crate) project: String,
    pub(crate) status: String,
    pub(crate) day: Option<Date>,
    pub(crate) until: Option<Date>,
    pub(crate) rooms: Vec<String>,
    /// What the old called margin and is put on top of the cost, in basis points.
    pub(crate) markup: i64,
    pub(crate) tax: i64,
    pub(crate) notes: Option<String>,
    pub(crate) items: Vec<Json>,
    /// Paths of pictures, by their columns.
    pub(crate) pictures: [Option<String>; 2],
    pub(crate) at: Option<Timestamp>,
    pub(crate) changed: Option<Timestamp>,
    pub(crate) by: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) client: String,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) made: Option<Date>,
    pub(crate) start: Option<Date>,
    pub(crate) end: Option<Date>,
    pub(crate) total: Option<Fine>,
    pub(crate) cost: Option<Fine>,
    pub(crate) rooms: Vec<String>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) manager: Option<i64>,
    pub(crate) by: Option<i64>,
    pub(crate) estimate: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) room: Option<String>,
    pub(crate) status: String,
    pub(crate) priority: String,
    pub(crate) phase: Option<String>,
    pub(crate) start: Option<Date>,
    pub(crate) due: Option<Date>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) assignee: Option<i64>,
    pub(crate) project: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Timer {
    pub(crate) id: i64,
    pub(crate) day: Option<Date>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) seconds: i64,
    pub(crate) employee: Option<i64>,
    pub(crate) task: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Attendance {
    pub(crate) id: i64,
    pub(crate) day: Option<Date>,
    pub(crate) entry: Option<Time>,
    pub(crate) exit: Option<Time>,
    pub(crate) total: Option<i64>,
    pub(crate) said: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) user: Option<i64>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Old {
    pub(crate) users: Vec<User>,
    pub(crate) materials: Vec<Material>,
    pub(crate) components: Vec<Made>,
    pub(crate) component_materials: Vec<Part>,
    pub(crate) defaults: Vec<Made>,
    pub(crate) default_components: Vec<Part>,
    pub(crate) estimates: Vec<Estimate>,
    pub(crate) projects: Vec<Project>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) attendance: Vec<Attendance>,
    pub(crate) documents: Vec<Document>,
    pub(crate) invitations: usize,
    /// The first project of each estimate, by their places.
    of_estimates: BTreeMap<i64, usize>,
}

/// A file of a project.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Its path in the folder of uploads.
    pub(crate) file: String,
    pub(crate) project: Option<i64>,
}

/// The row of a table with that key; rows are in its order.
fn with<T>(rows: &[T], id: i64, key: impl Fn(&T) -> i64) -> Option<&T> {
    rows.binary_search_by_key(&id, key).ok().map(|at| &rows[at])
}

/// One row on its way to be understood.
struct Row<'a> {
    table: &'static str,
    columns: &'static [&'static str],
    cells: &'a [Option<String>],
    report: &'a mut Report,
}

impl Row<'_> {
    /// What stands in a column, without the space around it; nothing where that is nothing.
    fn text(&self, column: &str) -> Option<String> {
        let at = self.columns.iter().position(|name| *name == column)?;
        let text = self.cells.get(at)?.as_deref()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn read<T>(&mut self, column: &'static str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(column)?;
        let read = parse(&text);
        if read.is_none() {
            let row = self.text("id").unwrap_or_default();
            let shown: String = text.chars().take(60).collect();
            self.report.find(Weight::Left, self.table, row, column, format!("`{shown}` is not {what}"));
        }
        read
    }

    fn id(&mut self) -> Option<i64> {
        self.number("id")
    }

    fn number(&mut self, column: &'static str) -> Option<i64> {
        self.read(column, "a whole number", |text| text.parse().ok())
    }

    fn fine(&mut self, column: &'static str) -> Option<Fine> {
        self.read(column, "a figure", Fine::of)
    }

    fn date(&mut self, column: &'static str) -> Option<Date> {
        self.read(column, "a date", |text| text.parse().ok())
    }

    fn time(&mut self, column: &'static str) -> Option<Time> {
        self.read(column, "a time of day", |text| text.parse().ok())
    }

    fn instant(&mut self, column: &'static str) -> Option<Timestamp> {
        self.read(column, "a moment", |text| text.parse().ok())
    }

    fn yes(&self, column: &str) -> bool {
        self.text(column).as_deref() == Some("true")
    }

    fn list(&mut self, column: &'static str) -> Vec<Json> {
        self.read(column, "a list", |text| match serde_json::from_str(text) {
            Ok(Json::Array(list)) => Some(list),
            Ok(Json::Null) => Some(Vec::new()),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// Names in a list, each once.
    fn names(&mut self, column: &'static str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for one in self.list(column) {
            // Some are kept as {"name": …}.
            let name = one.as_str().or_else(|| one["name"].as_str()).map(str::trim).filter(|name| !name.is_empty());
            if let Some(name) = name
                && !names.iter().any(|other| other.eq_ignore_ascii_case(name))
            {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// `9:00:00`, `1 day 02:00:00`, `-16:00:00`, as PostgreSQL writes an interval, in seconds.
fn interval(text: &str) -> Option<i64> {
    let (days, clock) = match text.split_once(" day") {
        Some((days, rest)) => (days.parse::<i64>().ok()?, rest.trim_start_matches('s').trim()),
        None => (0, text),
    };
    let mut seconds = 0;
    if !clock.is_empty() {
        let (sign, clock) = match clock.strip_prefix('-') {
            Some(clock) => (-1, clock),
            None => (1, clock),
        };
        let mut parts = clock.split(':');
        let (hours, minutes) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
        let rest = parts.next().unwrap_or("0").split('.').next()?.parse::<i64>().ok()?;
        seconds = sign * (hours * 3_600 + minutes * 60 + rest);
    }
    Some(days * 86_400 + seconds)
}

impl Old {
    pub(crate) fn user(&self, id: i64) -> Option<&User> {
        with(&self.users, id, |row| row.id)
    }

    pub(crate) fn material(&self, id: i64) -> Option<&Material> {
        with(&self.materials, id, |row| row.id)
    }

    pub(crate) fn component(&self, id: i64) -> Option<&Made> {
        with(&self.components, id, |row| row.id)
    }

    pub(crate) fn estimate_default(&self, id: i64) -> Option<&Made> {
        with(&self.defaults, id, |row| row.id)
    }

    pub(crate) fn estimate(&self, id: i64) -> Option<&Estimate> {
        with(&self.estimates, id, |row| row.id)
    }

    pub(crate) fn project(&self, id: i64) -> Option<&Project> {
        with(&self.projects, id, |row| row.id)
    }

    pub(crate) fn task(&self, id: i64) -> Option<&Task> {
        with(&self.tasks, id, |row| row.id)
    }

    /// What an estimate became; of several the first.
    pub(crate) fn project_of(&self, estimate: i64) -> Option<&Project> {
        self.of_estimates.get(&estimate).map(|at| &self.projects[*at])
    }

    /// Of what was read of [`WANTED`], table by table.
    pub(crate) fn of(read: Vec<Rows>, report: &mut Report) -> Self {
        let tables: BTreeMap<&str, Rows> = WANTED.iter().map(|(table, _)| *table).zip(read).collect();
        let mut old = Self::default();
        each(&tables, USERS, report, |row| {
            let id = row.id()?;
            let email = row.text("email").unwrap_or_default().to_lowercase();
            let parts = [row.text("first_name"), row.text("last_name")];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
            let local = email.split('@').next().unwrap_or_default().to_owned();
            let other = row.text("username").filter(|name| !name.contains('@')).unwrap_or(local);
            old.users.push(User {
                id,
                name: if name.is_empty() { other } else { name },
                email,
                company: row.text("company_name"),
                role: row.text("role").unwrap_or_default(),
                active: row.yes("is_active"),
                superuser: row.yes("is_superuser"),
                portrait: row.text("profile_image"),
                joined: row.instant("date_joined"),
            });
            Some(())
        });
        each(&tables, MATERIALS, report, |row| {
            old.materials.push(Material {
                id: row.id()?,
                name: row.text("material_name").unwrap_or_else(|| "(without a name)".to_owned()),
                supplier: row.text("supplier"),
                category: row.text("category"),
                unit: row.text("unit"),
                cost: row.fine("cost_per_unit").unwrap_or_default(),
                at: row.instant("created_at"),
                by: row.number("created_by_id"),
            });
            Some(())
        });
        each(&tables, COMPONENTS, report, |row| {
            old.components.push(made(row, "component_name")?);
            Some(())
        });
        each(&tables, DEFAULTS, report, |row| {
            old.defaults.push(made(row, "name")?);
            Some(())
        });
        each(&tables, COMPONENT_MATERIALS, report, |row| {
            old.component_materials.push(part(row, "component_id", "material_id")?);
            Some(())
        });
        each(&tables, DEFAULT_COMPONENTS, report, |row| {
            old.default_components.push(part(row, "estimate_default_id", "component_id")?);
            Some(())
        });
        each(&tables, ESTIMATES, report, |row| {
            old.estimates.push(estimate(row)?);
            Some(())
        });
        each(&tables, PROJECTS, report, |row| {
            old.projects.push(project(row)?);
            Some(())
        });
        each(&tables, TASKS, report, |row| {
            old.tasks.push(task(row)?);
            Some(())
        });
        each(&tables, TIMERS, report, |row| {
            old.timers.push(Timer {
                id: row.id()?,
                day: row.date("work_date"),
                start: row.instant("start_time"),
                end: row.instant("end_time"),
                seconds: row.number("duration_seconds").unwrap_or(0),
                employee: row.number("employee_id"),
                task: row.number("task_id"),
            });
            Some(())
        });
        each(&tables, ATTENDANCE, report, |row| {
            old.attendance.push(Attendance {
                id: row.id()?,
                day: row.date("date"),
                entry: row.time("entry_time"),
                exit: row.time("exit_time"),
                total: row.read("total_working_time", "a length of time", interval),
                said: row.text("attendance").unwrap_or_default(),
                at: row.instant("created_at"),
                user: row.number("user_id"),
            });
            Some(())
        });
        for (at, project) in old.projects.iter().enumerate() {
            if let Some(estimate) = project.estimate {
                old.of_estimates.entry(estimate).or_insert(at);
            }
        }
        each(&tables, DOCUMENTS, report, |row| {
            old.documents.push(Document {
                id: row.id()?,
                name: row.text("document_name").unwrap_or_default(),
                file: row.text("file").unwrap_or_default(),
                project: row.number("project_id"),
            });
            Some(())
        });
        each(&tables, INVITATIONS, report, |row| {
            old.invitations += usize::from(!row.yes("is_used"));
            Some(())
        });
        old
    }
}

/// Every row of a table that has a key.
fn each(
    tables: &BTreeMap<&str, Rows>,
    table: &'static str,
    report: &mut Report,
    mut of: impl FnMut(&mut Row<'_>) -> Option<()>,
) {
    let columns = WANTED.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| *columns);
    for cells in tables.get(table).into_iter().flatten() {
        of(&mut Row { table, columns, cells, report });
    }
}

fn made(row: &mut Row<'_>, name: &'static str) -> Option<Made> {
    Some(Made {
        id: row.id()?,
        name: row.text(name).unwrap_or_else(|| "(without a name)".to_owned()),
        description: row.text("description"),
        category: row.text("category"),
        price: row.fine("base_price").unwrap_or_default(),
        at: row.instant("created_at"),
        by: row.number("created_by_id"),
    })
}

fn part(row: &mut Row<'_>, of: &'static str, part: &'static str) -> Option<Part> {
    Some(Part {
        id: row.id()?,
        of: row.number(of)?,
        which: row.number(part)?,
        quantity: row.fine("quantity").unwrap_or(Fine::ONE),
        at: row.instant("created_at"),
    })
}

fn estimate(row: &mut Row<'_>) -> Option<Estimate> {
    Some(Estimate {
        id: row.id()?,
        serial: row.text("serial_number"),
        number: row.text("estimate_number"),
        client: row.text("client_name").unwrap_or_default(),
        project: row.text("project_name").unwrap_or_default(),
        status: row.text("status").unwrap_or_default(),
        day: row.date("estimate_date"),
        until: row.date("end_date"),
        rooms: row.names("targeted_rooms"),
        markup: row.fine("profit_margin").unwrap_or_default().basis_points(),
        tax: row.fine("income_tax").unwrap_or_default().basis_points(),
        notes: row.text("notes"),
        items: row.list("items"),
        pictures: [row.text("image_1"), row.text("image_2")],
        at: row.instant("created_at"),
        changed: row.instant("updated_at"),
        by: row.number("created_by_id"),
    })
}

fn project(row: &mut Row<'_>) -> Option<Project> {
    Some(Project {
        id: row.id()?,
        name: row.text("project_name").unwrap_or_default(),
        client: row.text("client_name").unwrap_or_default(),
        description: row.text("description"),
        status: row.text("status").unwrap_or_default(),
        made: row.date("creating_date"),
        start: row.date("start_date"),
        end: row.date("end_date"),
        total: row.fine("total_amount"),
        cost: row.fine("estimated_cost"),
        rooms: row.names("rooms"),
        at: row.instant("created_at"),
        manager: row.number("assigned_to_id"),
        by: row.number("created_by_id"),
        estimate: row.number("estimate_id"),
    })
}

fn task(row: &mut Row<'_>) -> Option<Task> {
    Some(Task {
        id: row.id()?,
        name: row.text("task_name").unwrap_or_default(),
        description: row.text("description"),
        room: row.text("room"),
        status: row.text("status").unwrap_or_default(),
        priority: row.text("priority").unwrap_or_default(),
        phase: row.text("phase"),
        start: row.date("start_date"),
        due: row.date("due_date"),
        at: row.instant("created_at"),
        assignee: row.number("assigned_employee_id"),
        project: row.number("project_id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_postgresql_writes_them() {
        for (text, seconds) in
            [("09:00:00", 32_400), ("1 day 02:00:00", 93_600), ("-16:00:00", -57_600), ("2 days", 172_800)]
        {
            assert_eq!(interval(text), Some(seconds), "{text}");
        }
        assert_eq!(interval("P1D"), None);
    }

    #[test]
    fn a_cell_that_cannot_be_read_is_told_with_its_place() {
        let mut report = Report::default();
        let mut rows: Vec<Rows> = vec![Vec::new(); WANTED.len()];
        let cells = ["7", "Board", "", "", "sheet", "dear", "2025-01-01 00:00:00+00", ""];
        rows[1].push(cells.iter().map(|cell| Some((*cell).to_owned())).collect());
        let old = Old::of(rows, &mut report);
        assert_eq!((old.materials.len(), old.materials[0].cost), (1, Fine(0)));
        let found = &report.findings[0];
        assert_eq!((found.table, found.row.as_str(), found.column), (MATERIALS, "7", "cost_per_unit"));
    }
}
