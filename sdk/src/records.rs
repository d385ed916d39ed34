//! The organization's records: the only way to data. What is read is remembered, and re-checked when the writes of the
//! call are carried out: where it has changed, the plugin is called again. Needs the grant `interfaces = ["records"]`.

use crate::values::{Row, Rows};
use crate::{Authority, Fault, Fields, Id, Page, Selection, Summary};

/// The named fields of one record, on the plugin's own rights; `None` where there is none, or it is archived.
pub fn get(collection: &str, id: Id, select: &[&str]) -> Result<Option<Fields>, Fault> {
    get_as(Authority::Plugin, collection, id, select)
}

/// The named fields of one record that the caller may read.
pub fn get_for_caller(collection: &str, id: Id, select: &[&str]) -> Result<Option<Fields>, Fault> {
    get_as(Authority::Caller, collection, id, select)
}

fn get_as(authority: Authority, collection: &str, id: Id, select: &[&str]) -> Result<Option<Fields>, Fault> {
    let names: Vec<String> = select.iter().map(|&name| name.to_owned()).collect();
    let values = run::get(collection, id, &names, authority)?;
    Ok(values.map(|values| names.into_iter().zip(values).collect()))
}

/// One page of records.
pub fn find(selection: impl Into<Selection>) -> Result<Page, Fault> {
    run::find(&selection.into())
}

/// All records of a selection, page after page, up to `most`; `None` where there are more of them.
pub fn find_all(selection: impl Into<Selection>, most: usize) -> Result<Option<Vec<Fields>>, Fault> {
    let mut selection = selection.into();
    let mut found = Vec::new();
    loop {
        let page = run::find(&selection)?;
        found.extend(page.records().map(Row::to_fields));
        if found.len() > most {
            return Ok(None);
        }
        match page.next {
            Some(next) => selection.after = Some(next),
            None => return Ok(Some(found)),
        }
    }
}

/// Figures over records, by groups.
pub fn summarize(summary: impl Into<Summary>) -> Result<Page, Fault> {
    run::summarize(&summary.into())
}

#[cfg(target_arch = "wasm32")]
mod run {
    use crate::bindings::lignaflow::plugin::records;
    use crate::{Authority, Fault, Id, Page, Selection, Summary, Value, wire};

    pub(super) fn get(
        collection: &str,
        id: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let found =
            records::get(collection, &id.to_string(), select, wire::authority(authority)).map_err(wire::fault)?;
        found.map(wire::values).transpose()
    }

    pub(super) fn find(selection: &Selection) -> Result<Page, Fault> {
        records::find(&wire::selection(selection)).map_err(wire::fault).and_then(wire::page)
    }

    pub(super) fn summarize(summary: &Summary) -> Result<Page, Fault> {
        records::summarize(&wire::summary(summary)).map_err(wire::fault).and_then(wire::page)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod run {
    use crate::testing::call;
    use crate::{Authority, Fault, Id, Page, Selection, Summary, Value};

    pub(super) fn get(
        collection: &str,
        id: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault> {
        call::with(|call| call.get(collection, id, select, authority))
    }

    pub(super) fn find(selection: &Selection) -> Result<Page, Fault> {
        call::with(|call| call.find(selection))
    }

    pub(super) fn summarize(summary: &Summary) -> Result<Page, Fault> {
        call::with(|call| call.summarize(summary))
    }
}
