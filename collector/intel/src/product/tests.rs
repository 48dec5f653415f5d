use super::*;

fn fit(vendor: &str, named: &str, device: &str) -> Option<Fit> {
    ProductKey::read(named, vendor).fit(&ProductKey::read(device, vendor))
}

#[test]
fn a_maker_has_one_key_under_all_its_names() {
    for (name, key) in [
        ("Becton, Dickinson and Company (BD)", "bd"),
        ("CareFusion", "bd"),
        ("Phillips", "philips"),
        ("Philips Medical Systems", "philips"),
        ("Dräger", "draeger"),
        ("Drägerwerk AG & Co. KGaA", "draeger"),
        ("GE Healthcare", "ge"),
        ("Welch Allyn, Inc.", "baxter"),
        ("B. Braun Melsungen AG", "bbraun"),
        ("Some Maker GmbH", "some maker"),
    ] {
        assert!(
            vendor_keys(name).contains(key),
            "{name}: {:?}",
            vendor_keys(name)
        );
    }
    let both = vendor_keys("Silex Technology and GE Healthcare");
    assert_eq!(both, BTreeSet::from(["ge".to_owned(), "silex".to_owned()]));
    assert!(vendor_keys("").is_empty());
}

#[rustfmt::skip]
const NAMES: &[(&str, &str, &str, Option<Fit>)] = &[
    ("BD", "BD Alaris Point-of-Care Unit (PCU) Model 8015", "Alaris 8015", Some(Fit::Model)),
    ("BD", "Alaris 8015 PC unit", "Alaris", Some(Fit::Family)),
    ("Philips", "IntelliVue MX40 Patient Worn Monitor (WLAN only)", "IntelliVue MX40", Some(Fit::Model)),
    ("Philips", "IntelliVue MX40 Patient Worn Monitor (WLAN only)", "IntelliVue MX450", None),
    ("Philips", "IntelliVue patient monitor MX400-MX850", "IntelliVue MX450", Some(Fit::Model)),
    ("Philips", "IntelliVue Patient Monitors MX (MX400-550)", "MX550", Some(Fit::Model)),
    ("Philips", "IntelliVue Patient Monitors MX (MX400-550)", "MX800", None),
    ("Philips", "IntelliVue MP monitors MX800/700/600 ((865240/41/42) WLAN", "IntelliVue MX700", Some(Fit::Model)),
    ("Philips", "IntelliSpace Perinatal", "IntelliSpace Portal", None),
    ("Philips", "PageWriter TC10 TC20 TC30 TC50 TC70 Cardiographs", "PageWriter TC50", Some(Fit::Model)),
    ("Dräger", "Infinity Delta", "Dräger Infinity Delta", Some(Fit::Same)),
    ("Dräger", "Infinity Delta", "Infinity Delta XL", Some(Fit::Covered)),
    ("Contec Health", "CMS8000 CONTEC ICU CCU Vital Signs Patient Monitor", "CMS8000", Some(Fit::Model)),
    ("Smiths Medical", "Medfusion 4000 Wireless Syringe Infusion Pump", "Medfusion 4000", Some(Fit::Model)),
    ("BD", "BD Pyxis MedStation 4000", "Pyxis MedStation ES", None),
    ("Microsoft", "windows 10 1809", "Windows 10", Some(Fit::Family)),
    ("Philips", "Version", "IntelliVue MX40", None),
];

#[test]
fn products_are_recognised_under_their_many_names() {
    for (vendor, named, device, expected) in NAMES {
        assert_eq!(
            fit(vendor, named, device),
            *expected,
            "{named} | {device} {:?}",
            ProductKey::read(named, vendor)
        );
    }
}
