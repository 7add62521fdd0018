//! Where brokers themselves lead messages: bindings, dead letters and retries of what is drawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use waybill_model::access::Sight;
use waybill_model::map::MapEdgeKind;
use waybill_model::problem::Problem;
use waybill_model::topology::{DestinationKind, Route, RouteKind};
use waybill_store::topology::{ListedDestination, destination_key, place_key};

use super::Query;
use super::map::Drawing;
use super::map_broker::{Drawn, add_destination, is_seen, of_broker};
use crate::auth::store_problem;

/// Edges a cluster.
const ROUTES: usize = 500;

type Place<'a> = (Option<&'a str>, &'a str);

impl Query {
    /// Answers the destinations that only a route leads to.
    pub(super) async fn draw_routes(
        &self,
        drawing: &mut Drawing,
        cluster: &str,
        here: &[&Drawn],
        sights: Option<&[Sight]>,
    ) -> Result<Vec<Drawn>, Problem> {
        let Some(topology) = self.topology_of(cluster).await? else {
            return Ok(Vec::new());
        };
        let mut drawn: BTreeMap<Place<'_>, Vec<&Drawn>> = BTreeMap::new();
        for one in here {
            let place = (one.line.namespace.as_deref(), one.line.name.as_str());
            drawn.entry(place).or_default().push(one);
        }
        let from_here = topology.routes.iter().filter(|route| {
            let place = (route.namespace.as_deref(), route.from.as_str());
            drawn.contains_key(&place)
        });
        let from_here: Vec<&Route> = from_here.collect();
        let led = self
            .led_to(drawing, &from_here, &drawn, cluster, sights)
            .await?;
        let mut ends: HashMap<(Place<'_>, bool), &Drawn> = HashMap::new();
        for one in here.iter().copied().chain(&led) {
            let place = (one.line.namespace.as_deref(), one.line.name.as_str());
            let is_exchange = one.line.kind == DestinationKind::Exchange;
            ends.entry((place, is_exchange)).or_insert(one);
        }
        let mut seen = BTreeSet::new();
        for route in from_here {
            if seen.len() >= ROUTES {
                break;
            }
            let kind = kind_of(route.kind);
            let from = drawn
                .get(&(route.namespace.as_deref(), route.from.as_str()))
                .and_then(|all| all.iter().find(|one| leads(route.kind, one)));
            let to = (route.namespace.as_deref(), route.to.as_str());
            let to = ends.get(&(to, route.to_kind == DestinationKind::Exchange));
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            // Many keys may lead the same way.
            if seen.insert((kind, from.id.clone(), to.id.clone())) {
                drawing.flows.push(of_broker(kind, from, &to.id));
            }
        }
        Ok(led)
    }

    /// Targets of dead letters and retries that are not drawn yet.
    async fn led_to(
        &self,
        drawing: &mut Drawing,
        routes: &[&Route],
        drawn: &BTreeMap<Place<'_>, Vec<&Drawn>>,
        cluster: &str,
        sights: Option<&[Sight]>,
    ) -> Result<Vec<Drawn>, Problem> {
        let Some(system) = drawn.values().flatten().next().map(|one| &one.line.system) else {
            return Ok(Vec::new());
        };
        let wanted: BTreeSet<(i64, i64)> = routes
            .iter()
            .filter(|route| route.kind != RouteKind::Binding)
            .filter(|route| !drawn.contains_key(&(route.namespace.as_deref(), &route.to)))
            .map(|route| {
                let namespace = route.namespace.as_deref();
                let key = destination_key(cluster, namespace, route.to_kind, &route.to);
                (place_key(system, &route.to), key)
            })
            .take(ROUTES)
            .collect();
        let places: Vec<i64> = wanted.iter().map(|(place, _)| *place).collect();
        let found = self.store.destination_lines_at(&places, None).await;
        let found = found.map_err(store_problem)?;
        let mut led = Vec::new();
        for listed in found {
            let key = (listed.line.place(), listed.line.key());
            if wanted.contains(&key) && is_seen(&listed.line, sights) {
                // Told apart, whatever else is called so.
                let listed = ListedDestination { alike: 2, ..listed };
                led.push(add_destination(drawing, listed));
            }
        }
        Ok(led)
    }
}

fn kind_of(kind: RouteKind) -> MapEdgeKind {
    match kind {
        RouteKind::Binding => MapEdgeKind::Routes,
        RouteKind::DeadLetter => MapEdgeKind::DeadLetters,
        RouteKind::Retry => MapEdgeKind::Retries,
    }
}

/// Bindings lead from exchanges, dead letters from what holds messages.
fn leads(kind: RouteKind, one: &Drawn) -> bool {
    (kind == RouteKind::Binding) == (one.line.kind == DestinationKind::Exchange)
}
