//! The command line: arguments to settings, and results to bytes. Nothing imports it.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, shown as they are")]

mod advantage;
mod budget;
mod completions;
mod crossval;
mod generate;
mod input;
mod inspect;
mod interrupt;
mod merge;
mod methods;
mod names;
mod next;
mod output;
mod predict;
mod rank;
mod rating;
mod swiss;
mod table;
mod tournament;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use palio::data::read::ReadError;
use palio::judges::JudgeError;
use palio::structure::Note;

use self::output::Format;

/// Rate and rank from comparisons: leaderboards with intervals that say what the data carry.
#[derive(Debug, Parser)]
#[command(name = "palio", version, about, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 reading, writing or palio itself failed; 2 bad usage or bad input; \
3 with --strict, the result carries a warning; 130 after Ctrl-C, with the result so far where there is one";

/// Options of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// How the result is written [default: by the extension of --output, or else table; advantage and tournament: as the input is]
    #[arg(long, global = true, value_name = "FORMAT")]
    format: Option<Format>,

    /// Write the result to this file, whole or not at all
    #[arg(short, long, global = true, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Seed of everything that is drawn at random
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Threads to compute with; the result is the same for every number [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,

    /// No words on stderr: no warnings, no progress
    #[arg(long, global = true)]
    quiet: bool,

    /// Exit with code 3 if the result carries a warning
    #[arg(long, global = true)]
    strict: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Rank(Box<rank::RankArgs>),
    Inspect(Box<inspect::InspectArgs>),
    Predict(Box<predict::PredictArgs>),
    Crossval(Box<crossval::CrossvalArgs>),
    Next(Box<next::NextArgs>),
    Swiss(Box<swiss::SwissArgs>),
    Tournament(Box<tournament::TournamentArgs>),
    Merge(merge::MergeArgs),
    Advantage(Box<advantage::AdvantageArgs>),
    Methods(methods::MethodsArgs),
    Budget(Box<budget::BudgetArgs>),
    Generate(generate::GenerateArgs),
    Completions(completions::CompletionsArgs),
}

/// Exit codes beside 0: what went wrong.
const FAILED: u8 = 1;
const BAD_INPUT: u8 = 2;
const WARNED: u8 = 3;
const INTERRUPTED: u8 = 130;

/// Parses the arguments, runs the command and tells how it ended.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(Ended::Interrupted) => ExitCode::from(INTERRUPTED),
        Ok(Ended::Warned) if cli.global.strict => ExitCode::from(WARNED),
        Ok(Ended::Well | Ended::Warned) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr is no reason to panic.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(if is_io(&error) { FAILED } else { BAD_INPUT })
        }
    }
}

/// How a command ended that wrote a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    /// The result carries a warning.
    Warned,
    /// The result is that of the work done until Ctrl-C.
    Interrupted,
}

impl Ended {
    fn with(notes: &[Note]) -> Self {
        if notes.is_empty() { Self::Well } else { Self::Warned }
    }
}

/// Runs the command.
fn run(cli: &Cli) -> anyhow::Result<Ended> {
    let threads = cli.global.threads.map_or(0, std::num::NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| match &cli.command {
        Command::Rank(args) => rank::run(args, &cli.global),
        Command::Inspect(args) => inspect::run(args, &cli.global),
        Command::Predict(args) => predict::run(args, &cli.global),
        Command::Crossval(args) => crossval::run(args, &cli.global),
        Command::Next(args) => next::run(args, &cli.global),
        Command::Swiss(args) => swiss::run(args, &cli.global),
        Command::Tournament(args) => tournament::run(args, &cli.global),
        Command::Merge(args) => merge::run(args, &cli.global),
        Command::Advantage(args) => advantage::run(args, &cli.global),
        Command::Methods(args) => methods::run(args, &cli.global),
        Command::Budget(args) => budget::run(args, &cli.global),
        Command::Generate(args) => generate::run(args, &cli.global),
        Command::Completions(args) => completions::run(args, &cli.global),
    })
}

fn io_error(error: &anyhow::Error) -> Option<&io::Error> {
    error.chain().find_map(|cause| cause.downcast_ref::<io::Error>())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    io_error(error).is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_io(error: &anyhow::Error) -> bool {
    if let Some(error) = error.downcast_ref::<JudgeError>() {
        return error.is_failure();
    }
    match error.downcast_ref::<ReadError>() {
        Some(error) => error.is_io(),
        None => io_error(error).is_some(),
    }
}
