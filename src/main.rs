//! The command `seriema`.

mod cli;

fn main() {
    // The interpreter bounds its use of the native stack itself (RecursionError); the parser wants room too.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(cli::run);
    let code = match thread.map(|t| t.join()) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => 134,
        Err(e) => {
            eprintln!("seriema: no thread: {e}");
            1
        }
    };
    std::process::exit(code);
}
