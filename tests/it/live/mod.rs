//! Adapters against real brokers.

mod rabbitmq;
mod rabbitmq_dead_letters;
mod rabbitmq_observe;
