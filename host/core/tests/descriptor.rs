//! Reading `plugin.toml`: what is wrong is named with its line, its key and what would be right.

use lignaflow_core::descriptor::{DescriptorFault, FieldKind, parse};

const GOOD: &str = r#"
id = "notes"
version = "0.1.0"
title = "Notes"
api = "0.1"

[permissions]
publish = "Publish notes"

[[collections]]
name = "notes"
title = { one = "Note", many = "Notes" }
display = "title"
[collections.fields]
title = { type = "text", required = true, search = true }
status = { type = "choice", of = ["draft", "published"], default = "draft" }
parent = { type = "reference", to = "notes" }
hours = { type = "decimal", scale = 2 }
[[collections.transitions]]
name = "publish"
from = ["draft"]
to = "published"
permission = "publish"
locks = true

[[pages]]
name = "overview"
title = "Overview"
[[pages.blocks]]
table = { title = "All", collection = "notes", columns = ["title"] }
"#;

fn faults(text: &str) -> Vec<DescriptorFault> {
    parse(text).expect_err("a fault")
}

/// The example with one line replaced.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_descriptor_is_read_in_its_order() {
    let descriptor = parse(GOOD).unwrap_or_else(|faults| panic!("{faults:?}"));
    let collection = descriptor.collection("notes").unwrap();
    assert_eq!(
        collection.fields.keys().map(lignaflow_core::name::FieldName::as_str).collect::<Vec<_>>(),
        ["title", "status", "parent", "hours"]
    );
    assert_eq!(collection.field("hours").unwrap().kind, FieldKind::Decimal);
    assert_eq!(collection.transition("publish").unwrap().field(), "status");
    assert_eq!(collection.locked_states().collect::<Vec<_>>(), [("status", "published")]);
}

#[test]
fn every_unknown_key_is_told_with_its_line_and_the_nearest_known_one() {
    let text = with("required = true", "requierd = true").replace("display =", "dispaly =");
    let told: Vec<String> = faults(&text).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 13, collections[0].dispaly: unknown key `dispaly`; did you mean `display`?",
            "line 15, collections[0].fields.title.requierd: unknown key `requierd`; did you mean `required`?",
        ]
    );
}

#[test]
fn an_unknown_block_is_told() {
    let found = faults(&with("table = {", "tabel = {"));
    assert_eq!((found[0].line, found[0].message.as_str()), (30, "unknown key `tabel`; did you mean `table`?"));
}

#[test]
fn a_value_of_a_wrong_type_is_told_with_its_line() {
    let found = faults(&with("required = true", "required = \"yes\""));
    assert_eq!(found[0].line, 15);
    assert!(found[0].message.contains("boolean"), "{}", found[0].message);
}

#[test]
fn text_that_is_not_toml_is_told_with_its_line() {
    assert_eq!(faults("id = \"notes\"\nversion = \n")[0].line, 2);
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let text = with("display = \"title\"", "display = \"name\"")
        .replace("to = \"notes\"", "to = \"memos\"")
        .replace("from = [\"draft\"]", "from = [\"darft\"]")
        .replace("permission = \"publish\"", "permission = \"print\"")
        .replace("api = \"0.1\"", "api = \"0.9\"")
        .replace("version = \"0.1.0\"", "version = \"one\"");
    let keys: Vec<(usize, String)> = faults(&text).into_iter().map(|fault| (fault.line, fault.key)).collect();
    let expected = [
        (3, "version"),
        (5, "api"),
        (13, "collections[0].display"),
        (17, "collections[0].fields.parent.to"),
        (23, "collections[0].transitions[0].permission"),
        (19, "collections[0].transitions[0]"),
    ];
    assert_eq!(keys, expected.map(|(line, key)| (line, key.to_owned())));
}

#[test]
fn names_that_would_break_a_table_or_the_api_are_refused() {
    for (from, to, key) in [
        ("id = \"notes\"", "id = \"admin\"", "id"),
        ("hours = {", "organization = {", "collections[0].fields.organization"),
        ("name = \"publish\"", "name = \"summary\"", "collections[0].transitions[0].name"),
    ] {
        assert_eq!(faults(&with(from, to))[0].key, key);
    }
    assert!(faults(&with("id = \"notes\"", "id = \"No tes\""))[0].message.contains("plugin id"));
}

#[test]
fn a_reference_into_another_plugin_needs_a_grant() {
    let text = with("to = \"notes\"", "to = \"projects/tasks\"");
    assert!(faults(&text)[0].message.contains("grants.read"));
    let granted = text.replace("[permissions]", "[grants]\nread = [\"projects/*\"]\n\n[permissions]");
    parse(&granted).unwrap_or_else(|faults| panic!("{faults:?}"));
}

#[test]
fn a_route_may_not_hide_a_collections_own() {
    let route = |path: &str| {
        format!("{GOOD}\n[[routes]]\nname = \"count\"\ntitle = \"Count\"\nmethod = \"GET\"\npath = \"{path}\"\n")
    };
    for path in ["/notes", "/notes/{id}", "/notes/{id}/publish", "/notes/summary", "count", "/Count", "/a/{b-c}"] {
        assert!(parse(&route(path)).is_err(), "{path}");
    }
    for path in ["/count", "/notes/{id}/copy", "/count/{id}"] {
        parse(&route(path)).unwrap_or_else(|faults| panic!("{path}: {faults:?}"));
    }
}

#[test]
fn the_published_schema_knows_every_key_of_the_example() {
    let schema = lignaflow_core::descriptor::json_schema();
    assert!(schema["properties"]["collections"].is_object());
    assert_eq!(schema["additionalProperties"], false);
}

/// Orders with lines, and whatever stands in the place of one line.
fn orders(from: &str, to: &str) -> Vec<(String, String)> {
    const ORDERS: &str = r#"
id = "shop"
version = "0.1.0"
title = "Shop"
api = "0.1"

[[collections]]
name = "orders"
title = { one = "Order", many = "Orders" }
display = "title"
unique = [{ fields = ["title"], where = "status = open", message = "One at a time." }]
checks = [{ rule = "due >= start", field = "due", message = "Not before the start." }]
[collections.fields]
title = { type = "text", required = true }
number = { type = "text", sequence = { format = "O-{n:4}", on = "place" } }
status = { type = "choice", of = ["open", "placed"], default = "open" }
start = { type = "date" }
due = { type = "date" }
rebate = { type = "percent" }
net = { type = "money", derived = "sum(lines.amount)" }
gross = { type = "money", derived = "net * (1 - coalesce(rebate, 0))" }
[[collections.transitions]]
name = "place"
from = ["open"]
to = "placed"
locks = true

[[collections]]
name = "lines"
title = { one = "Line", many = "Lines" }
display = "title"
part_of = "order"
[collections.fields]
title = { type = "text", required = true }
order = { type = "reference", to = "orders", required = true }
after = { type = "reference", to = "lines", acyclic = true, on_delete = "cascade" }
quantity = { type = "decimal" }
price = { type = "money" }
amount = { type = "money", derived = "quantity * price" }
"#;
    assert!(ORDERS.contains(from), "{from}");
    match parse(&ORDERS.replacen(from, to, 1)) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| (fault.key, fault.message)).collect(),
    }
}

#[test]
fn what_is_declared_of_records_that_belong_together_is_read() {
    assert_eq!(orders("title", "title"), []);
}

#[test]
fn what_cannot_hold_of_records_that_belong_together_is_told_at_its_key() {
    let lines = "collections[1]";
    for (from, to, key, says) in [
        ("part_of = \"order\"", "part_of = \"after\"", format!("{lines}.part_of"), "must be a required reference"),
        ("part_of = \"order\"", "part_of = \"oder\"", format!("{lines}.part_of"), "is not a field"),
        (
            "to = \"orders\", required = true",
            "to = \"lines\", required = true",
            format!("{lines}.part_of"),
            "another collection",
        ),
        (
            "to = \"lines\", acyclic",
            "to = \"orders\", acyclic",
            format!("{lines}.fields.after.acyclic"),
            "its own collection",
        ),
        (
            "type = \"reference\", to = \"lines\"",
            "type = \"references\", to = \"lines\"",
            format!("{lines}.fields.after.on_delete"),
            "single reference",
        ),
    ] {
        let told = orders(from, to);
        assert!(told.iter().any(|(at, message)| *at == key && message.contains(says)), "{to}: {told:?}");
    }
}

#[test]
fn a_calculation_that_makes_no_sense_is_told_at_its_field() {
    let net = "derived = \"sum(lines.amount)\"";
    for (formula, says) in [
        ("sum(lines.amuont)", "no field `amuont` in `lines`"),
        ("lines.amount", "say sum, min or max of it"),
        ("sum(orders.net)", "are no parts"),
        ("sum(lines.title)", "of which this cannot be taken"),
        ("count(lines)", "it comes to a number, and the field holds money"),
        ("gorss * 2", "did you mean `gross`?"),
        ("gross * gross", "money cannot be multiplied by money"),
        ("gross + 1", "money cannot be added to a number"),
        ("gross", "it depends on itself"),
        ("smu(lines.amount)", "did you mean `sum`?"),
        ("status", "it comes to a text"),
        ("net +", "it ends too early"),
    ] {
        let told = orders(net, &format!("derived = \"{formula}\""));
        assert!(
            told.iter().any(|(at, message)| at.contains("fields.") && message.contains(says)),
            "{formula}: {told:?}"
        );
    }
}

#[test]
fn numbers_conditions_and_checks_are_told_where_they_stand() {
    let orders_key = "collections[0]";
    for (from, to, key, says) in [
        ("O-{n:4}", "O-{m}", format!("{orders_key}.fields.number.sequence.format"), "not a format"),
        (
            "on = \"place\"",
            "on = \"plaec\"",
            format!("{orders_key}.fields.number.sequence.on"),
            "no transition `plaec`",
        ),
        (
            "number = { type = \"text\"",
            "number = { type = \"integer\"",
            format!("{orders_key}.fields.number.sequence"),
            "a number is a text",
        ),
        ("number = {", "number = { required = true,", format!("{orders_key}.fields.number"), "neither required"),
        ("status = open\"", "staus = open\"", format!("{orders_key}.unique[0].where"), "status"),
        ("due >= start", "due >= ", format!("{orders_key}.checks[0].rule"), "character"),
        ("due >= start", "has(records.write)", format!("{orders_key}.checks[0].rule"), "own fields alone"),
        ("due >= start", "due >= today", format!("{orders_key}.checks[0].rule"), "own fields alone"),
        ("field = \"due\"", "field = \"deu\"", format!("{orders_key}.checks[0].field"), "no field `deu`"),
    ] {
        let told = orders(from, to);
        assert!(told.iter().any(|(at, message)| *at == key && message.contains(says)), "{to}: {told:?}");
    }
}

#[test]
fn an_access_rule_is_held_against_the_fields() {
    let text = with("[collections.fields]", "[collections.access]\nread = \"stauts = draft\"\n[collections.fields]");
    let found = faults(&text.replace("scale = 2 }", "scale = 2, write = \"has(publsh)\" }"));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 15, collections[0].access.read: character 1: `notes` has no field `stauts`; did you mean `status`?",
            "line 20, collections[0].fields.hours.write: character 5: `notes` declares no permission `publsh`; did you \
             mean `publish`?",
        ]
    );
    let named = faults(&with("search = true }", "search = true, read = \"has(publish)\" }"));
    assert!(named[0].message.contains("a record is called by it"), "{}", named[0].message);
}

#[test]
fn jobs_and_subscriptions_are_checked_where_they_stand() {
    let good = format!(
        "{GOOD}\n[[jobs]]\nname = \"remind\"\nschedule = \"0 16 * * 5\"\n\n\
         [[subscriptions]]\ncollection = \"notes\"\non = [\"insert\", \"publish\"]\n"
    );
    let descriptor = parse(&good).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert!(descriptor.needs_code());
    assert_eq!(descriptor.job("remind").unwrap().attempts(), 8);
    let told = |change: &str, to: &str| {
        let text = good.replacen(change, to, 1);
        let found = faults(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].key.clone(), found[0].message.clone(), found[0].line > 0)
    };
    let fault = |key: &str, message: &str| (key.to_owned(), message.to_owned(), true);
    assert_eq!(told("0 16 * * 5", "0 25 * * 5"), fault("jobs[0].schedule", "an hour is 0 to 23, not `25`"));
    assert_eq!(
        told("schedule = \"0 16 * * 5\"", "attempts = 0"),
        fault("jobs[0].attempts", "a job is tried 1 to 20 times")
    );
    assert_eq!(
        told("[\"insert\", \"publish\"]", "[\"insert\", \"burn\"]"),
        fault("subscriptions[0].on", "`burn` is neither insert, update, remove, restore, nor a transition of `notes`")
    );
    assert_eq!(
        told("collection = \"notes\"\non", "collection = \"projects/tasks\"\non"),
        fault(
            "subscriptions[0].collection",
            "`projects/tasks` belongs to another plugin and is not among `grants.read`"
        )
    );
}

#[test]
fn a_block_of_routes_names_those_that_there_are_and_of_the_right_method() {
    let text = with(
        "[[pages.blocks]]\n",
        "[[pages.blocks]]\ntimer = { title = \"T\", data = \"state\", start = \"state\", stop = \"halt\", record = \"nots\" }\n\
         [[pages.blocks]]\n",
    );
    let route = "\n[[routes]]\nname = \"state\"\ntitle = \"State\"\nmethod = \"GET\"\npath = \"/state\"\n";
    let told: Vec<(String, String)> =
        faults(&format!("{text}{route}")).into_iter().map(|fault| (fault.key, fault.message)).collect();
    let expected = [
        ("pages[0].blocks[0].start", "the route `state` has to be a POST"),
        ("pages[0].blocks[0].stop", "there is no route `halt`"),
        ("pages[0].blocks[0].record", "there is no collection `nots`"),
    ];
    assert_eq!(told, expected.map(|(key, message)| (key.to_owned(), message.to_owned())));
}

#[test]
fn only_what_code_alone_writes_is_written_past_a_lock() {
    let text = with(
        "hours = { type = \"decimal\", scale = 2 }",
        "hours = { type = \"decimal\", scale = 2, even_locked = true }",
    );
    assert!(faults(&text)[0].message.contains("`read_only`"));
}

/// The example with a page that links open.
fn opened(blocks: &str) -> String {
    let grants = "api = \"0.1\"\n[grants]\nlinks = true\nmail = true\n";
    format!(
        "{}\n[[routes]]\nname = \"sign\"\ntitle = \"Sign\"\nmethod = \"POST\"\npath = \"/notes/{{id}}/sign\"\n\
         [[pages]]\nname = \"note\"\ntitle = \"Note\"\nlink = {{ subject = \"notes\", routes = [\"sign\"] }}\n{blocks}",
        with("api = \"0.1\"\n", grants)
    )
}

#[test]
fn a_page_that_links_open_shows_and_calls_what_it_names() {
    let good = "[[pages.blocks]]\ndetail = { fields = [\"title\", \"parent.title\"] }\n\
                [[pages.blocks]]\ntable = { title = \"Below\", collection = \"notes\", via = \"parent\", columns = [\"title\"] }\n\
                [[pages.blocks]]\nform = { route = \"sign\", when = { status = [\"draft\"] } }\n";
    parse(&opened(good)).unwrap_or_else(|faults| panic!("{faults:?}"));
    for (block, says) in [
        ("detail = { fields = [\"parent\"] }", "is a reference"),
        ("table = { title = \"All\", collection = \"notes\", columns = [\"title\"] }", "needs `via`"),
        ("form = { route = \"other\" }", "not among the routes"),
        ("form = { route = \"sign\", when = { title = [\"a\"] } }", "is no choice"),
        ("figure = { title = \"All\", collection = \"notes\" }", "no figures"),
    ] {
        let found = faults(&opened(&format!("[[pages.blocks]]\n{block}\n")));
        assert!(found.iter().any(|fault| fault.to_string().contains(says)), "{block}: {found:?}");
    }
}

#[test]
fn letters_and_links_want_their_grants() {
    let text = opened("blocks = []\n").replace("links = true\nmail = true\n", "");
    let text = format!("{text}[[mails]]\nname = \"a\"\ntitle = \"A\"\nsubject = \"Hi {{open\"\ntext = \"x\"\n");
    let found: Vec<String> = faults(&text).iter().map(ToString::to_string).collect();
    for says in ["links = true", "mail = true", "no closing brace"] {
        assert!(found.iter().any(|fault| fault.contains(says)), "{says}: {found:?}");
    }
}

#[test]
fn a_page_of_a_record_has_tables_and_sheets_of_that_record() {
    const TOLD: &str = r#"
id = "told"
version = "0.1.0"
title = "Told"
api = "0.1"
[[collections]]
name = "notes"
title = { one = "Note", many = "Notes" }
display = "title"
[collections.fields]
title = { type = "text", required = true }
[[routes]]
name = "told"
title = "Told"
method = "GET"
path = "/notes/{id}/told"
query = { from = { type = "string" }, until = { type = "string" } }
[routes.answer]
json = { type = "object" }
table = { title = { type = "text" } }
[[routes]]
name = "all"
title = "All"
method = "GET"
path = "/all"
[routes.answer]
json = { type = "object" }
table = { title = { type = "text" } }
[[routes]]
name = "book"
title = "Book"
method = "GET"
path = "/notes/{id}/book"
query = { from = { type = "string" }, until = { type = "string" } }
answer = { file = "text/csv" }
[[pages]]
name = "told"
title = "Told"
record = "notes"
"#;
    let with = |block: &str| format!("{TOLD}[[pages.blocks]]\n{block}\n");
    for good in [
        "statement = { title = \"Told\", route = \"told\" }",
        "statement = { title = \"Told\", route = \"told\", period = \"this-month\", file = { title = \"Book\", route = \"book\" } }",
        "sheet = { route = \"told\" }",
    ] {
        parse(&with(good)).unwrap_or_else(|faults| panic!("{good}: {faults:?}"));
    }
    for (block, says) in [
        ("statement = { title = \"All\", route = \"all\" }", "has one parameter, the record"),
        (
            "statement = { title = \"Told\", route = \"told\", fields = { id = { type = \"reference\", to = \"notes\" } } }",
            "is the record whose page it is",
        ),
        ("report = { title = \"Notes\", collection = \"notes\" }", "a page of its own"),
        (
            "statement = { title = \"Told\", route = \"told\", file = { title = \"B\", route = \"all\" } }",
            "answers with a `file`",
        ),
        (
            "statement = { title = \"Told\", route = \"told\", file = { title = \"B\", route = \"none\" } }",
            "there is no route",
        ),
        ("sheet = { route = \"all\" }", "is not a GET of one record"),
    ] {
        let found = faults(&with(block));
        assert!(found.iter().any(|fault| fault.to_string().contains(says)), "{block}: {found:?}");
    }
}
