//! The delivery guarantee under faults, on real processes and a real Apache Kafka.

use auscult_tests::oracle::run::{Play, perform, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spooled_observation_is_in_the_inventory_once_or_counted_as_lost_after_fifty_faults()
{
    let dir = tempfile::Builder::new()
        .prefix("auscult-oracle-")
        .tempdir()
        .unwrap();
    let play = Play {
        seed: 20_260_101,
        faults: 50,
        sites: 3,
        rate: 400,
        verbose: true,
    };
    let verdict = perform::<auscult_inventory::SiteInventory>(dir.path(), play, settings())
        .await
        .unwrap();
    println!("{verdict}");
    assert!(verdict.wrong.is_empty(), "{verdict}");
    assert!(verdict.spooled > 10_000, "the sensors spoke: {verdict}");
    assert!(verdict.repeated > 0, "the faults made resends: {verdict}");
}
