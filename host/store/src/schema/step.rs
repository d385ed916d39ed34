//! What a plan is made of, and how it is told.

use lignaflow_core::name::CollectionName;
use std::fmt;

/// What is to be done, or was, in its order. Empty where the tables are as the catalog asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaPlan {
    pub steps: Vec<SchemaStep>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStep {
    pub collection: CollectionName,
    pub action: SchemaAction,
    /// How many records it is about, of all organizations, where that tells something.
    pub records: Option<u64>,
}

/// Fields by name; indexes and unique rules by the names of their indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaAction {
    CreateCollection,
    /// From this name; all its records come along.
    RenameCollection(String),
    /// It is declared again; its records were kept.
    RestoreCollection,
    /// Its plugin no longer declares it; its records stay.
    KeepCollection,
    AddField(String),
    RenameField {
        from: String,
        to: String,
    },
    /// It is declared again; what it held was kept.
    RestoreField(String),
    /// Another type holds all of it without loss.
    ConvertField {
        field: String,
        change: String,
    },
    /// It has another type now, and no record holds a value that would be lost.
    ReplaceField(String),
    /// Records without a value are given the default of a field that is required now.
    FillField(String),
    /// It is calculated of every record.
    CalculateField(String),
    /// Its records can hold fields that organizations add.
    HoldOwnFields,
    /// Its rules have changed; the columns stay as they are.
    AdjustField(String),
    /// The descriptor no longer has it; what it holds stays.
    KeepField(String),
    RenameChoice {
        field: String,
        from: String,
        to: String,
    },
    AddIndex(String),
    DropIndex(String),
    AddUnique(String),
    DropUnique(String),
    /// Records are given the words that they are found by.
    FillWords,
    /// They are found by the words of these fields.
    IndexWords,
    DropWords,
}

impl SchemaAction {
    /// A word for it that stays the same.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CreateCollection => "create-collection",
            Self::RenameCollection(_) => "rename-collection",
            Self::RestoreCollection => "restore-collection",
            Self::KeepCollection => "keep-collection",
            Self::AddField(_) => "add-field",
            Self::RenameField { .. } => "rename-field",
            Self::RestoreField(_) => "restore-field",
            Self::ConvertField { .. } => "convert-field",
            Self::ReplaceField(_) => "replace-field",
            Self::FillField(_) => "fill-field",
            Self::CalculateField(_) => "calculate-field",
            Self::HoldOwnFields => "hold-own-fields",
            Self::AdjustField(_) => "adjust-field",
            Self::KeepField(_) => "keep-field",
            Self::RenameChoice { .. } => "rename-choice",
            Self::AddIndex(_) => "add-index",
            Self::DropIndex(_) => "drop-index",
            Self::AddUnique(_) => "add-unique",
            Self::DropUnique(_) => "drop-unique",
            Self::FillWords => "fill-words",
            Self::IndexWords => "index-words",
            Self::DropWords => "drop-words",
        }
    }

    /// Whether statements that were prepared before may not fit the tables any more.
    pub(super) const fn changes_columns(&self) -> bool {
        matches!(
            self,
            Self::RenameCollection(_) | Self::RenameField { .. } | Self::ConvertField { .. } | Self::ReplaceField(_)
        )
    }
}

impl SchemaStep {
    fn records(&self) -> String {
        match self.records.unwrap_or_default() {
            1 => "1 record".to_owned(),
            count => format!("{count} records"),
        }
    }

    /// What is done, as a sentence without the collection's name.
    pub fn sentence(&self) -> String {
        use SchemaAction as Do;
        let records = self.records();
        let holds = if self.records == Some(1) { "holds" } else { "hold" };
        match &self.action {
            Do::CreateCollection => "create its table".to_owned(),
            Do::RenameCollection(from) => format!("take over `{from}` under its new name, with {records}"),
            Do::RestoreCollection => format!("bring it back, with {records}"),
            Do::KeepCollection => format!("keep it, which is no longer declared, with {records}"),
            Do::AddField(name) if self.records.unwrap_or_default() > 0 => {
                format!("add the field `{name}`, with its default in {records}")
            }
            Do::AddField(name) => format!("add the field `{name}`"),
            Do::RenameField { from, to } => format!("rename the field `{from}` to `{to}`, with what it holds"),
            Do::RestoreField(name) => format!("bring the field `{name}` back, which {records} {holds} a value in"),
            Do::ConvertField { field, change } => {
                format!("convert the field `{field}` {change} in {records}, without loss")
            }
            Do::ReplaceField(name) => format!("give the field `{name}`, which holds nothing, its new type"),
            Do::FillField(name) => format!("fill `{name}` with its default where it is empty, in {records}"),
            Do::CalculateField(name) => format!("calculate `{name}` of every record"),
            Do::HoldOwnFields => "make room for fields that organizations add".to_owned(),
            Do::AdjustField(name) => format!("take over the new rules of the field `{name}`"),
            Do::KeepField(name) => {
                format!("keep the field `{name}`, which is no longer declared and {records} {holds} a value in")
            }
            Do::RenameChoice { field, from, to } => {
                format!("rename the choice `{from}` of `{field}` to `{to}` in {records}")
            }
            Do::AddIndex(name) => format!("add the index {name}"),
            Do::DropIndex(name) => format!("drop the index {name}"),
            Do::AddUnique(name) => format!("add the unique rule {name}"),
            Do::DropUnique(name) => format!("drop the unique rule {name}"),
            Do::FillWords => "take the words of what is searched".to_owned(),
            Do::IndexWords => "make the index of words".to_owned(),
            Do::DropWords => "drop the index of words".to_owned(),
        }
    }
}

impl fmt::Display for SchemaStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.collection, self.sentence())
    }
}

impl fmt::Display for SchemaPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
