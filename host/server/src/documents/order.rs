//! What a template sees: the files that the plugin brings, the organization's own template in place of the plugin's, its
//! logo, facts about it, and the data. Nothing else is there.

use super::{Documents, unavailable};
use lignaflow_core::name::PluginId;
use lignaflow_core::value::civil_date;
use lignaflow_core::{Fault, OrganizationId};
use lignaflow_documents::Order;
use lignaflow_store::documents;
use lignaflow_store::identity::organizations;
use serde_json::json;
use std::collections::BTreeMap;

/// What a document is made of, beside what the organization and the plugin have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Making<'a> {
    pub plugin: &'a PluginId,
    pub template: &'a str,
    /// In place of what the organization or the plugin has.
    pub source: Option<&'a str>,
    /// JSON.
    pub data: &'a str,
    /// Days since 1970-01-01.
    pub date: i32,
}

/// A paper of the host's own: a template that brings everything with it, and data.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    pub source: &'static str,
    /// JSON.
    pub data: &'a str,
    /// Days since 1970-01-01.
    pub date: i32,
}

/// The ending of a logo's file, which tells the template how to read it.
pub(super) fn ending(content_type: &str) -> Option<&'static str> {
    match content_type {
        "image/png" => Some("png"),
        "image/jpeg" => Some("jpg"),
        "image/svg+xml" => Some("svg"),
        _ => None,
    }
}

impl Documents {
    /// The order of a document. A plugin that is not loaded, or has no such template, is not there.
    pub(super) async fn order(&self, organization: OrganizationId, making: Making<'_>) -> Result<Order, Fault> {
        let Making { plugin, template, source, data, date } = making;
        let snapshot = self.0.registry.current();
        let none = || Fault::not_found(format_args!("template `{template}` of the plugin {plugin}"));
        let loaded = snapshot.plugin(plugin).ok_or_else(none)?;
        let brought = loaded.assets().template(template).ok_or_else(none)?;
        let database = self.0.store.database();
        let own = documents::template(database, organization, plugin, template).await.map_err(unavailable)?;
        let source = source.or(own.as_ref().map(|own| own.source.as_str())).unwrap_or(brought);
        let main = format!("{template}.typ");
        let mut files: BTreeMap<String, Vec<u8>> =
            loaded.assets().of_templates().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
        files.insert(main.clone(), source.as_bytes().to_vec());
        files.insert("data.json".to_owned(), data.as_bytes().to_vec());
        self.dressed(organization, main, files, date).await
    }

    /// The order of a paper of the host's own.
    pub(super) async fn order_of_paper(&self, organization: OrganizationId, paper: Paper<'_>) -> Result<Order, Fault> {
        let Paper { source, data, date } = paper;
        let main = "paper.typ".to_owned();
        let files = BTreeMap::from([
            (main.clone(), source.as_bytes().to_vec()),
            ("data.json".to_owned(), data.as_bytes().to_vec()),
        ]);
        self.dressed(organization, main, files, date).await
    }

    /// With what every template sees of the organization.
    async fn dressed(
        &self,
        organization: OrganizationId,
        main: String,
        mut files: BTreeMap<String, Vec<u8>>,
        date: i32,
    ) -> Result<Order, Fault> {
        let database = self.0.store.database();
        let known = organizations::one(database, organization).await.map_err(unavailable)?;
        let known = known.ok_or_else(|| Fault::not_found("organization"))?;
        let facts = json!({
            "name": known.name,
            "country": known.country,
            "currency": known.currency.as_str(),
            "locale": known.locale,
            "time_zone": known.time_zone,
            "tax_number": known.tax_number,
        });
        files.insert("organization.json".to_owned(), facts.to_string().into_bytes());
        let mut logo = String::new();
        if let Some((content_type, bytes)) = documents::logo(database, organization).await.map_err(unavailable)?
            && let Some(ending) = ending(&content_type)
        {
            logo = format!("logo.{ending}");
            files.insert(logo.clone(), bytes);
        }
        let inputs = BTreeMap::from([("organization".to_owned(), known.name), ("logo".to_owned(), logo)]);
        let today = civil_date(date).unwrap_or_default();
        let number = |part: i8| u8::try_from(part).unwrap_or(1);
        let today = (i32::from(today.year()), number(today.month()), number(today.day()));
        Ok(Order { main, files, inputs, today, most: 0 })
    }
}
