//! Has the binary built again when a page, the run-time or a demo course changes.

fn main() {
    for folder in ["../../www", "../../pkg", "demo"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
