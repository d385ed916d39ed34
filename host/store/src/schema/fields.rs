//! What a change of one field means for the values that are there: kept as they are, converted without loss, or in
//! the way.

use super::check::Hindrance;
use super::shape::{FieldShape, RenamedChoice};
use crate::layout;
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::name::CollectionName;

/// The largest decimal, in units of its last digit: 18 digits in all.
const DIGITS: i64 = 999_999_999_999_999_999;

/// What becomes of the columns.
#[derive(Debug)]
pub(super) enum Fate {
    Stays,
    /// Dropped and made anew: no record holds anything in them.
    Replaced,
    /// Times ten to this power.
    Rescaled(i32, String),
    /// Choices become texts.
    Spelled(String),
}

#[derive(Debug)]
pub(super) struct FieldChange {
    pub(super) fate: Fate,
    /// What no record may hold.
    pub(super) hindrances: Vec<Hindrance>,
    pub(super) choices: Vec<RenamedChoice>,
}

/// Ten to this power; scales have at most 9 digits.
pub(super) fn power(of: u32) -> i64 {
    10_i64.pow(of.min(18))
}

/// Whether values of these kinds are whole numbers of one column, which differ by their digits after the point alone.
pub(super) fn is_rescaled(was: FieldKind, is: FieldKind) -> bool {
    let number = |kind| matches!(kind, FieldKind::Integer | FieldKind::Decimal);
    number(was) && number(is)
}

/// Whether values of one kind are those of the other as they stand.
pub(super) fn is_the_same(was: FieldKind, is: FieldKind) -> bool {
    let whole = |kind| matches!(kind, FieldKind::Integer | FieldKind::Minutes);
    was == is || whole(was) && whole(is)
}

pub(super) fn change(
    field: &SchemaField,
    was: &FieldShape,
    is: &FieldShape,
    stands_as: &str,
    until: i64,
) -> FieldChange {
    let column = layout::read_columns(stands_as, was.kind).swap_remove(0);
    let mut change = FieldChange { fate: Fate::Stays, hindrances: Vec::new(), choices: Vec::new() };
    if !is_the_same(was.kind, is.kind) || was.scale != is.scale {
        change.convert(was, is, &column);
    } else if was.to != is.to {
        let to = |to: &Option<CollectionName>| to.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let told = format!("it changes from referring to {} to {}", to(&was.to), to(&is.to));
        change.hindrances.push(Hindrance::Values { column: column.clone(), change: told });
    }
    if !matches!(change.fate, Fate::Replaced) {
        change.bounds(was, is, &column);
        if is.kind == FieldKind::Choice {
            change.choices(field, was, is, &column, until);
        }
    }
    change
}

fn spoken(shape: &FieldShape) -> String {
    let kind = format!("{:?}", shape.kind).to_lowercase();
    match (shape.kind, shape.scale) {
        (FieldKind::Decimal, Some(digits)) => format!("{kind} of {digits} digits after the point"),
        _ => kind,
    }
}

impl FieldChange {
    fn convert(&mut self, was: &FieldShape, is: &FieldShape, column: &str) {
        let told = if was.kind == is.kind {
            let digits = |scale: Option<u8>| scale.unwrap_or_default();
            format!("its digits after the point change from {} to {}", digits(was.scale), digits(is.scale))
        } else {
            format!("its type changes from {:?} to {:?}", was.kind, is.kind).to_lowercase()
        };
        if is_rescaled(was.kind, is.kind) {
            let digits = |shape: &FieldShape| i32::from(shape.scale.unwrap_or_default());
            let by = digits(is) - digits(was);
            let factor = power(by.unsigned_abs());
            if by < 0 {
                self.hindrances.push(Hindrance::Inexact { column: column.to_owned(), factor, change: told });
            } else {
                let most = if is.kind == FieldKind::Decimal { DIGITS / factor } else { i64::MAX };
                if most < i64::MAX && (by > 0 || was.kind != is.kind) {
                    self.hindrances.push(Hindrance::Beyond { column: column.to_owned(), most, change: told });
                }
            }
            self.fate = Fate::Rescaled(by, format!("from {} to {}", spoken(was), spoken(is)));
        } else if was.kind == FieldKind::Choice && is.kind == FieldKind::Text {
            self.fate = Fate::Spelled(format!("from {} to {}", spoken(was), spoken(is)));
        } else {
            self.hindrances.push(Hindrance::Values { column: column.to_owned(), change: told });
            self.fate = Fate::Replaced;
        }
    }

    /// Bounds that are narrower than they were, or than those of another type. What is held is still in units of its
    /// former last digit.
    fn bounds(&mut self, was: &FieldShape, is: &FieldShape, column: &str) {
        let same = is_the_same(was.kind, is.kind);
        let text = is.kind == FieldKind::Text;
        let digits = if is_rescaled(was.kind, is.kind) { was.scale.unwrap_or_default() } else { 0 };
        let held = |bound: i64| bound.saturating_mul(power(u32::from(digits)));
        if let Some(max) = is.max
            && (!same || was.max.is_none_or(|before| max < before))
        {
            let column = column.to_owned();
            self.hindrances.push(if text {
                Hindrance::Longer { column, max }
            } else {
                Hindrance::Above { column, max, held: held(max) }
            });
        }
        if let Some(min) = is.min
            && (!same || was.min.is_none_or(|before| min > before))
        {
            let column = column.to_owned();
            self.hindrances.push(if text {
                Hindrance::Shorter { column, min }
            } else {
                Hindrance::Below { column, min, held: held(min) }
            });
        }
    }

    /// Choices that are gone, unless they were renamed: by this version, or by the one that is returned from.
    fn choices(&mut self, field: &SchemaField, was: &FieldShape, is: &FieldShape, column: &str, until: i64) {
        let mut gone = Vec::new();
        for choice in was.of.iter().filter(|choice| !is.of.contains(choice)) {
            let back = || {
                let mut renames = was.choices.iter().rev();
                renames.find(|r| r.to == *choice && is.of.contains(&r.from)).map(|r| r.from.as_str())
            };
            match field.field.renamed_choice(choice).or_else(back) {
                Some(to) => {
                    self.choices.push(RenamedChoice { from: choice.clone(), to: to.to_owned(), until });
                }
                None => gone.push(choice.clone()),
            }
        }
        if !gone.is_empty() {
            self.hindrances.push(Hindrance::Choices { column: column.to_owned(), gone });
        }
    }
}
