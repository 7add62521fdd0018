//! Form fields with their labels.

use leptos::prelude::*;
use waybill_model::access::Role;

use crate::i18n::words;

#[component]
pub fn TextField(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    #[prop(default = "")] hint: &'static str,
    #[prop(into, default = String::new())] value: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = false)] required: bool,
    #[prop(default = "off")] autocomplete: &'static str,
) -> AnyView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                type=kind
                value=value
                placeholder=(!hint.is_empty()).then_some(hint)
                required=required
                autocomplete=autocomplete
                spellcheck="false"
            />
        </div>
    }
    .into_any()
}

/// A choice; `options` are value and label.
#[component]
pub fn Choice(
    #[prop(into)] id: String,
    name: &'static str,
    label: &'static str,
    options: Vec<(&'static str, &'static str)>,
    #[prop(into, default = String::new())] chosen: String,
) -> AnyView {
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>
                {options
                    .into_iter()
                    .map(|(value, label)| {
                        view! {
                            <option value=value selected=value == chosen>
                                {label}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </div>
    }
    .into_any()
}

pub fn role_word(role: Role) -> &'static str {
    let words = &words().settings;
    match role {
        Role::Viewer => words.role_viewer,
        Role::Operator => words.role_operator,
        Role::Admin => words.role_admin,
    }
}

pub fn role_options() -> Vec<(&'static str, &'static str)> {
    Role::ALL
        .into_iter()
        .map(|role| (role.name(), role_word(role)))
        .collect()
}
