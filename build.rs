//! Has the binary built again when the pages in it were, and makes what the loader reads of it small.

use std::process::Command;

fn main() {
    // A folder that is not there would be "changed" at every build; an empty one is a build without pages.
    let _ = std::fs::create_dir_all("web/build");
    println!("cargo:rerun-if-changed=web/build");
    println!("cargo:rerun-if-changed=build.rs");
    // 2 MB of addresses would be read, and stay in memory, in every process: they are packed where the C library knows
    // how (DT_RELR, glibc 2.36 of 2022).
    if unpacks_addresses() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the C library of this machine does, and the binary is for this machine.
fn unpacks_addresses() -> bool {
    let of = |name| std::env::var(name).unwrap_or_default();
    if of("HOST") != of("TARGET") || of("CARGO_CFG_TARGET_ENV") != "gnu" {
        return false;
    }
    let version = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let version =
        version.map(|asked| String::from_utf8_lossy(&asked.stdout).into_owned()).unwrap_or_default();
    // Such as `glibc 2.36`.
    let minor = version.trim().strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 36)
}
