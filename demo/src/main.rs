//! An order system over Kafka and RabbitMQ: see README.md for what flows where.

mod all;
mod burst;
mod cli;
mod client;
mod database;
mod fault;
mod fulfilment;
mod headers;
mod inventory;
mod kafka;
mod message;
mod notification;
mod order;
mod payment;
mod rabbit;
mod service;
mod shop;
mod stock;
mod stop;
mod trace;
mod traffic;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command, OrderCommand};
use client::Shop;
use order::NewOrder;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,waybill_demo=info,lapin=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("waybill-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let settings = cli.settings;
    let shop = || Shop::at(settings.shop_url());
    match cli.command {
        Command::All { rate, ready_file } => {
            all::run(settings, rate, ready_file, stop::token(cli.under_parent)?).await
        }
        Command::Service(service) => {
            service::run(service, settings, stop::token(cli.under_parent)?).await
        }
        Command::Traffic { rate } => {
            traffic::run(shop()?, rate, stop::token(cli.under_parent)?).await
        }
        Command::Burst {
            orders,
            concurrency,
            ids_file,
        } => burst::run(shop()?, orders, concurrency, ids_file.as_deref()).await,
        Command::Order {
            command: OrderCommand::Place { customer, card },
        } => {
            let order = NewOrder {
                customer_id: customer,
                card,
                ..NewOrder::default()
            };
            println!("{}", shop()?.place(&order).await?);
            Ok(())
        }
        Command::Order {
            command: OrderCommand::Show { order_id },
        } => {
            println!("{}", shop()?.show(&order_id).await?);
            Ok(())
        }
        Command::Fault { command } => {
            println!("{}", shop()?.fault(command).await?);
            Ok(())
        }
    }
}
