use leptos::prelude::*;
use waybill_model::access::Action;
use waybill_model::view::UserLine;

use super::settings::SettingsPlaces;
use crate::app::SignedIn;
use crate::data::users::read_users;
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::field::{Choice, TextField, role_options, role_word};
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::posted::{PostForm, posted_problem};
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::time;

#[component]
pub fn UsersPage() -> AnyView {
    let data = read_users();
    let words = &words().settings;
    let may = SignedIn::expect().may(Action::UserAdmin);
    let list = vec![
        section::quiet(words.users_about),
        posted_problem(),
        loaded(data, table),
    ];
    let mut parts = vec![
        view! { <SettingsPlaces/> }.into_any(),
        section::section("users-title", words.users, list),
    ];
    if may {
        parts.push(section::section("add-title", words.add_user, add_user()));
    }
    section::page(words.title, parts)
}

fn add_user() -> Vec<AnyView> {
    let words = words();
    let own = &words.settings;
    let form = view! {
        <PostForm to="/fn/add_user" class="line-form">
            <TextField id="add-name" name="name" label=own.name required=true/>
            <TextField
                id="add-password"
                name="password"
                kind="password"
                label=words.frame.password
                required=true
                autocomplete="new-password"
            />
            <Choice id="add-role" name="role" label=own.role options=role_options()/>
            {section::button(own.add)}
        </PostForm>
    };
    let about = |role, about| section::quiet(format!("{role}: {about}"));
    vec![
        form.into_any(),
        section::group(
            "plain",
            vec![
                about(own.role_viewer, own.role_viewer_about),
                about(own.role_operator, own.role_operator_about),
                about(own.role_admin, own.role_admin_about),
            ],
        ),
    ]
}

fn table(users: Vec<UserLine>) -> AnyView {
    let words = &words().settings;
    let columns = [
        words.name,
        words.role,
        words.created,
        words.last_seen,
        words.actions,
    ];
    let rows = users.into_iter().map(row).collect();
    table::table(words.users, "", columns.map(Column::Text).into(), rows)
}

fn row(user: UserLine) -> AnyView {
    let words = &words().settings;
    let me = SignedIn::expect()
        .0
        .is_some_and(|viewer| viewer.name == user.name);
    let last_seen = match user.last_seen_at {
        Some(at) => time::instant(at),
        None => words.never.into_any(),
    };
    let title = view! {
        {name(&user.name, 48)}
        {me.then(|| view! { <span class="quiet">" (" {words.you} ")"</span> })}
    };
    table::row(vec![
        table::title(title),
        table::cell(role_word(user.role)),
        table::cell(time::instant(user.created_at)),
        table::cell(last_seen),
        table::cell_of("row-actions", row_actions(&user)),
    ])
}

fn row_actions(user: &UserLine) -> AnyView {
    let words = &words().settings;
    let shown = format::shortened(&format::visible(&user.name), 48);
    let id = user.id;
    let role = user.role;
    let owner = user.name.clone();
    view! {
                <Confirm id=format!("role-{id}") label=words.change_role ask=(words.role_ask)(&shown)>
                    <PostForm to="/fn/set_role">
                        <input type="hidden" name="user_id" value=id/>
                        <Choice
                            id=format!("role-of-{id}")
                            name="role"
                            label=words.role
                            options=role_options()
                            chosen=role.name()
                        />
                        {section::button(words.change_role)}
                    </PostForm>
                </Confirm>
                <Confirm id=format!("reset-{id}") label=words.reset_password ask=(words.reset_ask)(&shown)>
                    <PostForm to="/fn/reset_password">
                        // For password managers: whose password it is.
                        <input
                            type="text"
                            autocomplete="username"
                            value=owner
                            hidden=true
                            readonly=true
                        />
                        <input type="hidden" name="user_id" value=id/>
                        <div class="field">
                            <label for=format!("password-of-{id}")>{words.new_password}</label>
                            <input
                                id=format!("password-of-{id}")
                                name="password"
                                type="password"
                                required=true
                                autocomplete="new-password"
                            />
                        </div>
                        {section::button(words.reset_password)}
                    </PostForm>
                </Confirm>
                <Confirm id=format!("remove-{id}") label=words.remove ask=(words.remove_ask)(&shown) danger=true>
                    <PostForm to="/fn/remove_user">
                        <input type="hidden" name="user_id" value=id/>
                        <button class="button danger-fill">{words.remove}</button>
                    </PostForm>
                </Confirm>
    }
    .into_any()
}
