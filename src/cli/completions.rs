//! `palio completions`: scripts that complete commands and options in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::Output;
use super::{Cli, Ended, Global};

/// Write a shell's completion script
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script.
pub(super) fn run(args: &CompletionsArgs, global: &Global) -> anyhow::Result<Ended> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "palio", &mut script);
    Output::open(global)?.write(&script)?;
    Ok(Ended::Well)
}
