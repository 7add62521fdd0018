//! What people say of a kind of failure: plain forms, each answered by this page again.

use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use waybill_model::failure::{FailureGroup, OwnerSetBy};
use waybill_model::time::Timestamp;

use super::sheet;
use crate::data::Fault;
use crate::data::asked::Asked;
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::name::name;
use crate::part::posted::PostForm;
use crate::part::problem::form_problem;
use crate::part::section;

/// Who may not change it reads what was said.
pub fn forms(group: &FailureGroup, asked: &Asked, may_change: bool, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let changed = group.changed_by.as_deref().zip(group.changed_at);
    let changed = changed.map(|(by, at)| {
        let by = format::shortened(&format::visible(by), 60);
        section::quiet((own.changed)(&by, &format::instant(at)))
    });
    let problem = asked
        .text("__err")
        .map(|error| form_problem(ServerFnUrlError::<Fault>::decode_err(error)).into_any());
    let mut parts: Vec<AnyView> = problem.into_iter().collect();
    if may_change {
        parts.push(say(group));
        parts.push(mute(group, now));
    } else if let Some(note) = group.note.as_deref() {
        parts.push(view! { <p class="note">{name(note, 2_000)}</p> }.into_any());
    }
    parts.extend(changed);
    if parts.is_empty() {
        return ().into_any();
    }
    section::section("say-title", own.what_people_say, parts)
}

fn say(group: &FailureGroup) -> AnyView {
    let own = &words().failure;
    let by_hand = group.owner_set_by == Some(OwnerSetBy::Hand);
    let owner = group.owner.as_deref().filter(|_| by_hand);
    let owner = sheet::field("say-owner", "owner", own.owner, owner.unwrap_or_default());
    let note = group.note.clone().unwrap_or_default();
    let id = group.id.clone();
    view! {
        <PostForm to="/fn/change_failure" class="stack say">
            <input type="hidden" name="id" value=id/>
            {owner}
            {section::quiet(own.owner_clears)}
            <div class="field">
                <label for="say-note">{own.note}</label>
                <textarea id="say-note" name="note" rows="4" maxlength="2000">{note}</textarea>
            </div>
            <div>{section::button(own.save)}</div>
        </PostForm>
    }
    .into_any()
}

fn mute(group: &FailureGroup, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let id = group.id.clone();
    if group.muted_until.is_some_and(|until| until > now) {
        return view! {
            <PostForm to="/fn/mute_failure">
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="hours" value="0"/>
                <div><button class="button">{own.unmute}</button></div>
            </PostForm>
        }
        .into_any();
    }
    let times = [
        ("1", own.mute_1h),
        ("24", own.mute_24h),
        ("168", own.mute_7d),
        ("720", own.mute_30d),
    ];
    let times = times.map(|(hours, label)| (hours.to_owned(), label.to_owned()));
    view! {
        <div>
            <Confirm id="mute".to_owned() label=own.mute ask=own.mute_ask.to_owned()>
                <PostForm to="/fn/mute_failure">
                    <input type="hidden" name="id" value=id/>
                    {sheet::choice("mute-hours", "hours", own.mute_for, times.into(), "24")}
                    {section::button(own.mute)}
                </PostForm>
            </Confirm>
        </div>
    }
    .into_any()
}
