//! Settings that several rewards have.

use crate::settings::{Settings, SettingsError};

/// What a setting that takes a positive number says.
const POSITIVE: &str = "a number above 0";

/// A number above 0.
pub(super) fn positive(settings: &Settings, name: &str, default: f64) -> Result<f64, SettingsError> {
    settings.number(name, default, POSITIVE, |x: f64| x.is_finite() && x > 0.0)
}

/// A number of 0 or more.
pub(super) fn not_negative(settings: &Settings, name: &str, default: f64) -> Result<f64, SettingsError> {
    settings.number(name, default, "a number of 0 or more", |x: f64| x.is_finite() && x >= 0.0)
}

/// A number from 0 to 1.
pub(super) fn share(settings: &Settings, name: &str, default: f64) -> Result<f64, SettingsError> {
    settings.number(name, default, "a number from 0 to 1", |x: f64| (0.0..=1.0).contains(&x))
}

/// A finite number.
pub(super) fn finite(settings: &Settings, name: &str, default: f64) -> Result<f64, SettingsError> {
    settings.number(name, default, "a number", f64::is_finite)
}

/// Numbers with commas between them that `accepts` takes; none where the setting is not given.
pub(super) fn numbers(
    settings: &Settings,
    name: &str,
    expected: &str,
    accepts: impl Fn(f64) -> bool,
) -> Result<Vec<f64>, SettingsError> {
    let Some(text) = settings.get(name) else { return Ok(Vec::new()) };
    let number = |part: &str| part.trim().parse().ok().filter(|&number: &f64| number.is_finite() && accepts(number));
    text.split(',').map(number).collect::<Option<Vec<f64>>>().ok_or_else(|| SettingsError::Value {
        name: name.to_owned(),
        value: text.to_owned(),
        expected: expected.to_owned(),
    })
}
