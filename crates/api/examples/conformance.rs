//! The service with the echo at `/conformance/echo`, for `scripts/conformance`. A binary of its own, so
//! that it can never be taken for the one that serves people.

use std::process::ExitCode;

use clap::Parser as _;
use messaging_api::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
