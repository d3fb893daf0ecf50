//! Picks a subcommand.

fn main() {}
