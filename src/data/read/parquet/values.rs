//! Single values of a Parquet column as a CSV file would hold them: text.

use std::io::Write as _;

use jiff::{Span, Timestamp, civil::Date};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;

/// Decimal digits of the largest decimal number that sixteen bytes hold.
const MOST_DIGITS: u32 = 38;

/// A value as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Bool(bool),
    Integer(i64),
    Single(f32),
    Double(f64),
    Bytes(&'a [u8]),
}

/// What stored values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What they are.
    Plain,
    /// Whole numbers without a sign, of so many bits.
    Unsigned(u32),
    /// Whole numbers, or bytes of one, of which so many last digits are behind the point.
    Decimal(u32),
    /// So many of them are a second, counted from 1970.
    Since1970(i64),
    /// Days since 1970.
    Days,
    /// Sixteen bytes of an identifier.
    Uuid,
    /// Something that has no text here.
    Unknown,
}

impl Meaning {
    /// What the values of a column mean.
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let physical = column.physical_type();
        let bits = if physical == Type::INT32 { 32 } else { 64 };
        let decimal = || match u32::try_from(column.type_scale()) {
            Ok(scale) if scale <= MOST_DIGITS => Self::Decimal(scale),
            _ => Self::Unknown,
        };
        match column.logical_type_ref() {
            Some(LogicalType::Integer(kind)) if !kind.is_signed => Self::Unsigned(bits),
            Some(LogicalType::Timestamp(kind)) => Self::Since1970(match kind.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            }),
            Some(LogicalType::Date) => Self::Days,
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(LogicalType::Decimal(_)) => decimal(),
            Some(LogicalType::Float16 | LogicalType::Variant(_)) => Self::Unknown,
            Some(_) => Self::Plain,
            None => match column.converted_type() {
                ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                    Self::Unsigned(bits)
                }
                ConvertedType::TIMESTAMP_MILLIS => Self::Since1970(1_000),
                ConvertedType::TIMESTAMP_MICROS => Self::Since1970(1_000_000),
                ConvertedType::DATE => Self::Days,
                ConvertedType::DECIMAL => decimal(),
                ConvertedType::INTERVAL => Self::Unknown,
                _ if physical == Type::INT96 => Self::Since1970(1_000_000_000),
                _ => Self::Plain,
            },
        }
    }

    /// Appends the text of a value, or nothing if it has none.
    pub(super) fn write(self, value: Value<'_>, text: &mut Vec<u8>) {
        let written = match (self, value) {
            (Self::Plain, Value::Bytes(bytes)) => text.write_all(bytes),
            (_, Value::Bool(truth)) => write!(text, "{truth}"),
            (_, Value::Single(number)) => write!(text, "{number}"),
            (_, Value::Double(number)) => write!(text, "{number}"),
            (Self::Unsigned(32), Value::Integer(number)) => write!(text, "{}", number as u32),
            (Self::Unsigned(_), Value::Integer(number)) => write!(text, "{}", number.cast_unsigned()),
            (Self::Decimal(scale), Value::Integer(number)) => write_decimal(text, number.into(), scale),
            (Self::Decimal(scale), Value::Bytes(bytes)) => match signed(bytes) {
                Some(number) => write_decimal(text, number, scale),
                None => Ok(()),
            },
            (Self::Since1970(per_second), Value::Integer(number)) => match timestamp(number, per_second) {
                Some(time) => write!(text, "{time}"),
                None => write!(text, "{number}"),
            },
            (Self::Days, Value::Integer(days)) => match date(days) {
                Some(date) => write!(text, "{date}"),
                None => write!(text, "{days}"),
            },
            (_, Value::Integer(number)) => text.write_all(itoa::Buffer::new().format(number).as_bytes()),
            (Self::Uuid, Value::Bytes(bytes)) => write_uuid(text, bytes),
            (_, Value::Bytes(_)) => Ok(()),
        };
        // Memory takes all.
        debug_assert!(written.is_ok());
    }
}

fn timestamp(number: i64, per_second: i64) -> Option<Timestamp> {
    let nanoseconds = i128::from(number) * i128::from(1_000_000_000 / per_second);
    Timestamp::from_nanosecond(nanoseconds).ok()
}

fn date(days: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
}

/// A whole number of any size up to sixteen bytes, the highest first.
fn signed(bytes: &[u8]) -> Option<i128> {
    let (&first, rest) = bytes.split_first().filter(|_| bytes.len() <= 16)?;
    Some(rest.iter().fold(i128::from(first.cast_signed()), |number, &byte| (number << 8) | i128::from(byte)))
}

fn write_decimal(text: &mut Vec<u8>, number: i128, scale: u32) -> std::io::Result<()> {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale as usize + 1);
    let (whole, part) = digits.split_at(digits.len() - scale as usize);
    write!(text, "{sign}{whole}{}{part}", if scale > 0 { "." } else { "" })
}

fn write_uuid(text: &mut Vec<u8>, bytes: &[u8]) -> std::io::Result<()> {
    for (place, byte) in bytes.iter().enumerate() {
        write!(text, "{}{byte:02x}", if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_csv_file_would_hold_them() {
        let text = |meaning: Meaning, value| {
            let mut text = Vec::new();
            meaning.write(value, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(text(Meaning::Plain, Value::Integer(-7)), "-7");
        assert_eq!(text(Meaning::Unsigned(32), Value::Integer(-1)), "4294967295");
        assert_eq!(text(Meaning::Unsigned(64), Value::Integer(-1)), "18446744073709551615");
        assert_eq!(text(Meaning::Decimal(2), Value::Integer(-5)), "-0.05");
        assert_eq!(text(Meaning::Decimal(0), Value::Integer(12)), "12");
        assert_eq!(text(Meaning::Decimal(1), Value::Bytes(&[0xff, 0x85])), "-12.3");
        assert_eq!(text(Meaning::Since1970(1000), Value::Integer(1_711_670_400_250)), "2024-03-29T00:00:00.25Z");
        assert_eq!(text(Meaning::Since1970(1), Value::Integer(i64::MAX)), i64::MAX.to_string());
        assert_eq!(text(Meaning::Days, Value::Integer(19811)), "2024-03-29");
        assert_eq!(text(Meaning::Days, Value::Integer(i64::MAX)), i64::MAX.to_string());
        assert_eq!(text(Meaning::Plain, Value::Single(0.1)), "0.1");
        assert_eq!(text(Meaning::Plain, Value::Double(1e-3)), "0.001");
        assert_eq!(text(Meaning::Plain, Value::Bool(true)), "true");
        let uuid: Vec<u8> = (0..16).collect();
        assert_eq!(text(Meaning::Uuid, Value::Bytes(&uuid)), "00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
