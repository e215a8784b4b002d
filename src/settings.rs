//! Settings given by name, as `--set key=value` does: those of raters and of topologies.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One setting of a registered method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name in `--set NAME=VALUE`.
    pub name: &'static str,
    /// Its default.
    pub default: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// Settings of a method by name; what is not named keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    values: BTreeMap<String, String>,
    /// The seed of methods that draw at random.
    pub seed: u64,
}

/// A setting that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not of the form `key=value`.
    #[error("'{text}' is not of the form key=value")]
    NotAPair {
        /// What was given.
        text: String,
    },
    /// The method has no such setting.
    #[error("{method} has no setting '{name}'; it has: {known}")]
    Unknown {
        /// The method.
        method: String,
        /// The name given.
        name: String,
        /// The names it has.
        known: String,
    },
    /// The value is not one the setting takes.
    #[error("{name}={value}: {name} takes {expected}")]
    Value {
        /// The setting.
        name: String,
        /// The value given.
        value: String,
        /// What it takes.
        expected: String,
    },
}

impl Settings {
    /// Settings from texts of the form `key=value`.
    ///
    /// # Errors
    /// If a text is not of that form.
    pub fn parse<S: AsRef<str>>(pairs: impl IntoIterator<Item = S>) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        for pair in pairs {
            let pair = pair.as_ref();
            let (name, value) =
                pair.split_once('=').ok_or_else(|| SettingsError::NotAPair { text: pair.to_owned() })?;
            settings.set(name.trim(), value.trim());
        }
        Ok(settings)
    }

    /// Gives `name` the value `value`.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value given for `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Refuses settings that `method`, which has the `known` ones, does not have.
    pub(crate) fn check(&self, method: &str, known: &[Setting]) -> Result<(), SettingsError> {
        let empty = known.is_empty();
        let known = || known.iter().map(|setting| setting.name);
        match self.values.keys().find(|name| !known().any(|it| it == name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let list = if empty { "none".to_owned() } else { known().collect::<Vec<_>>().join(", ") };
                Err(SettingsError::Unknown { method: method.to_owned(), name: name.clone(), known: list })
            }
        }
    }

    /// The number of `name`, or `default`; `accepts` says which numbers it may be, `expected` in words.
    pub(crate) fn number<T: FromStr + Copy>(
        &self,
        name: &str,
        default: T,
        expected: &str,
        accepts: impl Fn(T) -> bool,
    ) -> Result<T, SettingsError> {
        let Some(value) = self.get(name) else { return Ok(default) };
        match value.parse::<T>() {
            Ok(number) if accepts(number) => Ok(number),
            _ => Err(SettingsError::Value {
                name: name.to_owned(),
                value: value.to_owned(),
                expected: expected.to_owned(),
            }),
        }
    }

    /// The choice of `name` among named values, or the first of them.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, SettingsError> {
        let Some(value) = self.get(name) else { return Ok(choices[0].1) };
        let found = choices.iter().find(|(text, _)| *text == value);
        found.map(|&(_, choice)| choice).ok_or_else(|| SettingsError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: choices.iter().map(|(text, _)| *text).collect::<Vec<_>>().join(", "),
        })
    }
}
