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
    // A huge page stays whole for any part of it that is in use: with them a socket takes half as much memory again.
    // Where the kernel does not let itself be told, that is all there is to it.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    Cli::parse().run()
}
