//! What a descriptor says of pages of records, and of blocks that write.

use super::{Block, Descriptor, LineEditorBlock, Method, Page};

pub(super) fn check(descriptor: &Descriptor, page: &Page, key: &str, say: &mut impl FnMut(String, String)) {
    if let Some(record) = page.record.as_ref().filter(|record| descriptor.collection(record.as_str()).is_none()) {
        say(format!("{key}.record"), format!("there is no collection `{record}` in this plugin"));
    }
    match page.menu {
        None | Some(super::Menu::First) => {}
        Some(super::Menu::More) if page.record.is_some() => {}
        Some(super::Menu::More) => say(format!("{key}.menu"), "`more` is for pages of a record".into()),
        Some(super::Menu::None) => {
            say(format!("{key}.menu"), "a page that is in no menu is reached by nobody".into());
        }
    }
    for (at, block) in page.blocks.iter().enumerate() {
        if let Block::LineEditor(editor) = block {
            line_editor(descriptor, page, editor, &format!("{key}.blocks[{at}]"), say);
        }
    }
}

fn line_editor(
    descriptor: &Descriptor,
    page: &Page,
    editor: &LineEditorBlock,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    let Some(whole) = &page.record else {
        say(key.to_owned(), "lines are those of a record: say of which, with `record` of the page".into());
        return;
    };
    let Some(lines) = descriptor.collection(editor.lines.as_str()) else {
        say(format!("{key}.lines"), format!("there is no collection `{}` in this plugin", editor.lines));
        return;
    };
    let leads = |collection: &super::Collection, field: Option<&str>| {
        field.and_then(|name| collection.field(name)).and_then(|field| field.to.clone())
    };
    if leads(lines, lines.part_of.as_ref().map(crate::name::FieldName::as_str)).as_deref() != Some(whole.as_str()) {
        say(format!("{key}.lines"), format!("`{}` are not parts of `{whole}`", editor.lines));
    }
    let sections = leads(lines, Some(editor.section.as_str()));
    let sections = sections.as_deref().and_then(|name| descriptor.collection(name));
    match sections {
        Some(sections) if sections.part_of.is_some() => {
            if sections.field(editor.position.as_str()).is_none() {
                say(format!("{key}.position"), format!("there is no field `{}` of sections", editor.position));
            }
        }
        _ => say(format!("{key}.section"), format!("`{}` does not refer to parts of the record", editor.section)),
    }
    let named = [&editor.position, &editor.amount].into_iter().chain(editor.fields()).chain(&editor.paste);
    for name in named.filter(|name| lines.field(name.as_str()).is_none()) {
        say(key.to_owned(), format!("there is no field `{name}` of {}", editor.lines));
    }
    let mut route = |what: &str, name: &crate::name::LocalName, method: Method| match descriptor.route(name.as_str()) {
        Some(route) if route.method == method && route.path.matches('{').count() == 1 => {}
        Some(_) => say(format!("{key}.{what}"), format!("`{name}` is not a {} of one record", method.as_str())),
        None => say(format!("{key}.{what}"), format!("there is no route `{name}`")),
    };
    route("totals", &editor.totals, Method::Get);
    for (what, name) in
        [("copy_line", &editor.copy_line), ("copy_section", &editor.copy_section), ("set_total", &editor.set_total)]
    {
        if let Some(name) = name {
            route(what, name, Method::Post);
        }
    }
    if let Some(take) = &editor.take {
        route("take.route", &take.route, Method::Post);
        for from in take.from.values().filter(|from| descriptor.collection(from.as_str()).is_none()) {
            say(format!("{key}.take.from"), format!("there is no collection `{from}` in this plugin"));
        }
    }
}
