//! Parts of the benchmarks: loads and yardsticks. The benchmarks themselves are commands (`tests/bench`), never timed tests.

pub mod bare_loop;
pub mod figures;
pub mod fold;
pub mod hospital;
pub mod load;
pub mod memory_source;
