use super::show::{number, percent};

#[test]
fn numbers_have_the_digits_that_matter() {
    let shown: Vec<String> = [0.0, 1234.6, 12.345, 0.123_45, 0.000_012]
        .into_iter()
        .map(number)
        .collect();
    assert_eq!(shown, ["0", "1235", "12.35", "0.1235", "1.2e-5"]);
    assert_eq!(percent(0.0042), "0.4200 %");
}
