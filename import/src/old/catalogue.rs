//! Materials become items of the catalogue; components and estimate defaults assemblies of them, the one within the other.

use super::Desk;
use super::tables::{COMPONENT_MATERIALS, COMPONENTS, DEFAULT_COMPONENTS, MATERIALS, Made, Part};
use crate::number::Fine;
use crate::report::Weight;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    pub(crate) items: Vec<Json>,
    pub(crate) assemblies: Vec<Json>,
    pub(crate) parts: Vec<Json>,
}

pub(crate) fn item(desk: &Desk<'_>, id: i64) -> Option<String> {
    let material = desk.old.material(id)?;
    desk.belongs.materials.get(&id)?.contains(&desk.firm).then(|| desk.ids.of("items", &id.to_string(), material.at))
}

fn made(desk: &Desk<'_>, what: &str, one: &Made) -> String {
    desk.ids.of(what, &one.id.to_string(), one.at)
}

pub(crate) fn plan(desk: &mut Desk<'_>) -> Catalogue {
    let (old, firm) = (desk.old, desk.firm);
    let mut all = Catalogue::default();
    let uses = |of: &std::collections::BTreeMap<i64, BTreeSet<usize>>, id: i64| {
        of.get(&id).is_some_and(|it| it.contains(&firm))
    };
    let materials: Vec<_> = old.materials.iter().filter(|it| uses(&desk.belongs.materials, it.id)).collect();
    let components: Vec<_> = old.components.iter().filter(|it| uses(&desk.belongs.components, it.id)).collect();
    let defaults: Vec<_> = old.defaults.iter().filter(|it| uses(&desk.belongs.defaults, it.id)).collect();
    for material in &materials {
        let (table, row) = (MATERIALS, material.id);
        let unit = material.unit.as_deref().map(|unit| desk.cut(unit, 20, (table, row, "unit")));
        let supplier = material.supplier.as_deref().map(|it| desk.cut(it, 200, (table, row, "supplier")));
        let cost = desk.cost(material.cost, (table, row, "cost_per_unit"));
        let id = desk.ids.of("items", &row.to_string(), material.at);
        all.items.push(json!({
            "id": id, "name": material.name, "kind": "material", "unit": unit, "cost": cost.text(),
            "supplier": supplier, "valid_from": material.at.map(|at| desk.day(at).to_string()),
            "custom": { "category": material.category },
        }));
    }
    for component in &components {
        all.assemblies.push(json!({
            "id": made(desk, "components", component), "name": component.name, "notes": component.description,
        }));
        // What it costs beside its materials is an item of its own.
        if component.price != Fine::default() {
            let cost = desk.cost(component.price, (COMPONENTS, component.id, "base_price"));
            let item = made(desk, "base-prices", component);
            let name = format!("{} (base price)", component.name);
            all.items.push(json!({ "id": item, "name": name, "kind": "material", "cost": cost.text() }));
            all.parts.push(json!({
                "id": made(desk, "base-parts", component), "name": name, "assembly": made(desk, "components", component),
                "item": item, "quantity": "1",
            }));
        }
    }
    for one in &defaults {
        all.assemblies.push(json!({
            "id": made(desk, "defaults", one), "name": one.name, "notes": one.description,
            "custom": { "category": one.category },
        }));
    }
    let own: BTreeSet<i64> = components.iter().map(|it| it.id).collect();
    for part in old.component_materials.iter().filter(|part| own.contains(&part.of)) {
        let Some(component) = old.component(part.of) else { continue };
        match old.material(part.which) {
            Some(material) => {
                let item = desk.ids.of("items", &material.id.to_string(), material.at);
                let whole = made(desk, "components", component);
                all.parts.push(desk.part("component-parts", part, &material.name, &whole, ("item", &item)));
            }
            None => desk.lacks(COMPONENT_MATERIALS, part.id, "material_id", part.which),
        }
    }
    let own: BTreeSet<i64> = defaults.iter().map(|it| it.id).collect();
    for part in old.default_components.iter().filter(|part| own.contains(&part.of)) {
        let Some(one) = old.estimate_default(part.of) else { continue };
        match old.component(part.which) {
            Some(component) => {
                let nested = made(desk, "components", component);
                let whole = made(desk, "defaults", one);
                all.parts.push(desk.part("default-parts", part, &component.name, &whole, ("nested", &nested)));
            }
            None => desk.lacks(DEFAULT_COMPONENTS, part.id, "component_id", part.which),
        }
    }
    desk.report.count("materials", materials.len(), materials.len());
    desk.report.count("components, defaults", components.len() + defaults.len(), all.assemblies.len());
    let before: i128 = materials.iter().map(|it| it.cost.0).chain(components.iter().map(|it| it.price.0)).sum();
    let after = all.items.iter().filter_map(|item| item["cost"].as_str().and_then(Fine::of)).map(|cost| cost.0).sum();
    desk.fine_total("costs of the catalogue", Fine(before), Fine(after));
    all
}

impl Desk<'_> {
    fn part(&self, what: &str, part: &Part, name: &str, whole: &str, of: (&str, &str)) -> Json {
        let id = self.ids.of(what, &part.id.to_string(), part.at);
        json!({ "id": id, "name": name, "assembly": whole, of.0: of.1, "quantity": part.quantity.text() })
    }

    fn lacks(&mut self, table: &'static str, row: i64, column: &'static str, id: i64) {
        self.report.find(Weight::Left, table, row, column, format!("there is none with the id {id}"));
    }

    /// A cost is not less than nothing.
    fn cost(&mut self, cost: Fine, at: (&'static str, i64, &'static str)) -> Fine {
        if cost.0 >= 0 {
            return cost;
        }
        let what = format!("{} is less than nothing, and comes as nothing", cost.text());
        self.report.find(Weight::Changed, at.0, at.1, at.2, what);
        Fine::default()
    }
}
