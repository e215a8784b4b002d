//! The command line of palio.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
