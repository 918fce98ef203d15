//! The command `seriema`.

mod cli;

/// Lists, dicts and boxed texts come and go all the time; the system's allocator takes twice as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    // The process ends with this thread: in the child of a fork it is the only one.
    let run = || std::process::exit(std::panic::catch_unwind(cli::run).unwrap_or(134));
    let thread = std::thread::Builder::new().stack_size(cli::stack_size()).spawn(run);
    seriema_vm::modules::signal::leave_to_other_threads();
    let code = match thread.map(|t| t.join()) {
        Ok(_) => 134,
        Err(e) => {
            eprintln!("seriema: no thread: {e}");
            1
        }
    };
    std::process::exit(code);
}
