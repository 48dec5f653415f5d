//! How fast batches become durable; run with `cargo test --release -p auscult-spool --test throughput -- --ignored --nocapture`.

use std::time::Instant;

use auscult_spool::{Options, Spool};

#[test]
#[ignore = "a measurement"]
fn batches_of_a_hundred_in_group_commits() {
    // About 60 bytes an observation, as heartbeats and conversations take.
    let body = vec![0x5A; 6000];
    for group in [1, 4, 16, 64] {
        let mut rates = Vec::new();
        for _ in 0..5 {
            let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
            let (mut spool, _) = Spool::open(Options::new(dir.path())).unwrap();
            let started = Instant::now();
            let mut batches = 0_u32;
            while started.elapsed().as_millis() < 1000 {
                for _ in 0..group {
                    spool.append(&body, 100).unwrap();
                }
                spool.sync().unwrap();
                let read = spool.read_from(spool.acked() + 1, 4 << 20).unwrap();
                let through = read.last().unwrap().end() - 1;
                spool.release(through).unwrap();
                batches += group;
            }
            rates.push(f64::from(batches) * 100.0 / started.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        println!(
            "{group} batches a sync: {:.0} observations/s (median of 5)",
            rates[2]
        );
    }
}
