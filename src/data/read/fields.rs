//! Single values of a row: numbers and times.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The number written in `field`, spaces around it allowed; it may be infinite.
pub(super) fn number(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

/// What stands for a score that is missing, in any case of letters.
const HOLES: &[&str] = &["", "na", "n/a", "nan", "null", "none", "-"];

/// What a field says in which a score may stand or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ScoreField {
    Finite(f64),
    Missing,
    Infinite,
    Other,
}

/// The score written in `field`, if there is one.
#[inline]
pub(super) fn score(field: &[u8]) -> ScoreField {
    match number(field) {
        Some(score) if score.is_finite() => ScoreField::Finite(score),
        // A minus sign before "nan" is what some libraries print.
        Some(score) if score.is_nan() => ScoreField::Missing,
        Some(_) => ScoreField::Infinite,
        None if HOLES.iter().any(|hole| field.trim_ascii().eq_ignore_ascii_case(hole.as_bytes())) => {
            ScoreField::Missing
        }
        None => ScoreField::Other,
    }
}

/// The time written in `field`: a finite number as it is, a date or date and time as seconds since
/// 1970. A time without an offset is in UTC.
pub(crate) fn time(field: &[u8]) -> Option<f64> {
    if let Some(number) = number(field) {
        return number.is_finite().then_some(number);
    }
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    let timestamp = text.parse::<Timestamp>().or_else(|_| {
        let civil: DateTime = text.parse()?;
        civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    timestamp.ok().map(|timestamp| timestamp.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_or_seconds_since_1970_in_utc() {
        let cases = [
            ("17", 17.0),
            (" 1711670400.25 ", 1_711_670_400.25),
            ("2024-03-29", 1_711_670_400.0),
            ("2024-03-29 00:00:01", 1_711_670_401.0),
            ("2024-03-29T00:00:01.5", 1_711_670_401.5),
            ("2024-03-29T00:00:01Z", 1_711_670_401.0),
            ("2024-03-29T02:00:01+02:00", 1_711_670_401.0),
            ("2024-03-29 00:00:01.25+00", 1_711_670_401.25),
            ("1969-12-31T23:59:59.5Z", -0.5),
        ];
        for (text, seconds) in cases {
            assert_eq!(time(text.as_bytes()), Some(seconds), "{text}");
        }
        for text in ["", "today", "inf", "nan", "2024-13-01", "29/03/2024"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }
}
