//! What a descriptor says of forms on pages of the house: what they ask for is what their route takes.

use super::check::field_rules;
use super::{Block, Descriptor, FieldKind, FormBlock, Method, Page};

/// The most fields of one form.
const MOST: usize = 30;

pub(super) fn check(descriptor: &Descriptor, page: &Page, key: &str, say: &mut impl FnMut(String, String)) {
    if page.link.is_some() {
        return;
    }
    let forms = || {
        page.blocks.iter().enumerate().filter_map(|(at, block)| match block {
            Block::Form(form) => Some((at, form)),
            _ => None,
        })
    };
    for (at, form) in forms() {
        one(descriptor, page, form, &format!("{key}.blocks[{at}]"), say);
    }
    if forms().count() > 1 {
        say(format!("{key}.blocks"), "a page has one form: what else is asked for has a page of its own".into());
    }
    let writes_lines = page.blocks.iter().any(|block| matches!(block, Block::LineEditor(_)));
    if writes_lines && forms().count() > 0 {
        say(format!("{key}.blocks"), "where lines are written there is no other form".into());
    }
}

fn one(descriptor: &Descriptor, page: &Page, form: &FormBlock, key: &str, say: &mut impl FnMut(String, String)) {
    let Some(route) = descriptor.route(form.route.as_str()) else {
        say(format!("{key}.route"), format!("there is no route `{}`", form.route));
        return;
    };
    if route.method != Method::Post {
        say(format!("{key}.route"), format!("`{}` is no POST", form.route));
    }
    let parameters = usize::from(page.record.is_some());
    if route.path.matches('{').count() != parameters {
        let message = format!("on this page the path of `{}` has {parameters} parameters", form.route);
        say(format!("{key}.route"), message);
    }
    if form.fields.len() > MOST {
        say(format!("{key}.fields"), format!("{} fields; at most {MOST}", form.fields.len()));
    }
    let properties = route.body.as_ref().and_then(|body| body["properties"].as_object());
    for (name, field) in &form.fields {
        let key = format!("{key}.fields.{name}");
        field_rules(descriptor, name.as_str(), field, &key, say);
        if field.kind.is_media() || field.is_read_only() || field.derived.is_some() {
            say(key.clone(), "a form asks for what is typed or chosen".into());
        }
        if properties.is_none_or(|properties| !properties.contains_key(name.as_str())) {
            say(key, format!("`{name}` is no property of the body of `{}`", form.route));
        }
    }
    let collection = page.record.as_ref().and_then(|record| descriptor.collection(record.as_str()));
    for name in form.when.keys() {
        let field = collection.and_then(|collection| collection.field(name.as_str()));
        if field.is_none_or(|field| field.kind != FieldKind::Choice) {
            say(format!("{key}.when"), format!("`{name}` is no choice of the record whose page it is"));
        }
    }
}
