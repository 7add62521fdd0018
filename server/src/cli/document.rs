//! Completions and the manual page, from the definition of the commands.

use std::process::ExitCode;

use clap::CommandFactory;
use waybill_model::problem::Problem;

use super::{Cli, internal, output};

pub fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Problem> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "waybill", &mut text);
    output::print(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}

/// One page: the command and, a section each, its subcommands.
pub fn man() -> Result<ExitCode, Problem> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    render(&command, &mut text).map_err(|error| internal("the page cannot be written", &error))?;
    output::print(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}

fn render(command: &clap::Command, to: &mut Vec<u8>) -> std::io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(to)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let page = clap_mangen::Man::new(sub.clone());
        to.extend_from_slice(
            format!(".SH \"WAYBILL {}\"\n", sub.get_name().to_uppercase()).as_bytes(),
        );
        page.render_synopsis_section(to)?;
        page.render_description_section(to)?;
        page.render_options_section(to)?;
        for inner in sub
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
        {
            let page = clap_mangen::Man::new(inner.clone());
            page.render_synopsis_section(to)?;
            page.render_description_section(to)?;
            page.render_options_section(to)?;
        }
    }
    Ok(())
}
