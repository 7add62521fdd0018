//! The program; everything is in the library, so that tests can use it.

/// Storing spans is mostly taking and giving back small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    waybill_server::cli::main()
}
