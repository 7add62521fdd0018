//! Whether each name server lets clients write to each broker. It is an operator who takes this
//! permission away, at one name server or at all; the broker itself does not know.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::ask;
use super::told::Told;
use crate::rocketmq::answers::route::Route;
use crate::rocketmq::answers::topic_configs::Permission;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{GET_ROUTEINFO_BY_TOPIC, Request};
use crate::rocketmq::wire::dial::Target;

/// Broker name, then the name servers that have it without the permission to write.
pub(super) type Wiped = BTreeMap<String, Vec<String>>;

pub(super) async fn read(session: &Session<'_>, told: &[Told]) -> Wiped {
    let asked = session.client.namesrv.iter().map(|server| async move {
        let mut wiped = Vec::new();
        for told in told {
            if is_wiped(session, server, told).await == Some(true) {
                wiped.push((told.broker.name.clone(), server.address.clone()));
            }
        }
        wiped
    });
    let mut wiped = Wiped::new();
    for (broker, server) in join_all(asked).await.into_iter().flatten() {
        wiped.entry(broker).or_default().push(server);
    }
    wiped
}

/// Every topic of the broker is wiped at once: the one that has its name tells for all.
async fn is_wiped(session: &Session<'_>, server: &Target, told: &Told) -> Option<bool> {
    let name = &told.broker.name;
    let topics = told.topics.told.as_ref()?;
    let own = topics.get(name)?.perm.map(Permission)?;
    if !own.writes() || !told.broker.is_listed {
        return None;
    }
    let request = Request::new(GET_ROUTEINFO_BY_TOPIC)
        .with("topic", name)
        .with("acceptStandardJsonOnly", true);
    let route: Route = ask::read(session, server, &request).await.ok()?;
    let here = route
        .queue_datas
        .iter()
        .find(|data| data.broker_name == *name)?;
    Some(!Permission(here.perm).writes())
}
