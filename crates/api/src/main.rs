//! The `messaging` binary: everything it does is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use messaging_api::cli::Cli;
use tikv_jemallocator::Jemalloc;

/// It gives back what a password's hash took (19 MiB each), where glibc's keeps that for every thread that
/// ever made one: 0.9 GB after 360 logins.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
