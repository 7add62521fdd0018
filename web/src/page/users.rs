use leptos::prelude::*;
use leptos_meta::Title;
use waybill_model::view::UserLine;

use super::settings::SettingsPlaces;
use crate::app::SignedIn;
use crate::data::Fault;
use crate::data::users::{AddUser, RemoveUser, ResetPassword, SetRole, users};
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::field::{Choice, TextField, role_options, role_word};
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::problem::form_problem;
use crate::part::table::Table;
use crate::part::time;

/// What can be done to users; each is a plain form without JavaScript.
#[derive(Clone, Copy)]
struct Acts {
    add: ServerAction<AddUser>,
    set_role: ServerAction<SetRole>,
    reset: ServerAction<ResetPassword>,
    remove: ServerAction<RemoveUser>,
}

#[component]
pub fn UsersPage() -> impl IntoView {
    let acts = Acts {
        add: ServerAction::new(),
        set_role: ServerAction::new(),
        reset: ServerAction::new(),
        remove: ServerAction::new(),
    };
    let data = Resource::new(
        move || {
            (
                acts.add.version().get(),
                acts.set_role.version().get(),
                acts.reset.version().get(),
                acts.remove.version().get(),
            )
        },
        |_| users(),
    );
    let words = &words().settings;
    view! {
        <Title text=words.users/>
        <h1>{words.title}</h1>
        <SettingsPlaces/>
        <section aria-labelledby="users-title">
            <h2 id="users-title">{words.users}</h2>
            <p class="quiet">{words.users_about}</p>
            {problem_of(acts.set_role.value())}
            {problem_of(acts.reset.value())}
            {problem_of(acts.remove.value())}
            {loaded(data, move |users| table(users, acts))}
        </section>
        <section aria-labelledby="add-title">
            <h2 id="add-title">{words.add_user}</h2>
            {problem_of(acts.add.value())}
            <ActionForm action=acts.add attr:class="line-form">
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
            </ActionForm>
            <ul class="quiet plain">
                <li>{words.role_viewer} ": " {words.role_viewer_about}</li>
                <li>{words.role_operator} ": " {words.role_operator_about}</li>
                <li>{words.role_admin} ": " {words.role_admin_about}</li>
            </ul>
        </section>
    }
}

/// Only what went wrong is said; success shows in the list itself.
pub fn problem_of(value: MappedSignal<Option<Result<(), Fault>>>) -> impl IntoView {
    move || match value.get() {
        Some(Err(fault)) => Some(form_problem(fault)),
        _ => None,
    }
}

fn table(users: Vec<UserLine>, acts: Acts) -> impl IntoView {
    let words = &words().settings;
    view! {
        <Table label=words.users>
            <thead>
                <tr>
                    <th scope="col">{words.name}</th>
                    <th scope="col">{words.role}</th>
                    <th scope="col">{words.created}</th>
                    <th scope="col">{words.last_seen}</th>
                    <th scope="col">{words.actions}</th>
                </tr>
            </thead>
            <tbody>{users.into_iter().map(|user| row(user, acts)).collect_view()}</tbody>
        </Table>
    }
}

fn row(user: UserLine, acts: Acts) -> impl IntoView {
    let words = &words().settings;
    let me = SignedIn::expect()
        .0
        .is_some_and(|viewer| viewer.name == user.name);
    let shown = format::shortened(&format::visible(&user.name), 48);
    let last_seen = match user.last_seen_at {
        Some(at) => time::instant(at).into_any(),
        None => words.never.into_any(),
    };
    let id = user.id;
    view! {
        <tr>
            <th scope="row">
                {name(&user.name, 48)}
                {me.then(|| view! { <span class="quiet">" (" {words.you} ")"</span> })}
            </th>
            <td>{role_word(user.role)}</td>
            <td>{time::instant(user.created_at)}</td>
            <td>{last_seen}</td>
            <td class="row-actions">
                <Confirm id=format!("role-{id}") label=words.change_role ask=(words.role_ask)(&shown)>
                    <ActionForm action=acts.set_role attr:class="stack">
                        <input type="hidden" name="user_id" value=id/>
                        <Choice
                            id=format!("role-of-{id}")
                            name="role"
                            label=words.role
                            options=role_options()
                            chosen=user.role.name()
                        />
                        <button class="button primary">{words.change_role}</button>
                    </ActionForm>
                </Confirm>
                <Confirm id=format!("reset-{id}") label=words.reset_password ask=(words.reset_ask)(&shown)>
                    <ActionForm action=acts.reset attr:class="stack">
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
                    </ActionForm>
                </Confirm>
                <Confirm id=format!("remove-{id}") label=words.remove ask=(words.remove_ask)(&shown) danger=true>
                    <ActionForm action=acts.remove>
                        <input type="hidden" name="user_id" value=id/>
                        <button class="button danger-fill">{words.remove}</button>
                    </ActionForm>
                </Confirm>
            </td>
        </tr>
    }
}
