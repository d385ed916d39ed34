//! Searching one collection for words, and showing where they stand.

use crate::Records;
use lignaflow_core::Fault;
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::Id;
use lignaflow_core::name::FieldName;
use lignaflow_core::query::{Authority, Predicate, Selection, SortKey};
use lignaflow_core::search::{found_in, snippet, words};
use lignaflow_core::value::Value;

/// Records of one collection that match, by what they are called.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Hit {
    pub id: Id,
    /// Its display field.
    pub label: String,
    /// Where the words stand, if not in what it is called.
    pub snippet: Option<Snippet>,
    /// What it belongs to: the first of its references that leads anywhere.
    pub belongs_to: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Snippet {
    pub field: FieldName,
    pub text: String,
}

/// Whether a collection has anything that is searched.
pub fn is_searched(schema: &Schema) -> bool {
    schema.fields.iter().any(|field| field.field.search)
}

impl Records {
    /// One page of the records of a collection in which all words of a text stand.
    pub async fn search(
        &self,
        access: Access<'_>,
        catalog: &Catalog,
        schema: &Schema,
        text: &str,
        limit: u16,
        after: Option<String>,
    ) -> Result<Found, Fault> {
        let display = schema.collection.display.as_str();
        let searched: Vec<_> = schema.fields.iter().filter(|field| field.field.search).collect();
        let mut select = vec!["id".to_owned(), display.to_owned()];
        select.extend(searched.iter().map(|field| field.name.as_str().to_owned()));
        let named = select.len();
        for field in schema.fields.iter().filter(|field| field.field.kind == FieldKind::Reference) {
            let Some(target) = field.to.as_ref().and_then(|to| catalog.schema(to)) else { continue };
            select.push(format!("{}.{}", field.name, target.collection.display));
        }
        let selection = Selection {
            collection: schema.name.to_string(),
            authority: Authority::Caller,
            filter: Predicate::Search(text.to_owned()),
            sort: vec![SortKey { path: display.to_owned(), descending: false }],
            select,
            limit,
            after,
        };
        let page = self.find(access, catalog, &selection).await?;
        let asked = words(text);
        let hits = page.rows.iter().filter_map(|row| {
            let id = row.first()?.as_reference()?;
            let label = row.get(1).and_then(Value::as_text).unwrap_or_default().to_owned();
            let texts = searched.iter().zip(row.get(2..named)?).filter_map(|(field, value)| {
                let text = value.as_text()?;
                Some((found_in(&asked, text), *field, text))
            });
            let others = texts.filter(|(found, field, _)| *found > 0 && field.name.as_str() != display);
            // Of several that hold as many of the words, the one that is declared first.
            let best = others.fold(None, |best: Option<(usize, _, _)>, next| match best {
                Some(best) if best.0 >= next.0 => Some(best),
                _ => Some(next),
            });
            let snippet = best
                .filter(|_| found_in(&asked, &label) < asked.len())
                .map(|(_, field, text)| Snippet { field: field.name.clone(), text: snippet(&asked, text) });
            let belongs_to = row.get(named..)?.iter().find_map(Value::as_text).map(str::to_owned);
            Some(Hit { id, label, snippet, belongs_to })
        });
        Ok(Found { hits: hits.collect(), next: page.next })
    }
}
