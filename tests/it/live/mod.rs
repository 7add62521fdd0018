//! What adapters tell, against real brokers and their own tools.

mod check_rights;
mod doors;
mod durability;
mod kafka_browse;
mod kafka_changes;
mod kafka_figures;
mod kafka_fortress;
mod kafka_lab;
mod kafka_observe;
mod kafka_observed;
mod kafka_outage;
mod kafka_security;
mod kafka_site;
mod rabbitmq;
mod rabbitmq_browse;
mod rabbitmq_cluster;
mod rabbitmq_consumers;
mod rabbitmq_dead_letters;
mod rabbitmq_observe;
mod rabbitmq_trouble;
mod read_only;
mod scene;
mod witness;
