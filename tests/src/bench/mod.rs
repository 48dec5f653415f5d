//! Parts of the benchmarks: loads and yardsticks. The benchmarks themselves are commands (`tests/bench`), never timed tests.

pub mod bare_loop;
pub mod memory_source;
