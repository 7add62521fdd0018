use leptos::prelude::*;
use leptos_meta::Title;
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
use crate::part::table::{self, Column};
use crate::part::time;

#[component]
pub fn UsersPage() -> impl IntoView {
    let data = read_users();
    let words = &words().settings;
    let may = SignedIn::expect().may(Action::UserAdmin);
    view! {
        <Title text=words.users/>
        <h1>{words.title}</h1>
        <SettingsPlaces/>
        <section aria-labelledby="users-title">
            <h2 id="users-title">{words.users}</h2>
            <p class="quiet">{words.users_about}</p>
            {posted_problem()}
            {loaded(data, table)}
        </section>
        {may.then(|| view! { <AddUserForm/> })}
    }
}

#[component]
fn AddUserForm() -> impl IntoView {
    let words = &words().settings;
    view! {
        <section aria-labelledby="add-title">
            <h2 id="add-title">{words.add_user}</h2>
            <PostForm to="/fn/add_user" class="line-form">
                <TextField id="add-name" name="name" label=words.name required=true/>
                <TextField
                    id="add-password"
                    name="password"
                    kind="password"
                    label=crate::i18n::words().frame.password
                    required=true
                    autocomplete="new-password"
                />
                <Choice id="add-role" name="role" label=words.role options=role_options()/>
                <button class="button primary">{words.add}</button>
            </PostForm>
            <ul class="quiet plain">
                <li>{words.role_viewer} ": " {words.role_viewer_about}</li>
                <li>{words.role_operator} ": " {words.role_operator_about}</li>
                <li>{words.role_admin} ": " {words.role_admin_about}</li>
            </ul>
        </section>
    }
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
                        <button class="button primary">{words.change_role}</button>
                    </PostForm>
                </Confirm>
                <Confirm id=format!("reset-{id}") label=words.reset_password ask=(words.reset_ask)(&shown)>
                    <PostForm to="/fn/reset_password">
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
                        <button class="button primary">{words.reset_password}</button>
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
