//! The command `seriema`.

mod cli;

fn main() {
    let thread = std::thread::Builder::new().stack_size(cli::stack_size()).spawn(cli::run);
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
