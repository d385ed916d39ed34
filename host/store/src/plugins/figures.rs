//! What plugins used, by version and hour, of all hosts together. What each figure is its writer knows: here it has a name
//! and a number, and whether numbers of one name are added up or the largest is kept.

use super::reads::plugin_id;
use crate::Store;
use crate::database::{Statement, Tx};
use crate::error::StoreError;
use crate::identity::values;
use lignaflow_core::clock::Micros;
use lignaflow_core::name::PluginId;

/// How two numbers of one figure become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    Added,
    Largest,
}

/// A number of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub name: String,
    pub value: u64,
    pub joined: Joined,
}

/// What a version of a plugin used in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub plugin: PluginId,
    pub version: String,
    /// When the hour began.
    pub since: Micros,
    pub figures: Vec<Figure>,
}

impl Store {
    /// Takes what was used into what is kept of those hours.
    pub async fn note_figures(&self, noted: Vec<Noted>) -> Result<(), StoreError> {
        self.database()
            .write(move |tx| {
                let noted = noted.clone();
                Box::pin(async move {
                    for hour in &noted {
                        note(tx, hour).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// What is kept since an instant, of one plugin or of all: by plugin, hour and version.
    pub async fn figures(&self, plugin: Option<&PluginId>, since: Micros) -> Result<Vec<Noted>, StoreError> {
        let statement = match plugin {
            Some(plugin) => Statement::new(
                "select plugin, version, since, figure, value from plugin_figures \
                 where plugin = $1 and since >= $2 order by plugin, since, version, figure",
                values![plugin.as_str(), since],
            ),
            None => Statement::new(
                "select plugin, version, since, figure, value from plugin_figures where since >= $1 \
                 order by plugin, since, version, figure",
                values![since],
            ),
        };
        let mut hours: Vec<Noted> = Vec::new();
        for row in self.database().fetch_all(statement).await? {
            let (plugin, version, since) = (plugin_id(&row, 0)?, row.text(1)?, row.i64(2)?);
            let value = u64::try_from(row.i64(4)?).unwrap_or_default();
            let figure = Figure { name: row.text(3)?, value, joined: Joined::Added };
            match hours.last_mut() {
                Some(last) if last.plugin == plugin && last.version == version && last.since == since => {
                    last.figures.push(figure);
                }
                _ => hours.push(Noted { plugin, version, since, figures: vec![figure] }),
            }
        }
        Ok(hours)
    }

    /// Forgets hours that began before an instant.
    pub async fn forget_figures(&self, before: Micros) -> Result<(), StoreError> {
        self.database()
            .write(move |tx| {
                Box::pin(async move {
                    let old = Statement::new("delete from plugin_figures where since < $1", values![before]);
                    tx.execute(old).await.map(|_| ())
                })
            })
            .await
    }
}

async fn note(tx: &mut Tx, hour: &Noted) -> Result<(), StoreError> {
    for figure in &hour.figures {
        let value = i64::try_from(figure.value).unwrap_or(i64::MAX);
        let text = match figure.joined {
            Joined::Added => {
                "insert into plugin_figures (plugin, version, since, figure, value) values ($1, $2, $3, $4, $5) \
                 on conflict (plugin, since, version, figure) do update set value = plugin_figures.value + excluded.value"
            }
            Joined::Largest => {
                "insert into plugin_figures (plugin, version, since, figure, value) values ($1, $2, $3, $4, $5) \
                 on conflict (plugin, since, version, figure) do update set value = excluded.value \
                 where plugin_figures.value < excluded.value"
            }
        };
        let parts = values![hour.plugin.as_str(), hour.version.as_str(), hour.since, figure.name.as_str(), value];
        tx.execute(Statement::new(text, parts)).await?;
    }
    Ok(())
}
