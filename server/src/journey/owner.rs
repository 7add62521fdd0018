//! Whose a message is: the first rule of the configuration that fits.

use waybill_model::access::matches_pattern;
use waybill_model::journey::{Journey, Owner};

/// What is given must all fit; `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRule {
    pub cluster: Option<String>,
    pub destination: Option<String>,
    /// Any service that put or tried the message.
    pub service: Option<String>,
    pub owner: Owner,
}

#[derive(Clone, Debug, Default)]
pub struct Owners(pub Vec<OwnerRule>);

impl Owners {
    pub fn of(&self, journey: &Journey) -> Option<Owner> {
        let rule = self.0.iter().find(|rule| rule.fits(journey))?;
        Some(rule.owner.clone())
    }
}

impl OwnerRule {
    fn fits(&self, journey: &Journey) -> bool {
        let message = &journey.message;
        let services = journey.producer.iter().map(|p| &p.service);
        let mut services =
            services.chain(journey.deliveries.iter().filter_map(|d| d.service.as_ref()));
        let told = |pattern: &Option<String>, told: &Option<String>| match (pattern, told) {
            (Some(pattern), Some(told)) => matches_pattern(pattern, told),
            // What is not known fits no pattern.
            (Some(_), None) => false,
            (None, _) => true,
        };
        told(&self.cluster, &message.cluster)
            && told(&self.destination, &message.destination)
            && (self.service.as_ref())
                .is_none_or(|pattern| services.any(|name| matches_pattern(pattern, name)))
    }
}
