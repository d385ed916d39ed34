//! Lists and reports that people have on their first page or are mailed.

use super::account::{Body, of_path};
use crate::app::App;
use crate::auth::Signed;
use crate::problem::Problem;
use crate::uses::{self, Alert, Wish};
use crate::views;
use axum::Json;
use axum::extract::{Path, State};
use lignaflow_core::{Fault, Id};
use lignaflow_store::view_uses;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewUses {
    pub data: Vec<ViewUse>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewUse {
    #[schema(format = Uuid)]
    pub person: String,
    /// Whether it stands on their first page.
    pub home: bool,
    /// How often they are mailed it, at seven in the morning of the organization's zone.
    #[schema(example = "weekly")]
    pub mailed: Option<String>,
    /// As what: `link`, `csv` or `xlsx`.
    #[schema(example = "link")]
    pub form: String,
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
    /// When alone it is mailed.
    pub alert: Option<Figure>,
}

/// What the first figure of a report has to come to, in its smallest unit: seconds, minor units, a count. One of both.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 14400)]
    pub above: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<i64>,
}

impl Figure {
    fn alert(self) -> Result<Alert, Fault> {
        match (self.above, self.below) {
            (Some(figure), None) => Ok(Alert { above: true, figure }),
            (None, Some(figure)) => Ok(Alert { above: false, figure }),
            _ => Err(Fault::at("/alert", "choice", "Say either `above` or `below`.")),
        }
    }
}

fn shown(of: view_uses::ViewUse) -> ViewUse {
    ViewUse {
        person: of.person.to_string(),
        home: of.home,
        mailed: of.mailed,
        form: of.form,
        next_at: of.next_at.map(lignaflow_core::value::instant_text),
        alert: of.alert.as_deref().and_then(Alert::read).map(|alert| Figure {
            above: alert.above.then_some(alert.figure),
            below: (!alert.above).then_some(alert.figure),
        }),
    }
}

/// Who has a view
///
/// On their first page, or in their mail: everybody for who may change it, else oneself.
#[utoipa::path(
    get, path = "/views/{id}/uses", tag = "host", operation_id = "host_list_view_uses",
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "By person.", body = ViewUses))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Json<ViewUses>, Problem> {
    signed.caller.to_read()?;
    let view = views::get(&app, &signed, of_path(&id, "view")?).await?;
    let found = uses::of(&app, &signed, &view).await?;
    Ok(Json(ViewUses { data: found.into_iter().map(shown).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewViewUse {
    #[serde(default)]
    pub home: bool,
    /// `daily`, `weekdays`, `weekly` (on the day that weeks begin with) or `monthly` (on the first); null where it is
    /// not mailed.
    #[serde(default)]
    #[schema(example = "weekly")]
    pub mailed: Option<String>,
    /// `link`, `csv` or `xlsx`; a link where left out.
    #[serde(default)]
    #[schema(example = "xlsx")]
    pub form: Option<String>,
    /// That a report is mailed only once its first figure has come to be above or below something, and once each time.
    #[serde(default)]
    pub alert: Option<Figure>,
    /// Whose it is to be: oneself where left out; another where one may change the view and it is shared.
    #[serde(default)]
    #[schema(format = Uuid)]
    pub person: Option<String>,
}

/// Have a view on a first page, or mailed
///
/// Each reader sees and is sent what they may see at that moment.
#[utoipa::path(
    put, path = "/views/{id}/uses", tag = "host", operation_id = "host_use_view", request_body = NewViewUse,
    params(("id" = String, Path, format = Uuid)),
    extensions(("x-permission" = json!("records.read"))),
    responses((status = 200, description = "As it is from now on.", body = ViewUse))
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    signed: Signed,
    Path(id): Path<String>,
    Body(form): Body<NewViewUse>,
) -> Result<Json<ViewUse>, Problem> {
    signed.caller.to_read()?;
    let id = of_path(&id, "view")?;
    let NewViewUse { home, mailed, form, alert, person } = form;
    let alert = alert.map(Figure::alert).transpose()?;
    let person = person
        .map(|text| text.parse::<Id>().map_err(|_| Fault::at("/person", "type", "Expected the id of a person.")))
        .transpose()?;
    let of = uses::set(&app, &signed, id, Wish { home, mailed, form, alert, person }).await?;
    Ok(Json(shown(of)))
}
