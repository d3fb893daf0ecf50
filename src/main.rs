//! Picks a subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    quaywatch::commands::main()
}
