//! Comparison of numbers with what they should be.

use palio::data::Items;
use serde_json::Value;

/// Fails unless every number is within `tolerance` of the expected one. With `PALIO_GOLDEN_SHOW` set
/// it prints how far the worst of them is.
pub(crate) fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: as many numbers as expected");
    let mut worst = 0.0_f64;
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs();
        assert!(
            off <= tolerance,
            "{what}[{place}]: {found} instead of {expected}, {off:e} off and {tolerance:e} allowed"
        );
        worst = worst.max(off);
    }
    if std::env::var_os("PALIO_GOLDEN_SHOW").is_some() {
        println!("    {what}: {worst:.1e} off, {tolerance:.1e} allowed");
    }
}

pub(crate) fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// The numbers of an object keyed by item name, in the order of the items.
pub(crate) fn by_item(object: &Value, items: &Items) -> Vec<f64> {
    assert_eq!(object.as_object().expect("an object").len(), items.len(), "one number an item");
    items.iter().map(|item| object[item].as_f64().unwrap_or_else(|| panic!("no number for {item}"))).collect()
}

/// The numbers without their mean.
pub(crate) fn centred(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.into_iter().collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.into_iter().map(|value| value - mean).collect()
}
