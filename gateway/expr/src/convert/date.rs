//! Numbers of seconds as dates (configuration.txt 7.3.1). Names are those of the C locale.

use std::fmt::Write as _;

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

const FORM: &[Kind] = &[Kind::Str, Kind::Int];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("http_date", Type::Int, Type::Str, |v, a, _| http_date(&v, a)).takes(&[Kind::Int, Kind::Str], 0).prepare(|args, _| unit(args)).example("int(1700000000123),http_date(5000,ms)", "Tue, 14 Nov 2023 22:13:25.123 GMT"),
    convert("ltime", Type::Int, Type::Str, |v, a, t| local(&v, a, t, 1)).takes(FORM, 1).example("int(1700000000),ltime(%Y)", "2023"),
    convert("utime", Type::Int, Type::Str, |v, a, _| universal(&v, a, 1)).takes(FORM, 1).example("int(1700000000),utime(%Y%m%d%H%M%S,60)", "20231114221420"),
    convert("ms_ltime", Type::Int, Type::Str, |v, a, t| local(&v, a, t, 1_000)).takes(FORM, 1).since("2.7").example("int(1700000000123),ms_ltime(%Y.%N)", "2023.123000000"),
    convert("ms_utime", Type::Int, Type::Str, |v, a, _| universal(&v, a, 1_000)).takes(FORM, 1).since("2.7").example("int(1700000000123),ms_utime(%H:%M:%S.%N,1000)", "22:13:21.123000000"),
    convert("us_ltime", Type::Int, Type::Str, |v, a, t| local(&v, a, t, 1_000_000)).takes(FORM, 1).since("2.7").example("int(1700000000000123),us_ltime(%Y.%N)", "2023.000123000"),
    convert("us_utime", Type::Int, Type::Str, |v, a, _| universal(&v, a, 1_000_000)).takes(FORM, 1).since("2.7").example("int(1700000000000123),us_utime(%H:%M:%S.%N)", "22:13:20.000123000"),
];

/// How wide a part of a date may be made.
const MAX_WIDTH: usize = 64;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
#[rustfmt::skip]
const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
];

fn unit(args: &mut Vec<Arg>) -> Result<(), String> {
    let parts = match arg::text(args, 1) {
        b"" | b"s" => 1,
        b"ms" => 1_000,
        b"us" => 1_000_000,
        other => {
            let found = String::from_utf8_lossy(other);
            return Err(format!("expects 's', 'ms' or 'us', got '{found}'"));
        }
    };
    args.truncate(1);
    args.resize_with(1, || Arg::Int(0));
    args.push(Arg::Int(parts));
    Ok(())
}

fn http_date<'a>(value: &Value<'a>, args: &[Arg]) -> Option<Value<'a>> {
    let parts = arg::int(args, 1)?;
    let moment = value.to_int()?.checked_add(arg::int(args, 0)?)?;
    let fraction = match parts {
        1_000 => format!(".{:03}", moment.rem_euclid(parts)),
        1_000_000 => format!(".{:06}", moment.rem_euclid(parts)),
        _ => String::new(),
    };
    let date = Date::new(moment.div_euclid(parts), 0)?;
    Some(Value::made(date.format(&format!("%a, %d %b %Y %T{fraction} GMT")).into_bytes()))
}

fn universal<'a>(value: &Value<'a>, args: &[Arg], parts: i64) -> Option<Value<'a>> {
    written(value, args, parts, |_| 0)
}

fn local<'a>(value: &Value<'a>, args: &[Arg], txn: &dyn Txn, parts: i64) -> Option<Value<'a>> {
    written(value, args, parts, |seconds| txn.utc_offset(seconds))
}

fn written<'a>(
    value: &Value<'a>,
    args: &[Arg],
    parts: i64,
    offset: impl Fn(i64) -> i64,
) -> Option<Value<'a>> {
    let moment = value.to_int()?.checked_add(arg::int(args, 1).unwrap_or(0))?;
    let seconds = moment.div_euclid(parts);
    let mut date = Date::new(seconds, offset(seconds))?;
    date.nanos = (parts > 1).then(|| moment.rem_euclid(parts) * (1_000_000_000 / parts));
    let text = date.format(&String::from_utf8_lossy(arg::text(args, 0)));
    Some(Value::made(text.into_bytes()))
}

/// A moment in the calendar.
#[derive(Debug)]
struct Date {
    moment: i64,
    offset: i64,
    /// Of the second; where it is not known, `%N` means nothing.
    nanos: Option<i64>,
    year: i64,
    /// From 0.
    month: usize,
    day: i64,
    /// Of the year, from 0.
    yday: i64,
    /// From Sunday, 0.
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Date {
    /// Nothing beyond the years of four digits.
    fn new(moment: i64, offset: i64) -> Option<Self> {
        let local = moment.checked_add(offset)?;
        if !(-62_135_596_800..=253_402_300_799).contains(&local) {
            return None;
        }
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        // the Gregorian calendar repeats itself every 146,097 days; years begin in March, so that a leap day comes last
        let (era, of_era) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 2 } else { march - 10 };
        let year = year + era * 400 + i64::from(month < 2);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let before = if march < 10 { 59 + i64::from(leap) } else { -306 };
        Some(Self {
            moment,
            offset,
            nanos: None,
            year,
            month: usize::try_from(month).ok()?,
            day,
            yday: of_year + before,
            weekday: (days + 4).rem_euclid(7),
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        })
    }

    /// As strftime(3) does; what it does not know is left as it is.
    fn format(&self, form: &str) -> String {
        let mut out = String::with_capacity(form.len() * 2);
        let mut rest = form;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match self.put_directive(rest, &mut out) {
                Some(behind) => rest = behind,
                None => out.push('%'),
            }
        }
        out + rest
    }

    /// What stands behind a percent sign: flags, a width, a letter. Gives what is behind that.
    fn put_directive<'f>(&self, text: &'f str, out: &mut String) -> Option<&'f str> {
        let flags = text.find(|c| !matches!(c, '-' | '_' | '0' | '^' | '#')).unwrap_or(text.len());
        let (flags, rest) = text.split_at(flags);
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (width, rest) = rest.split_at(digits);
        let width = width.parse::<usize>().ok().map(|width| width.min(MAX_WIDTH));
        // modifiers change nothing in the C locale
        let rest = rest.trim_start_matches(['E', 'O']);
        let letter = rest.chars().next()?;
        let mut written = String::new();
        match letter {
            'N' => written.push_str(format!("{:09}", self.nanos?).get(..width.unwrap_or(9).clamp(1, 9))?),
            _ if !self.put(letter, &mut written) => return None,
            _ if flags.is_empty() && width.is_none() => {}
            _ => written = shaped(&written, letter, flags, width),
        }
        out.push_str(&written);
        Some(&rest[letter.len_utf8()..])
    }

    fn put(&self, letter: char, out: &mut String) -> bool {
        let half = if self.hour % 12 == 0 { 12 } else { self.hour % 12 };
        let written = match letter {
            '%' => write!(out, "%"),
            'n' => writeln!(out),
            't' => write!(out, "\t"),
            'a' => write!(out, "{:.3}", self.weekday_name()),
            'A' => write!(out, "{}", self.weekday_name()),
            'b' | 'h' => write!(out, "{:.3}", MONTHS[self.month]),
            'B' => write!(out, "{}", MONTHS[self.month]),
            'C' => write!(out, "{:02}", self.year.div_euclid(100)),
            'd' => write!(out, "{:02}", self.day),
            'e' => write!(out, "{:2}", self.day),
            'H' => write!(out, "{:02}", self.hour),
            'I' => write!(out, "{half:02}"),
            'j' => write!(out, "{:03}", self.yday + 1),
            'k' => write!(out, "{:2}", self.hour),
            'l' => write!(out, "{half:2}"),
            'm' => write!(out, "{:02}", self.month + 1),
            'M' => write!(out, "{:02}", self.minute),
            'p' => write!(out, "{}", if self.hour < 12 { "AM" } else { "PM" }),
            'P' => write!(out, "{}", if self.hour < 12 { "am" } else { "pm" }),
            's' => write!(out, "{}", self.moment),
            'S' => write!(out, "{:02}", self.second),
            'u' => write!(out, "{}", if self.weekday == 0 { 7 } else { self.weekday }),
            'w' => write!(out, "{}", self.weekday),
            'y' => write!(out, "{:02}", self.year.rem_euclid(100)),
            'Y' => write!(out, "{}", self.year),
            _ => return self.put_more(letter, out),
        };
        written.is_ok()
    }

    /// What is made of others, and weeks.
    fn put_more(&self, letter: char, out: &mut String) -> bool {
        let composed = match letter {
            'c' => "%a %b %e %H:%M:%S %Y",
            'D' | 'x' => "%m/%d/%y",
            'F' => "%Y-%m-%d",
            'r' => "%I:%M:%S %p",
            'R' => "%H:%M",
            'T' | 'X' => "%H:%M:%S",
            _ => "",
        };
        if !composed.is_empty() {
            out.push_str(&self.format(composed));
            return true;
        }
        let monday = (self.weekday + 6) % 7;
        let (iso_year, iso_week) = self.iso_week();
        let written = match letter {
            'G' => write!(out, "{iso_year}"),
            'g' => write!(out, "{:02}", iso_year.rem_euclid(100)),
            'V' => write!(out, "{iso_week:02}"),
            'U' => write!(out, "{:02}", (self.yday + 7 - self.weekday) / 7),
            'W' => write!(out, "{:02}", (self.yday + 7 - monday) / 7),
            'z' => {
                let (sign, minutes) = (if self.offset < 0 { '-' } else { '+' }, self.offset.abs() / 60);
                write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            'Z' if self.offset == 0 => write!(out, "GMT"),
            _ => return false,
        };
        written.is_ok()
    }

    /// The week of ISO 8601, and the year that it belongs to.
    fn iso_week(&self) -> (i64, i64) {
        let monday = (self.weekday + 6) % 7;
        let week = (self.yday - monday + 10) / 7;
        let days = |year: i64| if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
        let thursday = self.yday - monday + 3;
        match thursday {
            ..0 => {
                let before = self.yday + days(self.year - 1);
                (self.year - 1, (before - monday + 10) / 7)
            }
            day if day >= days(self.year) => (self.year + 1, 1),
            _ => (self.year, week),
        }
    }

    fn weekday_name(&self) -> &'static str {
        let at = usize::try_from(self.weekday).unwrap_or(0);
        DAYS[at % 7]
    }
}

/// A part of a date, padded and capitalised as its flags and its width ask for.
fn shaped(written: &str, letter: char, flags: &str, width: Option<usize>) -> String {
    let text = match letter {
        'p' | 'Z' if flags.contains('#') => written.to_lowercase(),
        'a' | 'A' | 'b' | 'B' | 'h' if flags.contains('#') => written.to_uppercase(),
        _ if flags.contains('^') => written.to_uppercase(),
        _ => written.to_owned(),
    };
    let is_number = matches!(letter, 'C' | 'd' | 'e' | 'g'..='m' | 's' | 'u'..='w' | 'y' | 'G'..='I' | 'M' | 'S' | 'U'..='W' | 'Y')
        && letter != 'h';
    let last = flags.chars().rev().find(|flag| matches!(flag, '-' | '_' | '0'));
    let pad = match last {
        Some('_') => ' ',
        Some('0') => '0',
        _ if is_number && !matches!(letter, 'e' | 'k' | 'l' | 's') => '0',
        _ => ' ',
    };
    match last {
        None => padded(&text, pad, width),
        Some('-') if is_number => bare(&text).to_owned(),
        Some('-') => text,
        Some(_) if is_number => padded(bare(&text), pad, Some(width.unwrap_or(text.len()))),
        Some(_) => padded(&text, pad, width),
    }
}

/// A number without what pads it.
fn bare(number: &str) -> &str {
    let bare = number.trim_start_matches([' ', '0']);
    if bare.is_empty() { "0" } else { bare }
}

fn padded(text: &str, with: char, width: Option<usize>) -> String {
    let missing = width.unwrap_or(0).saturating_sub(text.len());
    std::iter::repeat_n(with, missing).chain(text.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What HAProxy 2.6 writes with the C library.
    #[rustfmt::skip]
    const SHAPES: &[(&str, &str)] = &[
        ("%3S %5Y %_d %-d %0e %_H %-H %^a %#Z %10A %010A", "004 02023  6 6 06  9 9 MON gmt     Monday 0000Monday"),
        ("%_3d %-3d %03e %e %-e %_I %-I %-j %_j %5F %12F %012F", "  6 6 006  6 6  9 9 310 310 2023-11-06   2023-11-06 002023-11-06"),
        ("%-y %_y %k %-k %0k %N %3N %_5% | %u %3u %_3u %^B %^p %P %#p %#a", "23 23  9 9 09 %N %3N     % | 1 001   1 NOVEMBER AM am am MON"),
        ("%s %12s %5s %-m %_m %C %4C %V %-V %-U %G %6G %g %-S %-M %Q %5Q %", "1699261384   1699261384 1699261384 11 11 20 0020 45 45 45 2023 002023 23 4 3 %Q %5Q %"),
    ];

    #[test]
    fn flags_and_widths_shape_the_parts() {
        let date = Date::new(1_699_261_384, 0).unwrap();
        for (form, expected) in SHAPES {
            assert_eq!(date.format(form), *expected, "{form}");
        }
        let exact = Date { nanos: Some(123_456_789), ..date };
        assert_eq!(exact.format("%3N %6N %N %12N"), "123 123456 123456789 123456789");
    }

    /// What HAProxy 2.6 writes with the C library.
    #[test]
    fn dates_are_written_as_the_c_library_writes_them() {
        let date = Date::new(1_700_000_000, 0).unwrap();
        assert_eq!(
            date.format("%a, %d %b %Y %T %z %Z %j %y %e %p %I %% %s"),
            "Tue, 14 Nov 2023 22:13:20 +0000 GMT 318 23 14 PM 10 % 1700000000"
        );
        let date = Date::new(1_700_000_060, 0).unwrap();
        assert_eq!(
            date.format("%A %B %D %F %R %u %w %U %W %V %G %g %C %h %c %x %X %r %k %l %Q %Oy %P"),
            "Tuesday November 11/14/23 2023-11-14 22:14 2 2 46 46 46 2023 23 20 Nov Tue Nov 14 22:14:20 2023 \
             11/14/23 22:14:20 10:14:20 PM 22 10 %Q 23 pm"
        );
        for (moment, form, expected) in [
            (0, "%F %j %V %G", "1970-01-01 001 01 1970"),
            (951_782_400, "%F %j", "2000-02-29 060"),
            (978_220_800, "%F %j %V %G", "2000-12-31 366 52 2000"),
            (1_104_537_600, "%F %V %G", "2005-01-01 53 2004"),
            (1_230_768_000 - 86_400, "%F %V %G", "2008-12-31 01 2009"),
            (-86_400, "%F %a %j", "1969-12-31 Wed 365"),
        ] {
            assert_eq!(Date::new(moment, 0).unwrap().format(form), expected);
        }
        assert_eq!(Date::new(0, -5_400).unwrap().format("%F %T %z %Z"), "1969-12-31 22:30:00 -0130 %Z");
        assert!(Date::new(i64::MAX, 0).is_none());
    }
}
