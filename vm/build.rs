//! Chooses the interpreter's driver: the tail chain needs sibling-call optimisation, so opt-level 2 or 3 and
//! a target whose calling convention has enough argument registers.
fn main() {
    println!("cargo::rustc-check-cfg=cfg(seriema_tail)");
    let var = |name| std::env::var(name).unwrap_or_default();
    let optimised = matches!(var("OPT_LEVEL").as_str(), "2" | "3");
    let target = matches!(var("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    let checked = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    if optimised && target && !checked {
        println!("cargo::rustc-cfg=seriema_tail");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
