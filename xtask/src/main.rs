//! Development tasks: demo, test, check, codegen, bench.
fn main() {}
