//! Grants narrower than a role: no role is given narrower today, so that the questions themselves
//! are asked.

use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::access::Sight;
use waybill_model::destination::Window;
use waybill_model::failure::FailureQuery;
use waybill_model::problem::Code;
use waybill_server::journey::{Clusters, Owners, SearchAttributes};
use waybill_server::query::Query;

use super::{named, some_failures, start};

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_some_destinations_sees_counts_of_those() {
    let (server, store) = start().await;
    some_failures(&server).await;
    let list = server.api("/failures").await;
    let id = named(&list, "shop.Declined")["id"].as_str().unwrap();
    let query = Query::new(
        store,
        Dialects::builtin(),
        Arc::new(SearchAttributes::default()),
        Clusters(Vec::new()),
        Owners::default(),
    );
    let sight = |resource: &str| {
        Some(vec![Sight {
            cluster: "*".into(),
            resource: resource.into(),
        }])
    };
    for (sights, expected) in [
        (None, vec![1, 3]),
        (sight("orders"), vec![1, 2]),
        (sight("mail*"), vec![1]),
        (sight("nothing"), vec![]),
        (Some(Vec::new()), vec![]),
    ] {
        let asked = FailureQuery {
            limit: 10,
            sights: sights.clone(),
            ..FailureQuery::default()
        };
        let found = query.failures(asked).await.unwrap().items;
        let mut attempts: Vec<u64> = found.iter().map(|group| group.attempts).collect();
        attempts.sort_unstable();
        assert_eq!(attempts, expected, "{sights:?}");
    }
    let mails = query
        .failure(id, Window::default(), sight("mails"))
        .await
        .unwrap();
    assert_eq!((mails.group.attempts, mails.group.journeys.total), (1, 1));
    assert_eq!(mails.group.destinations, ["mails"]);
    assert_eq!(mails.group.versions.len(), 1);
    let recent: Vec<_> = mails
        .recent
        .iter()
        .map(|j| j.message.destination.as_deref())
        .collect();
    assert_eq!(recent, [Some("mails")]);
    let trend: u64 = mails
        .group
        .trend
        .points
        .iter()
        .map(|point| point.attempts)
        .sum();
    assert_eq!(trend, 1);
    let hidden = query.failure(id, Window::default(), sight("nothing")).await;
    assert_eq!(hidden.unwrap_err().code, Code::NotFound);
}
