//! Predicates as SQL. What is written here is TRUE exactly where the predicate holds, and FALSE or NULL where it does
//! not: conditions, AND and OR make no difference between these two, so that comparisons stand bare and indexes serve
//! them. Only a negation does, and is written `IS NOT TRUE`.

use super::scope::{PathColumns, Scope, col};
use crate::database::Dialect;
use crate::error::StoreError;
use crate::layout;
use crate::schema;
use lignaflow_core::bound::{BoundPath, BoundPredicate};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::fold::fold;
use lignaflow_core::query::Operator;
use lignaflow_core::{Currency, Id, Value};
use sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, Value as Sql};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn constant(truth: bool) -> Expr {
    Expr::Constant(truth.into())
}

fn all(parts: impl IntoIterator<Item = Expr>) -> Expr {
    parts.into_iter().reduce(ExprTrait::and).unwrap_or_else(|| constant(true))
}

fn any(parts: impl IntoIterator<Item = Expr>) -> Expr {
    parts.into_iter().reduce(ExprTrait::or).unwrap_or_else(|| constant(false))
}

/// The place of a choice among those declared, null of one that is not.
pub(super) fn rank(path: &BoundPath, column: &Expr) -> Expr {
    let choices = path.field().map(|field| field.field.of.as_slice()).unwrap_or_default();
    let mut case = CaseStatement::new();
    for (place, choice) in (0_i32..).zip(choices) {
        case =
            case.case(column.clone().eq(Expr::Constant(Sql::from(choice.as_str()))), Expr::Constant(Sql::from(place)));
    }
    // Of no choices there is no CASE.
    if choices.is_empty() { Expr::cust("NULL") } else { case.into() }
}

/// The place of a choice among those declared, as [`rank`] has it.
pub(super) fn place(path: &BoundPath, value: &Value) -> Option<i32> {
    let place = path.field()?.field.of.iter().position(|choice| Some(choice.as_str()) == value.as_text())?;
    i32::try_from(place).ok()
}

/// Where a folded text has this part.
fn has_part(dialect: Dialect, folded: Expr, part: &str) -> Expr {
    place_of(dialect, folded, part).gt(Expr::Constant(0_i32.into()))
}

/// At which character a text has this part, from 1; 0 where it has not.
fn place_of(dialect: Dialect, text: Expr, part: &str) -> Expr {
    let place = match dialect {
        Dialect::Sqlite => "instr",
        Dialect::Postgres => "strpos",
    };
    Func::cust(place).args([text, Expr::val(part)]).into()
}

/// Where a folded text begins so, as a range, which an index serves.
fn begins_with(folded: &Expr, start: &str) -> Expr {
    let from = folded.clone().gte(start);
    match successor(start) {
        Some(end) => from.and(folded.clone().lt(end)),
        None => from,
    }
}

/// The first text, by bytes, after all that begin so; `None` where there is none.
fn successor(start: &str) -> Option<String> {
    let mut end: Vec<char> = start.chars().collect();
    while let Some(last) = end.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

fn operator(operator: Operator, left: Expr, right: Expr) -> Expr {
    left.binary(
        match operator {
            Operator::NotEqual => BinOper::NotEqual,
            Operator::Less => BinOper::SmallerThan,
            Operator::AtMost => BinOper::SmallerThanOrEqual,
            Operator::Greater => BinOper::GreaterThan,
            Operator::AtLeast => BinOper::GreaterThanOrEqual,
            // The other two are of texts, and written by whoever knows them.
            Operator::Equal | Operator::Contains | Operator::StartsWith => BinOper::Equal,
        },
        right,
    )
}

const fn by_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

/// A list of values of which statements have few lengths: filled up to the next power of two with its last, so that
/// they are kept prepared.
pub(super) fn padded<T: Clone>(values: &[T]) -> Vec<T> {
    let mut padded = values.to_vec();
    if let Some(last) = values.last() {
        padded.resize(values.len().next_power_of_two(), last.clone());
    }
    padded
}

fn misfit() -> StoreError {
    StoreError::Broken("a query compares a field with a value of another type".to_owned())
}

fn scalar(path: &BoundPath, value: &Value) -> Result<Sql, StoreError> {
    layout::scalar(path.kind(), path.scale(), value)
}

impl Scope<'_> {
    pub(super) fn predicate(&mut self, predicate: &BoundPredicate) -> Result<Expr, StoreError> {
        Ok(match predicate {
            BoundPredicate::All(children) => all(self.each(children)?),
            BoundPredicate::Any(children) => any(self.each(children)?),
            BoundPredicate::Not(child) => self.predicate(child)?.is_not(constant(true)),
            BoundPredicate::Compare { path, operator, value } => self.compare(path, *operator, value)?,
            BoundPredicate::ComparePaths { left, operator, right } => self.compare_paths(left, *operator, right)?,
            BoundPredicate::Within { path, values } => self.within(path, values)?,
            BoundPredicate::Includes { path, id } => self.includes(path, *id)?,
            BoundPredicate::IsNull(path) => self.column(path)?.is_null(),
            BoundPredicate::Exists { schema, via, many, child } => self.exists(schema, *via, *many, child)?,
            BoundPredicate::Search { words, fields, .. } => self.search(words, fields)?,
        })
    }

    fn each(&mut self, children: &[BoundPredicate]) -> Result<Vec<Expr>, StoreError> {
        children.iter().map(|child| self.predicate(child)).collect()
    }

    fn compare(&mut self, path: &BoundPath, by: Operator, value: &Value) -> Result<Expr, StoreError> {
        Ok(match (path.kind(), value) {
            (FieldKind::Text, Value::Text(text)) if !by_equality(by) => {
                let folded = self.column_of(path, layout::fold_column)?;
                // Of a number that the host gave, the folded column has more digits than the text.
                let numbered = path.field().is_some_and(|field| field.field.sequence.is_some());
                let lower: Expr = Func::lower(self.column(path)?).into();
                match by {
                    Operator::Contains if numbered => has_part(self.dialect, lower, &fold(text)),
                    Operator::StartsWith if numbered => {
                        place_of(self.dialect, lower, &fold(text)).eq(Expr::Constant(1_i32.into()))
                    }
                    Operator::Contains => has_part(self.dialect, folded, &fold(text)),
                    Operator::StartsWith => begins_with(&folded, &fold(text)),
                    _ => operator(by, folded, Expr::val(path.folded(text))),
                }
            }
            (FieldKind::Choice, Value::Text(choice)) if !by_equality(by) => {
                let choices = path.field().map(|field| field.field.of.as_slice()).unwrap_or_default();
                let Some(place) = choices.iter().position(|known| known == choice) else {
                    return Ok(constant(false));
                };
                let fitting = match by {
                    Operator::Less => &choices[..place],
                    Operator::AtMost => &choices[..=place],
                    Operator::Greater => &choices[place + 1..],
                    Operator::AtLeast => &choices[place..],
                    _ => return Err(misfit()),
                };
                if fitting.is_empty() { constant(false) } else { self.column(path)?.is_in(fitting.iter().cloned()) }
            }
            (FieldKind::Money, Value::Money(money)) => {
                let currency = self.column_of(path, layout::currency_column)?.eq(money.currency.as_str());
                currency.and(operator(by, self.column(path)?, Expr::val(money.minor)))
            }
            (FieldKind::Text, Value::Text(text)) if by == Operator::Equal => {
                let equal = self.column(path)?.eq(text.as_str());
                self.folds_as(path, std::slice::from_ref(value))?.and(equal)
            }
            _ => operator(by, self.column(path)?, Expr::val(scalar(path, value)?)),
        })
    }

    /// What holds wherever a text is one of these, and can be looked up: indexes hold texts as they fold.
    fn folds_as(&mut self, path: &BoundPath, values: &[Value]) -> Result<Expr, StoreError> {
        let mut texts: Vec<String> = values.iter().filter_map(Value::as_text).map(|text| path.folded(text)).collect();
        texts.sort_unstable();
        texts.dedup();
        let folded = self.column_of(path, layout::fold_column)?;
        Ok(match texts.as_slice() {
            [text] => folded.eq(text.as_str()),
            texts => folded.is_in(padded(texts)),
        })
    }

    fn compare_paths(&mut self, left: &BoundPath, by: Operator, right: &BoundPath) -> Result<Expr, StoreError> {
        Ok(match left.kind() {
            FieldKind::Text if !by_equality(by) => {
                operator(by, self.column_of(left, layout::fold_column)?, self.column_of(right, layout::fold_column)?)
            }
            FieldKind::Choice if !by_equality(by) => {
                operator(by, rank(left, &self.column(left)?), rank(right, &self.column(right)?))
            }
            FieldKind::Money => {
                let of = layout::currency_column;
                let currencies = self.column_of(left, of)?.eq(self.column_of(right, of)?);
                currencies.and(operator(by, self.column(left)?, self.column(right)?))
            }
            _ => operator(by, self.column(left)?, self.column(right)?),
        })
    }

    fn within(&mut self, path: &BoundPath, values: &[Value]) -> Result<Expr, StoreError> {
        if path.kind() != FieldKind::Money {
            let columns: Vec<Sql> = values.iter().map(|value| scalar(path, value)).collect::<Result<_, _>>()?;
            if columns.is_empty() {
                return Ok(constant(false));
            }
            let within = self.column(path)?.is_in(padded(&columns));
            return Ok(match path.kind() {
                FieldKind::Text => self.folds_as(path, values)?.and(within),
                _ => within,
            });
        }
        let mut amounts: BTreeMap<Currency, Vec<i64>> = BTreeMap::new();
        for value in values {
            let Value::Money(money) = value else { return Err(misfit()) };
            amounts.entry(money.currency).or_default().push(money.minor);
        }
        let (minor, currency) = (self.column(path)?, self.column_of(path, layout::currency_column)?);
        Ok(any(amounts
            .into_iter()
            .map(|(of, amounts)| currency.clone().eq(of.as_str()).and(minor.clone().is_in(padded(&amounts))))))
    }

    /// By the records of the member, which are found first where they are few.
    fn includes(&mut self, path: &BoundPath, id: Id) -> Result<Expr, StoreError> {
        let alias = self.reach(path)?;
        let record = col(&alias, layout::ID);
        let lifts = self.lifts_at(&alias, path)?;
        let links = "l";
        let members = Query::select()
            .expr(col(links, layout::RECORD))
            .from_as(layout::link_table(&path.schema().name, path.name()), links)
            .and_where(self.within_organization(links))
            .and_where(col(links, layout::TARGET).eq(id.uuid()))
            .take();
        let includes = record.in_subquery(members);
        Ok(match lifts {
            Some(lifts) => lifts.and(includes),
            None => includes,
        })
    }

    fn exists(&self, schema: &Schema, via: usize, many: bool, child: &BoundPredicate) -> Result<Expr, StoreError> {
        let field = schema.fields[via].name.as_str();
        let this = self.own(layout::ID);
        let mut inner = self.inner(schema);
        let mut select = SelectStatement::new();
        select.expr(Expr::cust("1"));
        inner.seat(&mut select, false)?;
        let child = inner.predicate(child)?;
        let lifts = inner.lifts(inner.alias(), schema, via)?;
        inner.read_from(&mut select);
        if many {
            let links = format!("{}l", inner.alias());
            let linked = inner
                .within_organization(&links)
                .and(col(&links, layout::RECORD).eq(inner.own(layout::ID)))
                .and(col(&links, layout::TARGET).eq(this));
            select.join_as(JoinType::InnerJoin, layout::link_table(&schema.name, field), links, linked);
        } else {
            select.and_where(inner.own(field).eq(this));
        }
        if let Some(lifts) = lifts {
            select.and_where(lifts);
        }
        select.and_where(child);
        Ok(Expr::exists(select))
    }

    /// Looked up in the index of words, which is of all fields that the collection searches. A field that is read on some
    /// records and not on others is asked by itself.
    fn search(&self, words: &[String], fields: &[usize]) -> Result<Expr, StoreError> {
        if words.is_empty() {
            return Ok(constant(true));
        }
        let words = layout::marked_words(self.organization(), words);
        let (mut open, mut veiled) = (Vec::new(), Vec::new());
        for index in fields {
            match self.lifts(self.alias(), self.schema, *index)? {
                None => open.push(*index),
                Some(lifts) => veiled.push((*index, lifts)),
            }
        }
        if veiled.is_empty() {
            return Ok(self.found(&words, &open));
        }
        Ok(all(words.iter().map(|word| {
            let word = std::slice::from_ref(word);
            let open = std::iter::once(self.found(word, &open));
            any(open.chain(veiled.iter().map(|(index, lifts)| lifts.clone().and(self.found(word, &[*index])))))
        })))
    }

    /// Where all words stand in these fields, one or several.
    fn found(&self, words: &[String], fields: &[usize]) -> Expr {
        if fields.is_empty() {
            return constant(false);
        }
        let name = |index: &usize| self.schema.fields[*index].name.as_str();
        let indexed = (0..self.schema.fields.len()).filter(|index| self.schema.fields[*index].field.search);
        // In the order of the index, which is by name.
        let indexed: BTreeSet<&str> = indexed.map(|index| self.schema.fields[index].name.as_str()).collect();
        let asked: BTreeSet<&str> = fields.iter().map(name).collect();
        // The index is of fields, too, that are not seen here.
        let whole = asked == indexed && !self.schema.hides_some();
        match self.dialect {
            Dialect::Sqlite => {
                let mut find = words.iter().map(|word| format!("\"{word}\" *")).collect::<Vec<_>>().join(" AND ");
                if !whole {
                    let columns: Vec<_> = asked.iter().map(|field| layout::words_column(field)).collect();
                    find = format!("{{{}}} : ({find})", columns.join(" "));
                }
                let index = layout::search_table(&self.schema.name);
                let found = Query::select()
                    .column("rowid")
                    .from(index.clone())
                    .and_where(Expr::col(index).binary(BinOper::Custom("MATCH"), Expr::val(find)))
                    .take();
                self.own("rowid").in_subquery(found)
            }
            Dialect::Postgres => {
                let find = words.iter().map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ");
                let matching = |fields: &BTreeSet<&str>| {
                    let words = schema::words::vector(&format!("\"{}\".", self.alias()), fields);
                    let find = Expr::val(find.as_str()).cast_as("tsquery");
                    Expr::cust(words).binary(BinOper::Custom("@@"), find)
                };
                match (whole, self.schema.hides_some()) {
                    (true, _) => matching(&indexed),
                    (false, true) => matching(&asked),
                    (false, false) => matching(&indexed).and(matching(&asked)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn the_end_of_a_range_of_beginnings_lies_just_behind_it() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(successor("\u{10ffff}"), None);
        assert_eq!(successor(""), None);
    }
}
