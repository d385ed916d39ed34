//! A report on paper: what its page shows, as a PDF.

use super::house::Reading;
use crate::documents::Paper;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_documents::REPORT;
use lignaflow_web::blocks::report::{Controls, GridCell, PeriodView, ReportView};
use lignaflow_web::format::date as day_text;
use serde_json::{Value as Json, json};

/// Rows that are put on paper; a spreadsheet has them all.
const MOST: usize = 2_000;

/// What is said of a period: its word, or its days.
pub(super) fn period_said(period: &PeriodView) -> Option<String> {
    let days = match (period.from.as_str(), period.until.as_str()) {
        ("", "") => period.word.replace('-', " "),
        (from, "") => format!("from {from}"),
        ("", until) => format!("up to {until}"),
        (from, until) => format!("{from} to {until}"),
    };
    (!days.is_empty()).then(|| format!("{}: {days}", period.title))
}

/// What was asked, line by line.
fn said(view: &ReportView) -> Vec<String> {
    let asked = match &view.controls {
        Some(Controls::Records(asking)) => {
            let facets = asking.facets.iter().filter_map(|facet| {
                let chosen = facet.offers.iter().find(|offer| offer.value == facet.chosen)?;
                Some(format!("{}: {}", facet.title, chosen.title))
            });
            asking.period.iter().filter_map(period_said).chain(facets).collect()
        }
        Some(Controls::Route(_, period)) => period.iter().filter_map(period_said).collect(),
        None => Vec::new(),
    };
    asked.into_iter().chain(view.caption.clone()).collect()
}

/// The data of the template.
fn data(view: &ReportView, made_on: &str) -> Result<Json, Fault> {
    if let Some(fault) = &view.fault {
        return Err(Fault::new(ErrorCode::Invalid, fault.clone()));
    }
    let Some(grid) = &view.grid else {
        return Err(Fault::at("/format", "required", "Choose what the report is of first."));
    };
    if grid.rows.len() > MOST {
        let message = format!("{MOST} rows are put on paper, not {}: narrow the report.", grid.rows.len());
        return Err(Fault::new(ErrorCode::Quota, message));
    }
    let texts = |cells: &[GridCell]| cells.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
    let heads: Vec<Json> =
        grid.heads.iter().map(|head| json!({ "title": head.title, "figure": head.figure })).collect();
    Ok(json!({
        "title": view.title,
        "made_on": made_on,
        "said": said(view),
        "heads": heads,
        "rows": grid.rows.iter().map(|row| texts(&row.cells)).collect::<Vec<_>>(),
        "total": grid.total.as_ref().map(|total| texts(total)),
        "notes": view.notes,
    }))
}

/// The report as a file, called so: letters, digits and hyphens.
pub(super) async fn pdf(reading: Reading<'_>, view: &ReportView, name: &str) -> Result<Response, Fault> {
    let Reading { app, caller, .. } = reading;
    let reader = reading.reader();
    let data = data(view, &day_text(reader.today(), &reader.locale))?;
    let date = caller.today().unwrap_or_default();
    let paper = Paper { source: REPORT, data: &data.to_string(), date };
    let bytes = app.documents.print(caller.organization, paper).await?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.pdf\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
