//! Grants narrower than a role: no role is given narrower today, so that the questions themselves are
//! asked, on what pollers of a whole application left.

use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::access::Sight;
use waybill_model::destination::{DestinationQuery, Window};
use waybill_model::group::GroupQuery;
use waybill_model::judgement::{GroupEvent, GroupEventKind};
use waybill_model::problem::Code;
use waybill_server::clock;
use waybill_server::journey::{Clusters, KnownCluster, Owners, SearchAttributes};
use waybill_server::query::{Query, series};
use waybill_store::topology::group_key;

use super::*;

const EVERY: Duration = Duration::from_millis(200);

fn known(name: &str) -> KnownCluster {
    KnownCluster {
        name: name.into(),
        system: SYSTEM.into(),
        is_managed: true,
        ..KnownCluster::default()
    }
}

fn sight(cluster: &str, resource: &str) -> Option<Vec<Sight>> {
    Some(vec![Sight {
        cluster: cluster.into(),
        resource: resource.into(),
    }])
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_open_by_cluster_and_name_and_nothing_else_is_told() {
    let mut script = Script::of_topics(&[("orders", 1), ("audit", 1)], "billing");
    script.topology.groups.push(waybill_model::topology::Group {
        name: "watch".into(),
        members: Some(Vec::new()),
        ..Default::default()
    });
    script.commit("watch", "audit", 0, Some(0));
    let (east, west) = (Sim::new(script), orders(1));
    let observed = start(&[("east", &east, EVERY), ("west", &west, EVERY)]).await;
    observed
        .until("both", "/groups", |groups| {
            let told = items(groups)
                .iter()
                .filter(|group| group["lag_messages"].is_u64());
            (told.count() == 3).then_some(())
        })
        .await;
    let query = Query::new(
        observed.database.store().clone(),
        Dialects::builtin(),
        Arc::new(SearchAttributes::new(Vec::<String>::new())),
        Clusters(["east", "west"].map(known).into()),
        Owners(Vec::new()),
    );
    let seen = async |sights: Option<Vec<Sight>>| {
        let destinations = DestinationQuery {
            limit: 10,
            sights: sights.clone(),
            ..DestinationQuery::default()
        };
        let groups = GroupQuery {
            limit: 10,
            sights,
            ..GroupQuery::default()
        };
        let destinations = query.destinations(destinations).await.unwrap().items;
        let groups = query.groups(groups).await.unwrap().items;
        let places = destinations.into_iter().map(|one| {
            format!(
                "{} {}",
                one.line.cluster.unwrap_or_default(),
                one.line.destination
            )
        });
        let groups = groups
            .into_iter()
            .map(|one| format!("{} {}", one.group.cluster, one.group.name));
        let mut names: (Vec<String>, Vec<String>) = (places.collect(), groups.collect());
        names.0.sort();
        names
    };
    for (sights, destinations, groups) in [
        (None, &["east audit", "east orders", "west orders"][..], 3),
        (sight("east", "*"), &["east audit", "east orders"], 2),
        // `billing` reads orders too: its lag would tell of what is hidden.
        (sight("*", "audit"), &["east audit"], 1),
        (sight("west", "ord*"), &["west orders"], 1),
        (sight("north", "*"), &[], 0),
        (Some(Vec::new()), &[], 0),
    ] {
        let told = seen(sights.clone()).await;
        assert_eq!(told.0, destinations, "{sights:?}");
        assert_eq!(told.1.len(), groups, "{sights:?}: {told:?}");
    }

    // By id as in lists, and what is hidden is not told to exist.
    let all = observed.api("/groups?cluster=east&q=billing").await;
    let id = items(&all)[0]["id"].as_str().unwrap();
    let range = series::window(None, None, clock::now()).unwrap();
    let (open, hidden) = (sight("east", "*"), sight("*", "audit"));
    assert!(query.group(id, open.as_deref(), None).await.is_ok());
    assert!(
        query
            .group_lag(id, open.as_deref(), range, None)
            .await
            .is_ok()
    );
    // What it read before, and reads no more, may be hidden as well.
    let read_before = |destination: &str| GroupEvent {
        at: range.from.plus_ms(1_000),
        kind: GroupEventKind::Rewind,
        destination: Some(destination.into()),
        partition: Some("0".into()),
        from: Some(9),
        to: Some(3),
    };
    let key = group_key("east", None, "billing");
    let events = ["orders", "payroll"].map(|name| (key, read_before(name)));
    let store = observed.database.store();
    store.save_group_events(&events).await.unwrap();
    let named = sight("east", "orders")
        .into_iter()
        .chain(sight("east", "audit"))
        .flatten()
        .collect::<Vec<_>>();
    for (sights, expected) in [
        (None, &["orders", "payroll"][..]),
        (Some(&named[..]), &["orders"]),
    ] {
        let told = query.group_lag(id, sights, range, None).await.unwrap();
        let told = told.events.into_iter();
        let mut told: Vec<String> = told.filter_map(|event| event.destination).collect();
        told.sort();
        assert_eq!(told, expected);
    }
    let refused = query.group(id, hidden.as_deref(), None).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    let refused = query
        .group_lag(id, hidden.as_deref(), range, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    let all = observed.api("/destinations?cluster=east&q=orders").await;
    let id = items(&all)[0]["id"].as_str().unwrap();
    let window = Window::default();
    assert!(query.destination(id, window, open.as_deref()).await.is_ok());
    let refused = query
        .destination(id, window, hidden.as_deref())
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    // A cluster that is configured no more shows nothing of what it left.
    let query = Query::new(
        observed.database.store().clone(),
        Dialects::builtin(),
        Arc::new(SearchAttributes::new(Vec::<String>::new())),
        Clusters(vec![known("west")]),
        Owners(Vec::new()),
    );
    let all = DestinationQuery {
        limit: 10,
        ..DestinationQuery::default()
    };
    let left = query.destinations(all).await.unwrap().items;
    assert_eq!(
        (left.len(), left[0].line.cluster.as_deref()),
        (1, Some("west"))
    );
    let refused = query.destination(id, window, None).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    observed.end().await;
}
