//! The gateway's executable: the allocator and the exit code; everything else is `process`.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    process::main()
}
