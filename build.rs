//! Has the binary built again when the pages in it were.

fn main() {
    // A folder that is not there would be "changed" at every build; an empty one is a build without pages.
    let _ = std::fs::create_dir_all("web/build");
    println!("cargo:rerun-if-changed=web/build");
    println!("cargo:rerun-if-changed=build.rs");
}
