//! Files that a route of the plugin makes, to be taken from a page.

use super::{Block, Descriptor, FieldKind, Method, Page};
use crate::name::{FieldName, LocalName};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file that a GET route answers with. On a page of a record its path has one parameter, for which the record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadBlock {
    pub title: String,
    /// A GET whose answer is a `file`.
    pub route: LocalName,
    /// What it is good for.
    #[serde(default)]
    pub text: Option<String>,
    /// What stands on its button; `Download` where left out.
    #[serde(default)]
    pub button: Option<String>,
    /// It is there while the record's choice fields have one of these values: `{ status = ["made"] }`.
    #[serde(default)]
    pub when: IndexMap<FieldName, Vec<String>>,
}

pub(super) fn check(descriptor: &Descriptor, page: &Page, key: &str, say: &mut impl FnMut(String, String)) {
    for (at, block) in page.blocks.iter().enumerate() {
        let Block::Download(download) = block else { continue };
        let key = format!("{key}.blocks[{at}]");
        if page.home {
            say(key.clone(), "a file is taken from a page with an address".into());
        }
        match descriptor.route(download.route.as_str()) {
            None => say(format!("{key}.route"), format!("there is no route `{}`", download.route)),
            Some(route) if route.method != Method::Get || route.answer.file.is_none() => {
                say(format!("{key}.route"), format!("`{}` is no GET whose answer is a `file`", download.route));
            }
            Some(route) => {
                let parameters = usize::from(page.record.is_some());
                if route.path.matches('{').count() != parameters {
                    let message = format!("on this page the path of `{}` has {parameters} parameters", download.route);
                    say(format!("{key}.route"), message);
                }
            }
        }
        let collection = page.record.as_ref().and_then(|record| descriptor.collection(record.as_str()));
        for name in download.when.keys() {
            let field = collection.and_then(|collection| collection.field(name.as_str()));
            if field.is_none_or(|field| field.kind != FieldKind::Choice) {
                say(format!("{key}.when"), format!("`{name}` is no choice of the record whose page it is"));
            }
        }
    }
}
