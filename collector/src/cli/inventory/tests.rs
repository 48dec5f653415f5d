use auscult_log::Message;
use bytes::Bytes;
use serde_json::json;

use super::*;

fn stored(key: &str, value: Option<Value>) -> Stored {
    Stored {
        partition: 0,
        offset: 0,
        message: Message {
            topic: Topic::Inventory,
            partition: Some(0),
            key: Bytes::from(key.to_owned()),
            value: value.map(|value| Bytes::from(value.to_string())),
            headers: Vec::new(),
            timestamp_ms: 0,
        },
    }
}

fn device(site: &str, uid: &str, revision: u64) -> Value {
    json!({
        "class_uid": 5001,
        "device": {
            "uid": uid,
            "org": { "ou_uid": site },
            "mac": "08:00:19:10:20:01",
            "ip": "10.10.0.21",
            "first_seen_time": 1_700_000_000_000_i64,
            "last_seen_time": 1_700_000_060_000_i64,
        },
        "metadata": { "sequence": revision },
        "unmapped": { "auscult": { "status": "active" } },
    })
}

fn scanner() -> Value {
    let attribute = |value: &str, confidence: f64| json!({ "candidates": [{ "value": value, "confidence": confidence }] });
    let mut record = device("north", "49296b66-0a3d-545c-884c-5fcc311fcf82", 28);
    record["device"]["hostname"] = json!("ct-north-1");
    record["device"]["network_interfaces"] = json!([
        { "mac": "08:00:19:10:20:01", "ip": "10.10.0.21" },
        { "mac": "08:00:19:10:20:01", "ip": "10.10.0.22" },
        { "mac": "08:00:19:10:20:02", "ip": "fe80::1" },
    ]);
    record["unmapped"]["auscult"] = json!({
        "status": "active",
        "roles": [{ "role": "ct scanner", "confidence": 0.75 }, { "role": "other", "confidence": 0.1 }],
        "services": [
            { "ip_protocol": 6, "port": 104, "service": "dicom" },
            { "ip_protocol": 6, "port": 22 },
        ],
        "attributes": {
            "device_manufacturer": attribute("Example Imaging", 0.9),
            "product_model": attribute("Revolution", 0.55),
        },
    });
    record
}

fn archive() -> Value {
    let mut record = device("north", "31393bb6-de5e-5b9a-a2dd-714a489127e5", 3);
    record["unmapped"]["auscult"]["attributes"] = json!({
        "ae_title": { "candidates": [{ "value": "ARCHIVE", "confidence": 0.35 }] },
        "implementation_version": { "candidates": [{ "value": "ARCHIVE_68", "confidence": 0.55 }] },
    });
    record
}

#[test]
fn an_application_is_called_by_its_first_component() {
    let mut record = device("north", "11111111-0000", 1);
    record["unmapped"]["auscult"]["attributes"] = json!({
        "application": { "candidates": [{ "value": "cobas 8000^1.06", "confidence": 0.55 }] },
    });
    let mut devices = Devices::default();
    devices.take(&stored("a", Some(record)));
    let drawn = lines(&devices.ordered().collect::<Vec<_>>());
    assert!(drawn[1].contains("  cobas 8000  "), "{drawn:?}");
    assert_eq!(drawn[2], "1 device");
}

#[test]
fn the_table_is_drawn_from_the_newest_record_of_each_device() {
    let mut devices = Devices::default();
    devices.take(&stored("b", Some(scanner())));
    devices.take(&stored("a", Some(device("south", "ffffffff-0000", 1))));
    devices.take(&stored("a", Some(device("south", "ffffffff-0000", 2))));
    devices.take(&stored("c", Some(archive())));
    devices.take(&stored("gone", Some(device("north", "00000000-0000", 1))));
    devices.take(&stored("gone", None));
    let records: Vec<&Record> = devices.ordered().collect();
    let drawn = lines(&records).join("\n");
    assert_eq!(drawn, include_str!("golden.txt").trim_end());
}

#[test]
fn a_site_is_chosen_by_its_name() {
    let mut devices = Devices::default();
    devices.take(&stored("a", Some(device("south", "1", 1))));
    devices.take(&stored("b", Some(device("north", "2", 1))));
    let args = InventoryArgs {
        site: Some("south".to_owned()),
        json: false,
        watch: false,
    };
    let chosen: Vec<&str> = devices
        .ordered()
        .filter(|record| record.is_of(&args))
        .map(|record| record.row.site.as_str())
        .collect();
    assert_eq!(chosen, ["south"]);
    assert_eq!(devices.site_is_there(&args), Ok(()));
    let args = InventoryArgs {
        site: Some("nosuch".to_owned()),
        ..args
    };
    let refused = devices.site_is_there(&args).unwrap_err();
    assert_eq!(refused.code, exit::USAGE);
    assert!(
        refused.message.ends_with("there are north, south"),
        "{refused}"
    );
    assert_eq!(Devices::default().site_is_there(&args), Ok(()));
}

#[test]
fn a_record_that_is_no_json_is_an_empty_line_and_no_end() {
    let mut devices = Devices::default();
    let mut broken = stored("a", None);
    broken.message.value = Some(Bytes::from_static(b"{"));
    devices.take(&broken);
    assert_eq!(devices.ordered().count(), 1);
    assert_eq!(lines(&[]), ["no devices yet"]);
}
