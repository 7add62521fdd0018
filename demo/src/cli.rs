//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::order::Card;
use crate::service::ServiceName;

/// An order system over Kafka and RabbitMQ.
#[derive(Debug, Parser)]
#[command(name = "waybill-demo", version)]
pub struct Cli {
    #[command(flatten)]
    pub settings: Settings,
    /// Stop when standard input ends: how `all` keeps its children.
    #[arg(long, global = true, hide = true)]
    pub under_parent: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Brokers to ask first, `host:port`, comma-separated.
    #[arg(
        long,
        global = true,
        env = "KAFKA_BOOTSTRAP",
        default_value = "127.0.0.1:9092"
    )]
    pub kafka_bootstrap: String,
    #[arg(
        long,
        global = true,
        env = "RABBITMQ_AMQP",
        hide_env_values = true,
        default_value = "amqp://guest:guest@127.0.0.1:5672/%2f"
    )]
    pub rabbitmq_amqp: String,
    /// The order system's own Postgres database; created if it is missing.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the shop listens.
    #[arg(
        long,
        global = true,
        env = "SHOP_LISTEN",
        default_value = "127.0.0.1:8088"
    )]
    pub shop_listen: SocketAddr,
    /// Where the shop is found; by default where it listens.
    #[arg(long, global = true, env = "SHOP_URL")]
    pub shop_url: Option<String>,
}

impl Settings {
    pub fn database_url(&self) -> Result<&str> {
        self.database_url
            .as_deref()
            .context("DATABASE_URL is not set: the order system needs a Postgres database")
    }

    /// Without a slash at the end.
    pub fn shop_url(&self) -> String {
        match &self.shop_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.shop_listen),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every service as a process of its own, with steady orders.
    All {
        /// Orders a second; 0 for none.
        #[arg(long, default_value_t = 2.0)]
        rate: f64,
        /// Written once every service is consuming.
        #[arg(long)]
        ready_file: Option<PathBuf>,
    },
    #[command(flatten)]
    Service(ServiceName),
    /// Place orders at a steady rate; some cards decline.
    Traffic {
        /// Orders a second.
        #[arg(long, default_value_t = 2.0)]
        rate: f64,
    },
    /// Place many orders at once; report how long the shop took to acknowledge them.
    Burst {
        #[arg(long, default_value_t = 5000)]
        orders: usize,
        #[arg(long, default_value_t = 500)]
        concurrency: usize,
        /// Acknowledged order ids, one a line; standard output if not given.
        #[arg(long)]
        ids_file: Option<PathBuf>,
    },
    /// Place or look at one order.
    Order {
        #[command(subcommand)]
        command: OrderCommand,
    },
    /// Switch faults while everything runs.
    Fault {
        #[command(subcommand)]
        command: FaultCommand,
    },
}

#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Print the id of a new order.
    Place {
        #[arg(long, default_value = "CUST-0001")]
        customer: String,
        #[arg(long, value_enum, default_value_t = Card::Good)]
        card: Card,
    },
    /// Print how far an order has come.
    Show { order_id: String },
}

#[derive(Debug, Subcommand)]
pub enum FaultCommand {
    /// Switch a fault on: payment declines, inventory slow, notification poison message, duplicate delivery,
    /// points down, consumer stopped.
    Set {
        /// One or more words; spaces and dashes mean the same.
        #[arg(required = true, num_args = 1..)]
        name: Vec<String>,
        /// Share of orders, 0 to 1.
        #[arg(long, default_value_t = 1.0)]
        share: f64,
        /// Only these orders.
        #[arg(long = "order")]
        orders: Vec<String>,
        /// For inventory slow.
        #[arg(long, default_value_t = 3000)]
        delay_ms: u64,
        /// For consumer stopped.
        #[arg(long = "service")]
        services: Vec<String>,
        /// For payment declines: decline only so many tries of an order; 0 for all.
        #[arg(long, default_value_t = 0)]
        tries: u32,
    },
    /// Switch a fault off.
    Clear {
        #[arg(required = true, num_args = 1..)]
        name: Vec<String>,
    },
    /// Print what is on.
    List,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_fault_may_be_written_in_words() {
        let cli = Cli::parse_from([
            "waybill-demo",
            "fault",
            "set",
            "consumer",
            "stopped",
            "--service",
            "payment",
        ]);
        let Command::Fault {
            command: FaultCommand::Set { name, services, .. },
        } = cli.command
        else {
            panic!()
        };
        assert_eq!(
            (name.join(" ").as_str(), services.as_slice()),
            ("consumer stopped", &["payment".to_owned()][..])
        );
    }

    #[test]
    fn the_shop_is_found_where_it_listens() {
        let cli = Cli::parse_from([
            "waybill-demo",
            "--shop-listen",
            "127.0.0.1:9",
            "fault",
            "list",
        ]);
        assert_eq!(cli.settings.shop_url(), "http://127.0.0.1:9");
    }
}
