//! What adapters tell, against real brokers and their own tools.

mod kafka_browse;
mod kafka_fortress;
mod kafka_lab;
mod kafka_observe;
mod kafka_observed;
mod kafka_security;
mod rabbitmq;
mod rabbitmq_browse;
mod rabbitmq_dead_letters;
mod rabbitmq_observe;
