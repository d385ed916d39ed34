//! What is bought and put together: 300 items, and 40 assemblies of them.

use crate::words::SUPPLIERS;
use crate::{Firm, id};
use anyhow::Result;
use serde_json::{Value as Json, json};

pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) unit: &'static str,
    /// In ten-thousandths of a dollar, as unit costs are written.
    pub(crate) cost: i64,
    /// Of one unit.
    pub(crate) minutes: i64,
}

pub(crate) struct Catalogue {
    pub(crate) items: Vec<Item>,
    pub(crate) assemblies: usize,
}

impl Catalogue {
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Item> {
        self.items.iter().filter(|item| item.kind == kind).collect()
    }
}

/// A family of items: what it is, its kind and unit, its variants, its cost in cents, and the minutes that one takes.
type Family = (&'static str, &'static str, &'static str, &'static [&'static str], i64, i64);

const FINISHES: &[&str] =
    &["white melamine", "oak veneer", "walnut veneer", "birch ply", "hoop pine ply", "black laminate"];
const THICK: &[&str] = &["12 mm", "16 mm", "18 mm", "25 mm", "32 mm"];
const WIDE: &[&str] = &["300", "400", "450", "600", "800", "900"];

const FAMILIES: [Family; 22] = [
    ("Board, {f}, {t}", "material", "sheet", THICK, 8_400, 0),
    ("Edging, {f}, {t}", "material", "m", THICK, 240, 1),
    ("Drawer box {w}", "material", "ea", WIDE, 6_150, 12),
    ("Drawer runner, soft close, {w}", "material", "pair", WIDE, 4_420, 6),
    ("Door {w}, {f}", "material", "ea", WIDE, 9_900, 15),
    ("Shelf {w}, adjustable", "material", "ea", WIDE, 2_150, 4),
    ("Kickboard {w}", "material", "ea", WIDE, 1_320, 3),
    ("Hinge, {w} degree", "material", "ea", &["95", "110", "155", "170"], 690, 4),
    (
        "Handle, {w}",
        "material",
        "ea",
        &["brass knob", "steel bar 128", "steel bar 192", "leather pull", "finger rail"],
        1_480,
        5,
    ),
    (
        "Benchtop, {w}, 20 mm",
        "material",
        "m²",
        &["engineered stone", "solid oak", "bamboo", "steel", "terrazzo"],
        42_000,
        20,
    ),
    ("Splashback, {w}", "material", "m²", &["toughened glass", "subway tile", "zellige", "steel"], 21_500, 35),
    ("Lacquer, {w}", "material", "l", &["2-pack matt", "2-pack satin", "hardwax oil", "water clear"], 3_850, 0),
    ("Fixings, {w}", "material", "box", &["confirmat", "chipboard screws", "wall plugs", "shelf pins"], 1_790, 0),
    ("Light strip, {w}", "material", "m", &["warm", "neutral", "dimmable"], 2_950, 8),
    ("Carcass, {w} wide", "labour", "ea", WIDE, 0, 75),
    ("Hours, {w}", "labour", "h", &["bench joiner", "installer", "polisher", "drafting", "apprentice"], 0, 60),
    ("Fit {w} cabinets", "labour", "ea", &["base", "wall", "tall", "corner", "island"], 0, 55),
    ("Electrician, {w}", "subcontract", "ea", &["rough-in", "fit-off", "light circuit", "test"], 38_000, 0),
    ("Plumber, {w}", "subcontract", "ea", &["disconnect", "connect", "move waste"], 34_500, 0),
    ("Stonemason, {w}", "subcontract", "ea", &["measure", "install", "cut-outs"], 52_000, 0),
    ("Hire, {w}", "plant", "day", &["scissor lift", "floor sander", "dust extractor", "truck with crane"], 24_000, 0),
    ("Allowance, {w}", "allowance", "ea", &["tapware", "appliances", "tiles", "light fittings"], 150_000, 0),
];

const COUNT: usize = 300;
const ASSEMBLIES: usize = 40;

/// An hour of the workshop, in cents.
const HOUR: i64 = 5_200;

pub(crate) async fn fill(firm: &mut Firm) -> Result<Catalogue> {
    let gst = json!({ "id": id(), "name": "GST", "rate": 1000, "standard": true });
    firm.owner.create("estimates/tax-codes", vec![gst, json!({ "name": "No tax", "rate": 0 })]).await?;
    let items = items(firm);
    let sent = items.iter().enumerate().map(|(index, item)| sent(firm, index, item)).collect();
    firm.owner.create("estimates/catalog-items", sent).await?;
    assemblies(firm, &items).await?;
    Ok(Catalogue { items, assemblies: ASSEMBLIES })
}

fn items(firm: &mut Firm) -> Vec<Item> {
    let mut items = Vec::with_capacity(COUNT);
    'all: for (finish, spread) in FINISHES.iter().zip([100, 145, 190, 130, 115, 125]) {
        for (pattern, kind, unit, variants, cents, minutes) in FAMILIES {
            // What has no finish is there once.
            if !pattern.contains("{f}") && *finish != FINISHES[0] {
                continue;
            }
            for (step, variant) in (0..).zip(variants) {
                let name = pattern.replace("{f}", finish).replace("{t}", variant).replace("{w}", variant);
                let grown = cents * spread / 100 * (100 + step * 14) / 100;
                let cents = if kind == "labour" { HOUR * minutes / 60 } else { grown + firm.rng.i64(0..90) };
                items.push(Item { id: id(), name, kind, unit, cost: cents * 100, minutes });
                if items.len() == COUNT {
                    break 'all;
                }
            }
        }
    }
    // The rest are made to order, by their size.
    while items.len() < COUNT {
        let size = 600 + 10 * items.len();
        let name = format!("Panel to order, {size} × 2400");
        let cents = 18_000 + firm.rng.i64(0..4_000);
        items.push(Item { id: id(), name, kind: "material", unit: "ea", cost: cents * 100, minutes: 10 });
    }
    items
}

fn sent(firm: &mut Firm, index: usize, item: &Item) -> Json {
    let supplier = (item.kind != "labour").then(|| *firm.one(&SUPPLIERS));
    let waste = if item.unit == "sheet" { 800 } else { 0 };
    let rate = if item.kind == "labour" { 8_500 } else { 3_000 };
    json!({
        "id": item.id, "name": item.name, "code": format!("{}-{:04}", &item.kind[..1].to_uppercase(), index + 1),
        "kind": item.kind, "unit": item.unit, "cost": decimal(item.cost), "pricing": "markup", "rate": rate,
        "waste": waste, "labour_minutes": item.minutes, "supplier": supplier, "valid_from": firm.day(-300).to_string(),
    })
}

/// Four places, as unit costs have.
pub(crate) fn decimal(ten_thousandths: i64) -> String {
    format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000)
}

async fn assemblies(firm: &mut Firm, items: &[Item]) -> Result<()> {
    let mut made = Vec::with_capacity(ASSEMBLIES);
    let mut parts = Vec::new();
    for index in 0..ASSEMBLIES {
        let shape = ["Base cabinet", "Wall cabinet", "Tall cabinet", "Drawer stack", "Wardrobe bay"][index % 5];
        let size = [450, 600, 750, 900, 1000, 1200, 1350, 1500][index / 5];
        let assembly = id();
        made.push(json!({
            "id": assembly, "name": format!("{shape} {size}"), "code": format!("X-{:03}", index + 1), "unit": "ea",
            "labour_minutes": 40 + size / 20,
        }));
        for _ in 0..firm.rng.usize(3..7) {
            let item = firm.one(items);
            let quantity = if item.unit == "sheet" { "0.4".to_owned() } else { firm.rng.u32(1..5).to_string() };
            parts.push(json!({ "assembly": assembly, "name": item.name, "item": item.id, "quantity": quantity }));
        }
    }
    firm.owner.create("estimates/assemblies", made).await?;
    firm.owner.create("estimates/assembly-items", parts).await?;
    Ok(())
}
