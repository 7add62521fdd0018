//! A problem, said in the person's language, with its code and the way out.

use leptos::prelude::*;
use waybill_model::problem::{Code, Problem};

use super::icon::{Icon, icon};
use crate::data::Fault;
use crate::i18n::{Lang, words};
use crate::page::sign_in::SignInForm;

/// In place of a page or a part of it. A session that has ended shows the form to sign in again.
pub fn problem(problem: Problem) -> impl IntoView {
    if problem.code == Code::Unauthenticated {
        return view! { <SignInForm/> }.into_any();
    }
    let words = words();
    view! {
        <section class="problem" role="alert">
            <p class="problem-title">{icon(Icon::Warning)} <span>{words.problem.about(problem.code)}</span></p>
            {said(problem)}
            <p>
                <a class="button" href="/">
                    {words.problem.back}
                </a>
            </p>
        </section>
    }
    .into_any()
}

/// Beside a form that did not do what was asked.
pub fn form_problem(fault: Fault) -> impl IntoView {
    let words = words();
    view! {
        <div class="problem small" role="alert">
            <p class="problem-title">{icon(Icon::Warning)} <span>{words.problem.about(fault.0.code)}</span></p>
            {said(fault.0)}
        </div>
    }
}

/// The code that a plain form's answer carries in its address: `?error=wrong_credentials`.
pub fn code_problem(name: &str) -> impl IntoView + use<> {
    let code = Code::ALL.iter().copied().find(|code| code.name() == name);
    code.map(|code| {
        view! {
            <div class="problem small" role="alert">
                <p class="problem-title">{icon(Icon::Warning)} <span>{words().problem.about(code)}</span></p>
                <p class="quiet">{words().problem.code} " " <code>{code.name()}</code></p>
            </div>
        }
    })
}

/// The server's own sentence and hint are English; other languages show it as a quotation.
fn said(problem: Problem) -> impl IntoView {
    let words = words();
    let lead = (words.lang != Lang::En).then(|| format!("{}：", words.problem.detail));
    let sentence = crate::format::visible(&format!("{} {}", problem.message, problem.hint));
    view! {
        <p>{lead} <span lang="en">{sentence}</span></p>
        <p class="quiet">{words.problem.code} " " <code>{problem.code.name()}</code></p>
    }
}
