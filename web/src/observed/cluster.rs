//! One cluster: whether it answers, its nodes, what may not be read and how to grant it.

use leptos::prelude::*;
use waybill_model::cluster::Cluster;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::Node;

use super::age::age;
use super::cluster_health::{has_alarm, health, reason};
use super::clusters::{UNTOLD, age_of, gap_of, nodes, risks};
use super::gap::{Gap, Gaps, known};
use super::known_clusters::{KnownClusters, band, swatch};
use super::sheet::{self, Col, own};
use crate::data::asked::now;
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::figure::figure;
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::{section, table, time};
use crate::routes::link;

pub async fn page(id: String) -> Result<Island, Problem> {
    let cluster = crate::data::port().cluster(id).await?;
    let title = format::shortened(&format::visible(&cluster.name), 60);
    let watched = match cluster.managed {
        true => Watched::Cluster(cluster.name.clone()),
        false => Watched::Spans,
    };
    let view = shown(&cluster, now());
    Ok(Island::of(title, watched, view))
}

fn shown(cluster: &Cluster, now: Timestamp) -> AnyView {
    let words = words();
    let gap = gap_of(cluster, &KnownClusters(vec![cluster.clone()]));
    let mut parts = vec![band(cluster.colour.clone()), head(cluster)];
    if !cluster.managed {
        let about = words.cluster.unmanaged_about;
        parts.push(sheet::notice("", Icon::Off, about.into_any()));
    }
    parts.push(figures(cluster, gap));
    if cluster.managed {
        parts.push(connection(cluster, now));
    }
    if let Some(nodes) = &cluster.nodes {
        parts.push(node_table(cluster, nodes));
        parts.push(alarms(cluster, nodes));
    }
    if cluster.managed {
        parts.push(rights(cluster));
    }
    let gaps = Gaps {
        reasons: &cluster.reasons,
        otherwise: gap,
    };
    parts.push(gaps.section(cluster.unknown.iter().copied()));
    parts.into_any()
}

fn head(cluster: &Cluster) -> AnyView {
    let words = words();
    let own = &words.cluster;
    let label = cluster
        .words
        .as_ref()
        .map_or(&cluster.broker, |words| &words.label);
    let tag = |text: &str| view! { <span class="tag">{name(text, 40)}</span> };
    let of = if cluster.configured {
        format!("?cluster={}", link::encode(&cluster.name))
    } else {
        format!("?system={}", link::encode(&cluster.broker))
    };
    let groups = cluster.managed.then(|| {
        let href = format!("/groups{of}");
        view! { <a href=href>{own.show_groups}</a> }
    });
    let durability = cluster.risks.is_some().then(|| {
        let href = link::durability(&cluster.id);
        view! { <a href=href>{words.durability.show}</a> }
    });
    view! {
        <div class="page-head object-head">
            <div class="object-name">
                <h1 class="cluster-chip">{swatch(cluster.colour.clone())} {name(&cluster.name, 80)}</h1>
                <p class="tags">
                    {health(cluster)} {tag(label)} {cluster.version.as_deref().map(tag)}
                    {cluster.site.as_deref().map(tag)}
                </p>
            </div>
            <p class="object-links">
                <a href=format!("/destinations{of}")>{own.show_destinations}</a>
                {groups}
                {durability}
            </p>
        </div>
    }
    .into_any()
}

fn figures(cluster: &Cluster, gap: Gap) -> AnyView {
    let words = words();
    let own_words = &words.cluster;
    let broker = cluster.words.as_ref();
    let actions = match cluster.actions {
        "replay" => own_words.actions_replay,
        "all" => own_words.actions_all,
        _ => own_words.actions_off,
    };
    let capability = |name: &&str| match *name {
        "observe" => own_words.can_observe,
        "browse" => own_words.can_browse,
        _ => own_words.can_journeys,
    };
    let read: Vec<&str> = cluster.capabilities.iter().map(capability).collect();
    let groups = own(
        words.observed.groups,
        broker.map(|words| words.group.as_str()),
    );
    let labelled = |label: String, value: AnyView| {
        view! { <div class="figure"><dt>{label}</dt><dd class="num">{value}</dd></div> }.into_any()
    };
    let gaps = Gaps {
        reasons: &cluster.reasons,
        otherwise: gap,
    };
    let text = |text: &Option<String>| text.as_deref().map(format::visible);
    let small = |text: String| view! { <span class="figure-text">{text}</span> };
    section::figures(vec![
        figure(own_words.nodes, known(nodes(cluster), gap)),
        figure(
            own_words.version,
            gaps.known("version", text(&cluster.version)),
        ),
        figure(
            own_words.controller,
            gaps.known("controller", text(&cluster.controller)),
        ),
        figure(
            own_words.cluster_id,
            gaps.known("cluster_id", text(&cluster.cluster_id)),
        ),
        figure(
            words.destination.title,
            known(cluster.destination_count.map(format::count), gap),
        ),
        labelled(groups, known(cluster.group_count.map(format::count), gap)),
        figure(own_words.connections, connections(cluster, &gaps)),
        figure(words.durability.risks, risks(cluster, gap)),
        figure(own_words.actions, small(actions.to_owned())),
        figure(own_words.capabilities, small(read.join(", "))),
    ])
}

/// How many there are, and under it the states that they are in.
fn connections(cluster: &Cluster, gaps: &Gaps<'_>) -> AnyView {
    let under = cluster.connection_states.as_ref().map(|states| {
        let states = states
            .iter()
            .map(|(state, count)| format!("{} {}", format::visible(state), format::count(*count)));
        let text = states.collect::<Vec<_>>().join(", ");
        view! { <span class="figure-under" lang="en">{text}</span> }
    });
    view! {
        {gaps.known("connections", cluster.connections.map(format::count))}
        {under}
    }
    .into_any()
}

/// The state of the connection by its name, with what to do about it.
fn connection(cluster: &Cluster, now: Timestamp) -> AnyView {
    let words = words();
    let own = &words.cluster;
    let state = match &cluster.refused {
        Some(refused) => {
            let content = view! {
                <p><strong>{reason(refused)}</strong> " " <code>{refused.reason.clone()}</code> " "
                    {own.since} " " {time::ago(refused.at, now)}</p>
                <p lang="en">{name(&refused.detail, 300)}</p>
                <p>{own.hint} ": " <span lang="en">{name(&refused.hint, 400)}</span></p>
            };
            sheet::notice("bad", Icon::Cross, content.into_any())
        }
        None if cluster.as_of.is_some() => section::quiet(own.connection_good),
        None => section::quiet(words.cluster.unread),
    };
    let topology = super::age::Age {
        as_of: cluster.topology_as_of,
        stale: cluster.topology_stale == Some(true),
        missing_since: None,
    };
    let every = cluster
        .poll_interval_ms
        .map(|ms| format::duration(ms as f64));
    let figures = section::figures(vec![
        figure(own.poll_every, known(every, UNTOLD)),
        figure(own.readings, age(age_of(cluster), now)),
        figure(own.topology, age(topology, now)),
    ]);
    section::section("connection-title", own.connection, vec![state, figures])
}

fn node_table(cluster: &Cluster, nodes: &[Node]) -> AnyView {
    let words = words();
    let own = &words.cluster;
    let columns = vec![
        Col::text(own.node),
        Col::text(words.observed.state),
        Col::text(own.address),
        Col::text(own.roles),
        Col::text(own.version),
        Col::text(own.rack),
        Col::number(own.leads),
        Col::number(own.memory),
        Col::number(own.disk_free),
        Col::number(words.observed.stored),
        Col::number(own.uptime),
    ];
    let rows = nodes.iter().map(|node| node_row(node, cluster)).collect();
    let shown = sheet::table(own.nodes, "", columns, rows);
    section::section("nodes-title", own.nodes, vec![shown])
}

fn node_row(node: &Node, cluster: &Cluster) -> AnyView {
    let own = &words().cluster;
    let gaps = Gaps {
        reasons: &node.unknown,
        otherwise: UNTOLD,
    };
    let text = |member: &str, text: &Option<String>| match text {
        Some(text) => name(text, 48),
        None => gaps.known(member, None),
    };
    let running = match node.running {
        Some(true) => own.running.into_any(),
        Some(false) => view! { <strong class="failed">{own.stopped}</strong> }.into_any(),
        None => gaps.known("running", None),
    };
    let is_controller = cluster.controller.as_deref() == Some(node.id.as_str());
    let controller = is_controller.then(|| view! { " " <span class="tag">{own.controller}</span> });
    let memory = node
        .used_memory_bytes
        .map(|used| match node.memory_limit_bytes {
            Some(limit) => (own.memory_of)(&format::bytes(used), &format::bytes(limit)),
            None => format::bytes(used),
        });
    let bytes = |member: &str, bytes: Option<u64>| gaps.known(member, bytes.map(format::bytes));
    let uptime = node.uptime_ms.map(|ms| format::duration(ms as f64));
    table::row(vec![
        table::title(view! { {name(&node.id, 48)} {controller} }),
        table::cell(running),
        table::cell(text("address", &node.address)),
        table::cell(if node.roles.is_empty() {
            "–".into_any()
        } else {
            name(&node.roles.join(", "), 48)
        }),
        table::cell(text("version", &node.version)),
        table::cell(text("rack", &node.rack)),
        table::number(gaps.known("leads", node.leads.map(format::count))),
        table::number(gaps.known("used_memory_bytes", memory)),
        table::number(bytes("free_disk_bytes", node.free_disk_bytes)),
        table::number(bytes("stored_bytes", node.stored_bytes)),
        table::number(gaps.known("uptime_ms", uptime)),
    ])
}

fn alarms(cluster: &Cluster, nodes: &[Node]) -> AnyView {
    let own = &words().cluster;
    if !has_alarm(cluster) {
        let none = section::quiet(own.alarms_none);
        return section::section("alarms-title", own.alarms, vec![none]);
    }
    let mut told = Vec::new();
    for node in nodes {
        let stopped = (node.running == Some(false)).then(|| own.stopped.into_any());
        let alarms = node.alarms.iter().map(|alarm| name(alarm, 200));
        for alarm in stopped.into_iter().chain(alarms) {
            let content = view! { <strong>{name(&node.id, 48)}</strong> " " {alarm} };
            told.push(sheet::notice("bad", Icon::Warning, content.into_any()));
        }
    }
    section::section("alarms-title", own.alarms, told)
}

fn rights(cluster: &Cluster) -> AnyView {
    let own = &words().cluster;
    let shown = match cluster.missing_rights.as_deref() {
        None => section::quiet(own.rights_unknown),
        Some([]) => section::quiet(own.rights_none),
        Some(missing) => {
            let columns = [own.right, own.blank, own.grant].map(Col::text).into();
            let rows = missing.iter().map(|missing| {
                table::row(vec![
                    table::title(name(&missing.right, 120)),
                    table::cell(view! { <span lang="en">{name(&missing.blank, 300)}</span> }),
                    table::cell(
                        view! { <span class="command">{code(&missing.grant, 2_000)}</span> },
                    ),
                ])
            });
            sheet::table(own.rights, "", columns, rows.collect())
        }
    };
    section::section("rights-title", own.rights, vec![shown])
}
