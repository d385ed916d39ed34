//! Selections and summaries of a guest, and the pages that answer them.

use super::predicate::{collections, from_wire_list};
use super::value;
use super::{Checked, Malformed};
use crate::contract::lignaflow::plugin::query as wire;
use lignaflow_core::query::{
    Authority, Bucket, GroupKey, Metric, MetricKind, Page, Predicate, Selection, SortKey, Summary,
};

/// Sort keys, groups and metrics of one question.
const KEYS: usize = 32;
/// Columns of one page.
const COLUMNS: usize = 200;

pub(crate) const fn authority(authority: wire::Authority) -> Authority {
    match authority {
        wire::Authority::Caller => Authority::Caller,
        wire::Authority::Plugin => Authority::Plugin,
    }
}

pub(crate) fn selection(selection: wire::Selection) -> Checked<Selection> {
    at_most("/select", selection.select.len(), COLUMNS)?;
    Ok(Selection {
        collection: selection.collection,
        authority: authority(selection.authority),
        filter: filter(selection.where_)?,
        sort: sort(selection.sort)?,
        select: selection.select,
        limit: selection.limit,
        after: selection.after,
    })
}

pub(crate) fn summary(summary: wire::Summary) -> Checked<Summary> {
    at_most("/group-by", summary.group_by.len(), KEYS)?;
    at_most("/metrics", summary.metrics.len(), KEYS)?;
    Ok(Summary {
        collection: summary.collection,
        authority: authority(summary.authority),
        filter: filter(summary.where_)?,
        group_by: summary
            .group_by
            .into_iter()
            .map(|key| GroupKey { path: key.path, bucket: bucket(key.bucket) })
            .collect(),
        metrics: summary
            .metrics
            .into_iter()
            .enumerate()
            .map(|(index, it)| metric(it).map_err(|fault| fault.under(format_args!("/metrics/{index}"))))
            .collect::<Checked<_>>()?,
        sort: sort(summary.sort)?,
        limit: summary.limit,
        after: summary.after,
    })
}

/// A page on its way to a guest, and how many bytes it takes.
pub(crate) fn page(page: Page) -> (wire::Page, usize) {
    let rows: Vec<Vec<_>> = page.rows.into_iter().map(|row| row.into_iter().map(value::to_wire).collect()).collect();
    let weight = rows.iter().flatten().map(value::weight).sum();
    (wire::Page { columns: page.columns, rows, next: page.next }, weight)
}

/// The collections that a selection reads, besides those that its paths lead to.
pub(crate) fn read_by_selection(selection: &Selection) -> Vec<&str> {
    let mut found = vec![selection.collection.as_str()];
    collections(&selection.filter, &mut found);
    found
}

/// The collections that a summary reads, besides those that its paths lead to.
pub(crate) fn read_by_summary(summary: &Summary) -> Vec<&str> {
    let mut found = vec![summary.collection.as_str()];
    collections(&summary.filter, &mut found);
    for metric in &summary.metrics {
        collections(&metric.filter, &mut found);
    }
    found
}

fn filter(nodes: Vec<wire::Predicate>) -> Checked<Predicate> {
    from_wire_list(nodes).map_err(|fault| fault.under("/where"))
}

fn sort(keys: Vec<wire::SortKey>) -> Checked<Vec<SortKey>> {
    at_most("/sort", keys.len(), KEYS)?;
    Ok(keys.into_iter().map(|key| SortKey { path: key.path, descending: key.descending }).collect())
}

fn metric(metric: wire::Metric) -> Checked<Metric> {
    Ok(Metric {
        kind: match metric.kind {
            wire::MetricKind::Count => MetricKind::Count,
            wire::MetricKind::CountDistinct => MetricKind::CountDistinct,
            wire::MetricKind::Sum => MetricKind::Sum,
            wire::MetricKind::Average => MetricKind::Average,
            wire::MetricKind::Minimum => MetricKind::Minimum,
            wire::MetricKind::Maximum => MetricKind::Maximum,
        },
        path: metric.path,
        filter: filter(metric.where_)?,
        label: metric.label,
    })
}

const fn bucket(bucket: wire::Bucket) -> Bucket {
    match bucket {
        wire::Bucket::None => Bucket::None,
        wire::Bucket::Day => Bucket::Day,
        wire::Bucket::Week => Bucket::Week,
        wire::Bucket::Month => Bucket::Month,
        wire::Bucket::Quarter => Bucket::Quarter,
        wire::Bucket::Year => Bucket::Year,
        wire::Bucket::FiscalYear => Bucket::FiscalYear,
    }
}

fn at_most(place: &str, count: usize, most: usize) -> Checked<()> {
    if count > most { Err(Malformed::new(place, format!("{count} of them; at most {most}"))) } else { Ok(()) }
}
