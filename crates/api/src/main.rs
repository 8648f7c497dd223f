//! The `messaging` binary: everything it does is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use messaging_api::cli::Cli;
use mimalloc::MiMalloc;

// What one thread asks for another gives back: a message's frame is made by the writer and freed by a worker. With the
// system's allocator they wait for each other's locks (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
