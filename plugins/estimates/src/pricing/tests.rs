//! What is worked out by hand, and what holds of any document.

use super::*;
use lignaflow_sdk::Id;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn fine(text: &str) -> Fine {
    Fine::of_decimal(text.parse().unwrap()).unwrap()
}

#[test]
fn a_margin_is_of_the_price_and_a_markup_on_the_cost() {
    let price = |pricing| unit_price(fine("1000.00"), pricing, 2).unwrap();
    assert_eq!(price(Pricing::Margin(2000)), fine("1250.00"));
    assert_eq!(price(Pricing::Markup(2000)), fine("1200.00"));
    assert_eq!(price(Pricing::Fixed(fine("999.9999"))), fine("999.9999"));
    assert_eq!(margin_of(125_000, 100_000), Some(2000));
    assert_eq!(margin_of(0, 100), None);
    assert!(unit_price(fine("1"), Pricing::Margin(10_000), 2).is_err());
}

#[test]
fn a_calculated_price_is_as_fine_as_its_currency_or_its_cost() {
    let price = |cost, digits| unit_price(fine(cost), Pricing::Margin(4000), digits).unwrap();
    assert_eq!(price("58.00", 2), fine("96.67"));
    assert_eq!(price("0.0123", 2), fine("0.0205"));
    assert_eq!(price("58", 0), fine("97"));
    assert_eq!(price("58", 3), fine("96.667"));
}

#[test]
fn an_amount_is_the_shown_quantity_times_the_shown_price_rounded_half_up() {
    assert_eq!(amount(fine("38"), fine("96.67"), 2), Ok(367_346));
    assert_eq!(amount(fine("0.5"), fine("0.01"), 2), Ok(1));
    assert_eq!(amount(fine("-0.5"), fine("0.01"), 2), Ok(-1));
    assert_eq!(amount(fine("2.5"), fine("3"), 0), Ok(8));
    assert_eq!(amount(fine("1.5"), fine("0.333"), 3), Ok(500));
    assert_eq!(amount(Fine::of(i64::MAX), Fine::of(i64::MAX), 2), Err(TooLarge));
}

#[test]
fn waste_is_part_of_what_one_unit_costs() {
    assert_eq!(with_waste(fine("236.00"), 1250), Ok(fine("265.50")));
}

fn line(amount: i64, mode: Mode, ticked: bool) -> Line {
    Line { id: Id::fresh(), section: 0, amount, cost: amount / 2, tax: Some(0), mode, ticked }
}

fn gst() -> Terms {
    Terms { taxes: vec![1000], ..Terms::default() }
}

fn offered(lines: &[Line], sections: usize, terms: &Terms) -> Totals {
    totals(lines, &counted(lines, None).unwrap(), sections, terms).unwrap()
}

#[test]
fn of_a_group_one_counts_and_options_count_where_they_are_ticked() {
    let bench = || Mode::Choice("Benchtop".into());
    let lines = [
        line(10_000, Mode::Included, false),
        line(5000, bench(), false),
        line(3000, bench(), true),
        line(400, Mode::Optional, false),
        line(300, Mode::Optional, true),
    ];
    assert_eq!(offered(&lines, 1, &gst()).subtotal, 13_300);
    let chosen: BTreeSet<Id> = [lines[1].id, lines[3].id].into();
    assert_eq!(counted(&lines, Some(&chosen)), Ok(vec![true, true, false, true, false]));
    assert_eq!(counted(&lines, Some(&BTreeSet::new())), Err(Choosing::Group("Benchtop".into(), 0)));
    let two: BTreeSet<Id> = [lines[1].id, lines[2].id].into();
    assert_eq!(counted(&lines, Some(&two)), Err(Choosing::Group("Benchtop".into(), 2)));
    let fixed: BTreeSet<Id> = [lines[0].id].into();
    assert_eq!(counted(&lines, Some(&fixed)), Err(Choosing::Unknown(lines[0].id)));
}

#[test]
fn a_discount_is_taken_off_before_tax() {
    let lines = [line(10_000, Mode::Included, false), line(5_005, Mode::Included, false)];
    let of = |discount| offered(&lines, 1, &Terms { discount, ..gst() });
    let tenth = of(Discount::Share(1000));
    assert_eq!((tenth.discount, tenth.net, tenth.tax, tenth.total), (1501, 13_504, 1350, 14_854));
    let amount = of(Discount::Amount(1005));
    assert_eq!((amount.net, amount.tax, amount.total), (14_000, 1400, 15_400));
}

#[test]
fn tax_by_line_and_tax_by_document_differ_by_their_roundings_alone() {
    let lines: Vec<Line> = (0..3).map(|_| line(15, Mode::Included, false)).collect();
    assert_eq!(offered(&lines, 1, &gst()).tax, 5);
    assert_eq!(offered(&lines, 1, &Terms { tax_mode: TaxMode::Line, ..gst() }).tax, 6);
}

#[test]
fn a_sheet_is_rounded_as_a_whole_and_says_by_how_much() {
    let lines = [line(12_345, Mode::Included, false)];
    let whole = offered(&lines, 1, &Terms { round_to: Some(1000), ..gst() });
    assert_eq!((whole.net, whole.tax, whole.rounding, whole.total), (12_345, 1235, 420, 14_000));
}

#[test]
fn a_total_that_no_price_comes_to_is_reached_after_tax() {
    // Of ten per cent of whole cents, 6 comes of 5 and 4 of 4: nothing comes to 5.
    let lines = [line(9, Mode::Included, false)];
    let set = set_total(&lines, &[None], &[true], 1, &gst(), 5, 2).unwrap();
    assert_eq!((set.totals.total, set.totals.net + set.totals.tax + set.rounding), (5, 5));
    assert_eq!(set.rounding.abs(), 1);
}

#[test]
fn a_set_total_is_spread_over_prices() {
    let lines = [line(100_000, Mode::Included, false), line(50_000, Mode::Included, false)];
    let of = |price: &str| Some(Scalable { quantity: fine("10"), price: fine(price) });
    let set = set_total(&lines, &[of("100.00"), None], &[true, true], 1, &gst(), 175_000, 2).unwrap();
    assert_eq!(set.prices, [Some(fine("109.09")), None]);
    assert_eq!((set.totals.subtotal, set.adjustment, set.totals.total), (159_090, 1, 175_000));
}

#[test]
fn a_schedule_adds_up_to_the_total() {
    let stage = |title: &str, share| Stage { title: title.into(), share };
    let paid = payments(3_211_309, &[stage("Deposit", 1000), stage("Delivery", 5000)], "Balance").unwrap();
    let amounts: Vec<i64> = paid.iter().map(|payment| payment.amount).collect();
    assert_eq!(amounts, [321_131, 1_605_655, 1_284_523]);
    let thirds = payments(100, &[stage("1", 3333), stage("2", 3333), stage("3", 3334)], "Balance").unwrap();
    assert_eq!(thirds.iter().map(|payment| payment.amount).collect::<Vec<_>>(), [33, 33, 34]);
    assert!(payments(100, &[], "Balance").unwrap().is_empty());
}

/// One line of a random document: quantity, cost, pricing, mode.
#[derive(Debug, Clone)]
struct Entry {
    quantity: Fine,
    pricing: Pricing,
    cost: Fine,
    section: usize,
    tax: Option<usize>,
    mode: Mode,
    ticked: bool,
}

fn some_pricing() -> impl Strategy<Value = Pricing> {
    prop_oneof![
        (-5000..30_000_i64).prop_map(Pricing::Markup),
        (-5000..9_000_i64).prop_map(Pricing::Margin),
        (-50_000_000..50_000_000_i64).prop_map(|price| Pricing::Fixed(Fine::of(price))),
    ]
}

fn some_entry() -> impl Strategy<Value = Entry> {
    let mode = prop_oneof![
        4 => Just(Mode::Included),
        1 => Just(Mode::Optional),
        1 => (0..3_u8).prop_map(|group| Mode::Choice(format!("g{group}"))),
    ];
    let tax = prop_oneof![3 => (0..3_usize).prop_map(Some), 1 => Just(None)];
    let figures = (-5_000_000..5_000_000_i64, some_pricing(), 0..50_000_000_i64);
    (figures, 0..4_usize, tax, mode, any::<bool>()).prop_map(
        |((quantity, pricing, cost), section, tax, mode, ticked)| Entry {
            quantity: Fine::of(quantity),
            pricing,
            cost: Fine::of(cost),
            section,
            tax,
            mode,
            ticked,
        },
    )
}

fn some_terms() -> impl Strategy<Value = Terms> {
    let discount = prop_oneof![
        Just(Discount::None),
        (0..10_000_i64).prop_map(Discount::Share),
        (0..1_000_000_i64).prop_map(Discount::Amount),
    ];
    let tax_mode = prop_oneof![Just(TaxMode::Document), Just(TaxMode::Line)];
    let round_to = prop_oneof![Just(None), prop_oneof![Just(5), Just(100), Just(1000)].prop_map(Some)];
    (discount, -10_000..10_000_i64, round_to, tax_mode, prop::collection::vec(0..3000_i64, 3)).prop_map(
        |(discount, adjustment, round_to, tax_mode, taxes)| Terms {
            discount,
            adjustment,
            rounding: 0,
            round_to,
            tax_mode,
            taxes,
        },
    )
}

fn lines_of(entries: &[Entry], digits: u32) -> (Vec<Line>, Vec<Option<Scalable>>) {
    let made = |entry: &Entry| {
        let price = unit_price(entry.cost, entry.pricing, digits).unwrap();
        let line = Line {
            id: Id::fresh(),
            section: entry.section,
            amount: amount(entry.quantity, price, digits).unwrap(),
            cost: amount(entry.quantity, entry.cost, digits).unwrap(),
            tax: entry.tax,
            mode: entry.mode.clone(),
            ticked: entry.ticked,
        };
        (line, (entry.section != 3).then_some(Scalable { quantity: entry.quantity, price }))
    };
    entries.iter().map(made).unzip()
}

proptest! {
    #[test]
    fn what_a_document_shows_adds_up(
        entries in prop::collection::vec(some_entry(), 0..30),
        terms in some_terms(),
        digits in prop_oneof![Just(0_u32), Just(2), Just(3)],
        share in 0..10_000_i64,
    ) {
        let (lines, _) = lines_of(&entries, digits);
        let at = offered(&lines, 4, &terms);
        let shown: i64 = lines.iter().zip(&at.counted).filter(|(_, counts)| **counts).map(|(line, _)| line.amount).sum();
        prop_assert_eq!(shown, at.subtotal);
        prop_assert_eq!(at.sections.iter().sum::<i64>(), at.subtotal);
        prop_assert_eq!(at.subtotal - at.discount + at.adjustment, at.net);
        prop_assert_eq!(at.taxes.iter().map(|(_, tax)| tax).sum::<i64>(), at.tax);
        prop_assert_eq!(at.net + at.tax + at.rounding, at.total);
        if let Some(step) = terms.round_to {
            prop_assert_eq!(at.total % step, 0);
            prop_assert!(at.rounding.abs() * 2 <= step);
        } else {
            prop_assert_eq!(at.rounding, 0);
        }
        let stages = [Stage { title: "Deposit".into(), share }, Stage { title: "Delivery".into(), share: 2500 }];
        let paid = payments(at.total, &stages, "Balance").unwrap();
        prop_assert_eq!(paid.iter().map(|payment| payment.amount).sum::<i64>(), at.total.max(0));
        prop_assert_eq!(paid.is_empty(), at.total <= 0);
    }

    #[test]
    fn what_is_taxed_is_what_is_left_after_the_discount(
        entries in prop::collection::vec(some_entry(), 1..20),
        terms in some_terms(),
    ) {
        let entries: Vec<Entry> =
            entries.into_iter().map(|entry| Entry { tax: entry.tax.or(Some(0)), mode: Mode::Included, ..entry }).collect();
        let (lines, _) = lines_of(&entries, 2);
        let at = offered(&lines, 4, &terms);
        prop_assume!(at.subtotal != 0);
        prop_assert_eq!(at.taxes.iter().map(|(base, _)| base).sum::<i64>(), at.net);
    }

    #[test]
    fn a_total_is_what_it_was_set_to(
        entries in prop::collection::vec(some_entry(), 1..20),
        terms in some_terms(),
        wanted in -50_000_000..50_000_000_i64,
        digits in prop_oneof![Just(0_u32), Just(2), Just(3)],
    ) {
        let (lines, scalable) = lines_of(&entries, digits);
        let counts = counted(&lines, None).unwrap();
        let set = set_total(&lines, &scalable, &counts, 4, &terms, wanted, digits).unwrap();
        prop_assert_eq!(set.totals.total, wanted);
        // The same comes of what is kept: prices, adjustment, rounding.
        let kept: Vec<Line> = lines.iter().enumerate().map(|(at, line)| match set.prices[at] {
            Some(price) => Line { amount: amount(entries[at].quantity, price, digits).unwrap(), ..line.clone() },
            None => line.clone(),
        }).collect();
        let terms = Terms { adjustment: set.adjustment, rounding: set.rounding, round_to: None, ..terms };
        prop_assert_eq!(totals(&kept, &counts, 4, &terms).unwrap(), set.totals);
    }

    #[test]
    fn a_variation_that_takes_out_mirrors_the_one_that_put_in(
        quantity in 0..5_000_000_i64, cost in 0..50_000_000_i64, pricing in some_pricing(),
    ) {
        let price = unit_price(Fine::of(cost), pricing, 2).unwrap();
        let of = |quantity| amount(Fine::of(quantity), price, 2).unwrap();
        prop_assert_eq!(of(-quantity), -of(quantity));
    }

    #[test]
    fn a_margin_is_what_it_was_asked_to_be_but_for_a_rounding(cost in 100_000..500_000_000_i64, rate in 0..9000_i64) {
        let price = unit_price(Fine::of(cost), Pricing::Margin(rate), 2).unwrap();
        let got = margin_of(price.get(), cost).unwrap();
        prop_assert!((got - rate).abs() <= 10, "{got} of {rate}");
    }

    /// A markup is of the cost and a margin of the price, in currencies of any digits: each is exact but for the rounding of
    /// one price, and of the same rate a margin is dearer.
    #[test]
    fn a_markup_is_of_the_cost_and_a_margin_of_the_price(
        cost in 1_i64..5_000_000, rate in 1_i64..9_900, digits in prop_oneof![Just(0_u32), Just(2), Just(3)],
    ) {
        // Whole units, so that no price is finer than its currency.
        let cost = cost * 10_000;
        let of = |pricing| i128::from(unit_price(Fine::of(cost), pricing, digits).unwrap().get());
        let (markup, margin) = (of(Pricing::Markup(rate)), of(Pricing::Margin(rate)));
        let unit = i128::from(10_i64.pow(4 - digits.min(4)));
        let (cost, rate) = (i128::from(cost), i128::from(rate));
        prop_assert!((markup * 10_000 - cost * (10_000 + rate)).abs() * 2 <= unit * 10_000);
        prop_assert!((margin * (10_000 - rate) - cost * 10_000).abs() * 2 <= unit * (10_000 - rate));
        prop_assert_eq!((markup % unit, margin % unit), (0, 0));
        prop_assert!(markup <= margin);
        prop_assert_eq!(of(Pricing::Markup(0)), cost);
        prop_assert_eq!(of(Pricing::Margin(0)), cost);
    }

    /// Tax by line differs from tax by document by no more than the roundings of the lines, and where all is of one line by
    /// nothing.
    #[test]
    fn tax_by_line_is_off_by_no_more_than_half_a_unit_a_line(
        amounts in prop::collection::vec(0_i64..1_000_000, 1..20), rate in 0_i64..3_000,
    ) {
        let lines: Vec<Line> = amounts.iter().map(|amount| line(*amount, Mode::Included, false)).collect();
        let of = |tax_mode, lines: &[Line]| {
            offered(lines, 1, &Terms { taxes: vec![rate], tax_mode, ..Terms::default() }).tax
        };
        let off = of(TaxMode::Line, &lines) - of(TaxMode::Document, &lines);
        prop_assert!(off.abs() * 2 <= i64::try_from(lines.len()).unwrap() + 1, "{off}");
        prop_assert_eq!(of(TaxMode::Line, &lines[..1]), of(TaxMode::Document, &lines[..1]));
    }
}
