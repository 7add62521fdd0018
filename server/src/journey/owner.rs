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
        let services = journey.producer.iter().map(|p| p.service.as_str());
        let services = services.chain(
            journey
                .deliveries
                .iter()
                .filter_map(|d| d.service.as_deref()),
        );
        let message = &journey.message;
        self.of_place(
            message.cluster.as_deref(),
            message.destination.as_deref(),
            &services.collect::<Vec<_>>(),
        )
    }

    /// `services`: those that put or tried the message, as far as they are known.
    pub fn of_place(
        &self,
        cluster: Option<&str>,
        destination: Option<&str>,
        services: &[&str],
    ) -> Option<Owner> {
        let fits = |rule: &&OwnerRule| rule.fits(cluster, destination, services);
        Some(self.0.iter().find(fits)?.owner.clone())
    }
}

impl OwnerRule {
    fn fits(&self, cluster: Option<&str>, destination: Option<&str>, services: &[&str]) -> bool {
        let told = |pattern: &Option<String>, told: Option<&str>| match (pattern, told) {
            (Some(pattern), Some(told)) => matches_pattern(pattern, told),
            // What is not known fits no pattern.
            (Some(_), None) => false,
            (None, _) => true,
        };
        told(&self.cluster, cluster)
            && told(&self.destination, destination)
            && (self.service.as_ref())
                .is_none_or(|pattern| services.iter().any(|name| matches_pattern(pattern, name)))
    }
}
