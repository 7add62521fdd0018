//! A question before what cannot be undone. A native dialog opened by attributes alone, so it
//! asks with and without JavaScript.

use leptos::prelude::*;

use crate::i18n::words;

/// `id` is unique on the page; `children` is the form that does it, with its own button.
#[component]
pub fn Confirm(
    id: String,
    /// On the button that opens the dialog.
    label: &'static str,
    /// The effect, in a sentence.
    ask: String,
    /// Its effect cannot be undone.
    #[prop(default = false)]
    danger: bool,
    children: Children,
) -> AnyView {
    let title_id = format!("{id}-title");
    let (opener, closer, titled) = (id.clone(), id.clone(), title_id.clone());
    let class = if danger {
        "button small danger"
    } else {
        "button small"
    };
    view! {
        <button type="button" class=class popovertarget=opener aria-haspopup="dialog">
            {label}
        </button>
        <dialog id=id popover="auto" class="dialog" aria-labelledby=titled>
            <h2 id=title_id>{label}</h2>
            <p>{ask}</p>
            {children()}
            <div class="dialog-buttons">
                <button
                    type="button"
                    class="button"
                    popovertarget=closer
                    popovertargetaction="hide"
                >
                    {words().frame.cancel}
                </button>
            </div>
        </dialog>
    }
    .into_any()
}
