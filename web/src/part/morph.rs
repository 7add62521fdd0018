//! Makes what stands in the page equal to newer HTML of the server, by changing what differs.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlTemplateElement, Node};

/// Elements that the browser fills by itself: left alone.
const OWN: &str = "data-own";

/// Whether there is such an element.
pub fn morph(id: &str, html: &str) -> bool {
    let Some(old) = document().get_element_by_id(id) else {
        return false;
    };
    let Some(new) = document()
        .create_element("template")
        .ok()
        .and_then(|element| element.dyn_into::<HtmlTemplateElement>().ok())
    else {
        return false;
    };
    new.set_inner_html(html);
    children(&old, &new.content());
    true
}

fn children(old: &Node, new: &Node) {
    let (mut at, mut next) = (old.first_child(), new.first_child());
    loop {
        // Taken before either is moved.
        let after = at.as_ref().and_then(Node::next_sibling);
        let following = next.as_ref().and_then(Node::next_sibling);
        match (at, next) {
            (Some(was), Some(is)) => one(old, &was, &is),
            (Some(was), None) => drop(old.remove_child(&was)),
            (None, Some(is)) => drop(old.append_child(&is)),
            (None, None) => return,
        }
        (at, next) = (after, following);
    }
}

fn one(parent: &Node, was: &Node, is: &Node) {
    if was.is_equal_node(Some(is)) {
        return;
    }
    if was.node_name() != is.node_name() {
        drop(parent.replace_child(is, was));
        return;
    }
    match (was.dyn_ref::<Element>(), is.dyn_ref::<Element>()) {
        (Some(was), Some(is)) => {
            if !was.has_attribute(OWN) {
                attributes(was, is);
                children(was, is);
            }
        }
        _ => was.set_node_value(is.node_value().as_deref()),
    }
}

/// What a person has unfolded stays so.
fn attributes(was: &Element, is: &Element) {
    let names = |element: &Element| {
        let names = element.get_attribute_names();
        (0..names.length()).filter_map(move |at| names.get(at).as_string())
    };
    for name in names(was) {
        if name != "open" && !is.has_attribute(&name) {
            drop(was.remove_attribute(&name));
        }
    }
    for name in names(is) {
        let value = is.get_attribute(&name);
        if name != "open" && was.get_attribute(&name) != value {
            drop(was.set_attribute(&name, &value.unwrap_or_default()));
        }
    }
}
