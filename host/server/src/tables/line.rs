//! What the reading process says: first the shape, then the rows, then that it has come to the end; or why it could not.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    Shape(Shape),
    /// The row's number as a spreadsheet shows it, from 1, the heads among them; and its cells, as many as there are heads.
    Row(u32, Vec<String>),
    End,
    Unreadable {
        code: String,
        message: String,
    },
}

/// What kind of file it is, and its heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// `csv` or `xlsx`.
    pub format: String,
    /// Of CSV, such as `UTF-8` or `windows-1252`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Of CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Of a workbook, the sheet that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    pub heads: Vec<String>,
}
