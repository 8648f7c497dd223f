//! The `messaging` binary: everything it does is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use messaging_api::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
