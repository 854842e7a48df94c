//! Numbers for people: thousands apart, as many digits as mean something, units that are said.

/// A whole number with its thousands apart.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number to about three digits, and at most three decimals: 0.123, 1.23, 12.3, 1,234.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", grouped(size));
    }
    let decimals = match size {
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A number in little room: 950, 12.5k, 3.1M.
pub(crate) fn compact(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    for (unit, letter) in UNITS {
        // What would be rounded to a thousand of the smaller unit is one of this.
        if size >= unit * 0.999_95 {
            return format!("{}{letter}", without_zeros(&format!("{:.1}", value / unit)));
        }
    }
    without_zeros(&short(value))
}

/// Bytes in the binary unit that suits them.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [
        (1_099_511_627_776.0, "TiB"),
        (1_073_741_824.0, "GiB"),
        (1_048_576.0, "MiB"),
        (1024.0, "KiB"),
    ];
    for (unit, name) in UNITS {
        if value >= unit {
            return format!("{} {name}", short(value / unit));
        }
    }
    format!("{value:.0} B")
}

/// Seconds as 45 s, 2:05 min, or 1:02:05 h.
pub(crate) fn clock(seconds: f64) -> String {
    let whole = crate::number::round_to_u64(seconds);
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes}:{rest:02} min"),
        (_, _) => format!("{hours}:{minutes:02}:{rest:02} h"),
    }
}

/// `text` without the zeros at the end of its decimals.
pub(crate) fn without_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// A time in milliseconds since 1970 as a date and a time of day, UTC.
pub(crate) fn date(millis: i64) -> String {
    let seconds = millis.div_euclid(1000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// The date of a day counted from 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months are counted from March, so that the leap day is the last.
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let check = |value: f64, expected: &str| assert_eq!(grouped(value), expected);
        check(0.0, "0");
        check(999.4, "999");
        check(1000.0, "1,000");
        check(12_345_678.0, "12,345,678");
        check(-3.0, "0");
    }

    #[test]
    fn three_digits_say_it() {
        let check = |value: f64, expected: &str| assert_eq!(short(value), expected);
        check(0.0, "0.000");
        check(0.1234, "0.123");
        check(1.234, "1.23");
        check(12.34, "12.3");
        check(1234.5, "1,234");
        check(-1234.5, "-1,234");
    }

    #[test]
    fn large_numbers_get_letters() {
        let check = |value: f64, expected: &str| assert_eq!(compact(value), expected);
        check(0.0, "0");
        check(0.5, "0.5");
        check(950.0, "950");
        check(1000.0, "1k");
        check(12_500.0, "12.5k");
        check(999_960.0, "1M");
        check(3_100_000.0, "3.1M");
        check(2e9, "2G");
    }

    #[test]
    fn bytes_get_units() {
        let check = |value: f64, expected: &str| assert_eq!(bytes(value), expected);
        check(0.0, "0 B");
        check(1023.0, "1023 B");
        check(1024.0, "1.00 KiB");
        check(128.0 * 1024.0 * 1024.0, "128 MiB");
        check(1.5 * 1024.0 * 1024.0 * 1024.0, "1.50 GiB");
    }

    #[test]
    fn times_can_be_read() {
        let check = |value: f64, expected: &str| assert_eq!(clock(value), expected);
        check(0.0, "0 s");
        check(59.4, "59 s");
        check(125.0, "2:05 min");
        check(3725.0, "1:02:05 h");
    }

    #[test]
    fn dates_are_right() {
        let check = |millis: i64, expected: &str| assert_eq!(date(millis), expected);
        // As `date -u -d @SECONDS` has them.
        check(0, "1970-01-01 00:00:00 UTC");
        check(951_782_400_000, "2000-02-29 00:00:00 UTC");
        check(1_700_000_000_999, "2023-11-14 22:13:20 UTC");
        check(-1, "1969-12-31 23:59:59 UTC");
    }
}
