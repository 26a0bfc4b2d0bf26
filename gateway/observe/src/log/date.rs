//! Dates of log lines, in the local time zone (`TZ`) as HAProxy writes them.
//!
//! Asking the system for the zone's offset takes a lock and a look at `TZ`; every zone in use changes only at
//! full quarters of an hour of UTC, so the offset is remembered for a quarter of an hour in each thread.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

const QUARTER: i64 = 900;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

thread_local! {
    /// The quarter of an hour asked about last, and the offset then; derived, never a source of truth.
    static OFFSET: Cell<(i64, i64)> = const { Cell::new((i64::MIN, 0)) };
}

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    year: i64,
    month: usize,
    day: i64,
    second_of_day: i64,
    micros: u32,
    offset: i64,
}

impl Moment {
    /// In the local time zone.
    pub fn local(time: SystemTime) -> Self {
        let (seconds, micros) = split(time);
        Self::at(seconds, micros, offset(seconds))
    }

    /// In UTC.
    pub fn utc(time: SystemTime) -> Self {
        let (seconds, micros) = split(time);
        Self::at(seconds, micros, 0)
    }

    fn at(seconds: i64, micros: u32, offset: i64) -> Self {
        let local = seconds + offset;
        let (year, month, day) = civil(local.div_euclid(86_400));
        Self { year, month, day, second_of_day: local.rem_euclid(86_400), micros, offset }
    }

    /// `22/Nov/2026:10:42:03.123`.
    pub fn write_millis(&self, out: &mut Vec<u8>) {
        self.write_clf(out);
        out.push(b'.');
        digits(out, i64::from(self.micros / 1000), 3);
    }

    /// `22/Nov/2026:10:42:03`.
    fn write_clf(&self, out: &mut Vec<u8>) {
        digits(out, self.day, 2);
        out.push(b'/');
        out.extend_from_slice(MONTHS[self.month].as_bytes());
        out.push(b'/');
        digits(out, self.year, 4);
        out.push(b':');
        self.write_time(out);
    }

    /// `22/Nov/2026:10:42:03 +0000`.
    pub fn write_zoned(&self, out: &mut Vec<u8>) {
        self.write_clf(out);
        out.push(b' ');
        self.write_zone(out, b"");
    }

    /// `Nov 22 10:42:03`, the day padded with a space.
    pub fn write_syslog(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(MONTHS[self.month].as_bytes());
        out.push(b' ');
        if self.day < 10 {
            out.push(b' ');
            digits(out, self.day, 1);
        } else {
            digits(out, self.day, 2);
        }
        out.push(b' ');
        self.write_time(out);
    }

    /// `2026-11-22T10:42:03.123456+00:00`.
    pub fn write_iso(&self, out: &mut Vec<u8>) {
        digits(out, self.year, 4);
        out.push(b'-');
        digits(out, self.month as i64 + 1, 2);
        out.push(b'-');
        digits(out, self.day, 2);
        out.push(b'T');
        self.write_time(out);
        out.push(b'.');
        digits(out, i64::from(self.micros), 6);
        self.write_zone(out, b":");
    }

    /// The milliseconds, three digits.
    pub fn write_millis_only(&self, out: &mut Vec<u8>) {
        digits(out, i64::from(self.micros / 1000), 3);
    }

    fn write_time(&self, out: &mut Vec<u8>) {
        digits(out, self.second_of_day / 3600, 2);
        out.push(b':');
        digits(out, self.second_of_day / 60 % 60, 2);
        out.push(b':');
        digits(out, self.second_of_day % 60, 2);
    }

    fn write_zone(&self, out: &mut Vec<u8>, colon: &[u8]) {
        out.push(if self.offset < 0 { b'-' } else { b'+' });
        let minutes = self.offset.abs() / 60;
        digits(out, minutes / 60, 2);
        out.extend_from_slice(colon);
        digits(out, minutes % 60, 2);
    }
}

fn split(time: SystemTime) -> (i64, u32) {
    // before 1970 only a broken clock points; it is shown as 1970
    time.duration_since(UNIX_EPOCH)
        .map_or((0, 0), |since| (i64::try_from(since.as_secs()).unwrap_or(0), since.subsec_micros()))
}

/// How far the local time is ahead of UTC, in seconds, at a number of seconds since 1970.
pub fn offset(seconds: i64) -> i64 {
    let quarter = seconds.div_euclid(QUARTER);
    let (known, offset) = OFFSET.get();
    if known == quarter {
        return offset;
    }
    let offset = system_offset(seconds);
    OFFSET.set((quarter, offset));
    offset
}

/// Makes this thread take UTC for the local time zone around this time.
#[cfg(test)]
pub(super) fn pretend_utc(time: SystemTime) {
    OFFSET.set((split(time).0.div_euclid(QUARTER), 0));
}

fn system_offset(seconds: i64) -> i64 {
    #[expect(unsafe_code, reason = "only the C library knows the time zone")]
    // SAFETY: both pointers are to locals that live through the call; `tm` is plain data that the call fills,
    // and zeroes are a valid value of it if the call fails.
    unsafe {
        let mut broken: libc::tm = std::mem::zeroed();
        libc::localtime_r(&raw const seconds, &raw mut broken);
        broken.tm_gmtoff
    }
}

/// Days since 1970 → year, month from 0, day from 1 (H. Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 2 } else { from_march - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day)
}

fn digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let mut text = [b'0'; 8];
    let mut rest = value;
    for place in text[..width].iter_mut().rev() {
        *place = b'0' + u8::try_from(rest.rem_euclid(10)).unwrap_or(0);
        rest /= 10;
    }
    out.extend_from_slice(&text[..width]);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_are_written_as_haproxy_writes_them() {
        let moment = Moment::at(1_795_344_341, 2_030, 0);
        assert_eq!(text(|out| moment.write_millis(out)), "22/Nov/2026:10:45:41.002");
        assert_eq!(text(|out| moment.write_zoned(out)), "22/Nov/2026:10:45:41 +0000");
        assert_eq!(text(|out| moment.write_syslog(out)), "Nov 22 10:45:41");
        assert_eq!(text(|out| moment.write_iso(out)), "2026-11-22T10:45:41.002030+00:00");
    }

    #[test]
    fn a_zone_moves_the_day_and_is_named() {
        let moment = Moment::at(1_772_323_200, 0, -12_600);
        assert_eq!(text(|out| moment.write_zoned(out)), "28/Feb/2026:20:30:00 -0330");
        assert_eq!(text(|out| Moment::at(0, 0, 0).write_syslog(out)), "Jan  1 00:00:00");
    }

    #[test]
    fn leap_days_exist() {
        assert_eq!(civil(11_016), (2000, 1, 29));
        assert_eq!(civil(19_782), (2024, 1, 29));
        assert_eq!(civil(-1), (1969, 11, 31));
    }

    #[test]
    fn the_offset_is_that_of_the_system() {
        let time = UNIX_EPOCH + Duration::from_secs(1_795_344_341);
        assert_eq!(Moment::local(time).offset, system_offset(1_795_344_341));
    }
}
