//! Whether a member is told or named as unknown, never both and never neither.

use waybill_model::topology::Unknown;

/// The lists that may name a member: that of the object first, then those of what holds it.
pub(super) struct Lists<'a> {
    pub what: String,
    pub own: &'a [Unknown],
    /// The holder's list, and what it calls the objects inside.
    pub holder: (&'a [Unknown], &'static str),
}

impl Lists<'_> {
    /// Adds to `broken` what is neither told nor named, or both.
    pub fn check(&self, broken: &mut Vec<String>, members: &[(&str, bool)]) {
        for (member, told) in members {
            let here = self.own.iter().any(|u| u.member == *member);
            let (holder, objects) = self.holder;
            let dotted = format!("{objects}.{member}");
            let above = holder
                .iter()
                .any(|u| u.member == objects || u.member == dotted);
            match (told, here || above) {
                (false, false) => {
                    broken.push(format!(
                        "{}: {member} is unknown without a reason",
                        self.what
                    ));
                }
                (true, _) if here => {
                    broken.push(format!(
                        "{}: {member} is told, and named as unknown",
                        self.what
                    ));
                }
                _ => {}
            }
        }
    }
}
