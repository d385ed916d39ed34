//! Summaries: records into groups, groups into rows.

use super::View;
use super::measure::{AVERAGE_DIGITS, SumTooLarge, Unit, units};
use super::order::{is_empty, key, plain_key, sorted};
use crate::bound::{BoundMetric, BoundPath, BoundSummary, SummaryColumn};
use crate::cursor::{self, Kept};
use crate::descriptor::FieldKind;
use crate::query::{MetricKind, Page};
use crate::record::Record;
use crate::value::{Currency, Value};
use std::cmp::Ordering;

/// What records have in common, their currencies, and the records.
type Group<'a> = (Vec<Value>, Vec<Option<Currency>>, Vec<&'a Record>);

impl BoundSummary {
    /// The money whose sums and averages are told: each of these paths groups by its currency as well.
    pub fn money_paths(&self) -> Vec<&BoundPath> {
        let mut paths: Vec<&BoundPath> = Vec::new();
        for metric in &self.metrics {
            let adds = matches!(metric.kind, MetricKind::Sum | MetricKind::Average);
            if adds && metric.path.kind() == FieldKind::Money && !paths.iter().any(|known| known.is(&metric.path)) {
                paths.push(&metric.path);
            }
        }
        paths
    }

    /// The names of a summary's columns: groups by their paths, then `currency` (of several moneys
    /// `{path}.currency` each), then metrics by their labels.
    pub fn labels(&self) -> Vec<String> {
        let money = self.money_paths();
        let currencies = money.iter().map(|path| match money.len() {
            1 => "currency".to_owned(),
            _ => format!("{}.currency", path.text),
        });
        let groups = self.groups.iter().map(|group| group.path.text.clone());
        groups.chain(currencies).chain(self.metrics.iter().map(|metric| metric.label.clone())).collect()
    }

    /// What a cursor keeps of a row, column for column.
    pub fn kept(&self) -> Vec<Kept> {
        let plain = |kind| Kept { kind, scale: 0, wide: false };
        let groups = self.groups.iter().map(|group| Kept { kind: group.kind(), ..Kept::of(&group.path) });
        let currencies = self.money_paths().into_iter().map(|_| plain(FieldKind::Text));
        let metrics = self.metrics.iter().map(|metric| match (metric.kind, metric.path.kind()) {
            (MetricKind::Count | MetricKind::CountDistinct, _) => plain(FieldKind::Integer),
            (
                MetricKind::Average,
                FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent,
            ) => Kept { kind: FieldKind::Decimal, scale: AVERAGE_DIGITS, wide: true },
            (MetricKind::Sum | MetricKind::Average, _) => Kept { wide: true, ..Kept::of(&metric.path) },
            (MetricKind::Minimum | MetricKind::Maximum, _) => Kept::of(&metric.path),
        });
        groups.chain(currencies).chain(metrics).collect()
    }

    /// The rows of this page among all there are: sorted as it asks and then by the groups, texts that fold alike by
    /// their bytes, from the one after the cursor on; with the cursor of the next page.
    pub fn page(&self, mut rows: Vec<Vec<Value>>) -> Page {
        let first_metric = self.groups.len() + self.money_paths().len();
        let compare = |left: &Vec<Value>, right: &Vec<Value>| self.order(first_metric, left, right);
        rows.sort_by(compare);
        if let Some(after) = &self.after {
            rows.drain(..rows.partition_point(|row| compare(row, after).is_le()));
        }
        self.cut(rows)
    }

    /// The page that rows begin, which are in their order and may be one too many.
    pub fn cut(&self, mut rows: Vec<Vec<Value>>) -> Page {
        let limit = usize::from(self.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| cursor::encode(self.fingerprint, last));
        Page { columns: self.labels(), rows, next }
    }

    fn order(&self, first_metric: usize, left: &[Value], right: &[Value]) -> Ordering {
        let group = |index: usize, descending: bool| {
            let path = &self.groups[index].path;
            let (left, right) = (&left[index], &right[index]);
            let order = sorted(key(path, left).as_ref(), key(path, right).as_ref(), descending);
            order.then_with(|| bytes(left, right, descending))
        };
        let plain = |index: usize, descending: bool| {
            let keys = (plain_key(&left[index]), plain_key(&right[index]));
            sorted(keys.0.as_ref(), keys.1.as_ref(), descending)
        };
        let asked = self.sort.iter().map(|(column, descending)| match column {
            SummaryColumn::Group(index) => group(*index, *descending),
            SummaryColumn::Metric(index) => plain(first_metric + index, *descending),
        });
        let by_groups = (0..self.groups.len()).map(|index| group(index, false));
        let by_currencies = (self.groups.len()..first_metric).map(|index| plain(index, false));
        asked.chain(by_groups).chain(by_currencies).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl BoundPath {
    /// Whether both lead to the same column by the same references.
    pub fn is(&self, other: &Self) -> bool {
        let hops = |path: &Self| path.hops.iter().map(|(index, _)| *index).collect::<Vec<_>>();
        self.root.name == other.root.name && self.column == other.column && hops(self) == hops(other)
    }
}

impl View<'_> {
    /// One row a group, in the order asked for and then by the groups. Without any group there is always one row.
    pub fn summarize(&self, summary: &BoundSummary) -> Result<Page, SumTooLarge> {
        let money = summary.money_paths();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for record in self.matching(&summary.schema, summary.archived, &summary.filter) {
            let values: Vec<Value> = summary
                .groups
                .iter()
                .map(|group| group.key(self.value(&group.path, record), summary.calendar))
                .collect();
            let currencies: Vec<_> = money.iter().map(|path| currency(&self.value(path, record))).collect();
            match groups.iter_mut().find(|(known, of, _)| *known == values && *of == currencies) {
                Some((_, _, records)) => records.push(record),
                None => groups.push((values, currencies, vec![record])),
            }
        }
        if groups.is_empty() && summary.groups.is_empty() && money.is_empty() {
            groups.push((Vec::new(), Vec::new(), Vec::new()));
        }
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for (groups, currencies, records) in groups {
            let mut metrics = Vec::new();
            for metric in &summary.metrics {
                let at = money.iter().position(|path| path.is(&metric.path));
                let unit = Unit::of(&metric.path, at.and_then(|at| currencies[at]));
                metrics.push(self.measure(metric, unit, &records)?);
            }
            rows.push(groups.into_iter().chain(currencies.into_iter().map(currency_value)).chain(metrics).collect());
        }
        Ok(summary.page(rows))
    }

    fn measure(&self, metric: &BoundMetric, unit: Unit, records: &[&Record]) -> Result<Value, SumTooLarge> {
        let measured = records.iter().filter(|record| self.matches(&metric.filter, record));
        let values = measured.map(|record| metric.measured(self.value(&metric.path, record)));
        let values: Vec<Value> = values.filter(|value| !is_empty(value)).collect();
        let total: i128 = values.iter().filter_map(|value| units(&metric.path, value)).sum();
        let count = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        Ok(match metric.kind {
            MetricKind::Count => count(values.len()),
            MetricKind::CountDistinct => {
                let mut distinct: Vec<&Value> = Vec::new();
                for value in &values {
                    if !distinct.contains(&value) {
                        distinct.push(value);
                    }
                }
                count(distinct.len())
            }
            MetricKind::Sum => unit.sum(total).ok_or_else(|| SumTooLarge { label: metric.label.clone() })?,
            MetricKind::Average => unit.average(total, u64::try_from(values.len()).unwrap_or(u64::MAX)),
            MetricKind::Minimum => values.into_iter().min_by_key(plain_key).unwrap_or(Value::Null),
            MetricKind::Maximum => values.into_iter().max_by_key(plain_key).unwrap_or(Value::Null),
        })
    }
}

fn currency(value: &Value) -> Option<Currency> {
    match value {
        Value::Money(money) => Some(money.currency),
        _ => None,
    }
}

fn currency_value(currency: Option<Currency>) -> Value {
    currency.map_or(Value::Null, |currency| Value::Text(currency.to_string()))
}

fn bytes(left: &Value, right: &Value, descending: bool) -> Ordering {
    match (left.as_text(), right.as_text()) {
        (Some(left), Some(right)) if descending => right.cmp(left),
        (Some(left), Some(right)) => left.cmp(right),
        (left, right) => right.is_some().cmp(&left.is_some()),
    }
}
