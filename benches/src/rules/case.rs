//! Rule sets and maps that are measured: one row each.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// What is put into a frontend, and what is asked of it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The row's heading in the table.
    pub(crate) title: &'static str,
    /// How many rules, or lines of a map.
    pub(crate) size: usize,
    write: fn(&Self, &Path) -> io::Result<String>,
    request: &'static str,
    /// How many lines of the map are asked for in turn.
    asked: usize,
    /// How many requests its instructions are counted over.
    pub(crate) counted: usize,
}

/// The request that none but the last rule is for.
const PLAIN: &str = "GET /pac/ HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\n\r\n";
/// The line of a map in its middle.
const MAPPED: &str =
    "GET /service-050000/page HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\n\r\n";
/// What a browser sends.
const BROWSER: &str = "GET /v2/users/me?verbose=1 HTTP/1.1\r\nHost: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br\r\nCookie: session=0123456789abcdef; theme=dark\r\n\
    Referer: https://www.example.com/\r\n\r\n";

const CASE: Case =
    Case { name: "", title: "", size: 0, write: paths, request: PLAIN, asked: 1, counted: 200 };

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    Case { name: "path-1",     title: "1 rule by `path_beg`",               size: 1,       ..CASE },
    Case { name: "path-10",    title: "10 rules",                           size: 10,      ..CASE },
    Case { name: "path-100",   title: "100 rules",                          size: 100,     ..CASE },
    Case { name: "path-1000",  title: "1,000 rules",                        size: 1_000,   ..CASE },
    Case { name: "path-10000", title: "10,000 rules",                       size: 10_000,  ..CASE },
    Case { name: "host-1",     title: "1 rule by `hdr(host) -i`",           size: 1,       write: hosts, ..CASE },
    Case { name: "host-10",    title: "10 rules",                           size: 10,      write: hosts, ..CASE },
    Case { name: "host-100",   title: "100 rules",                          size: 100,     write: hosts, ..CASE },
    Case { name: "host-1000",  title: "1,000 rules",                        size: 1_000,   write: hosts, ..CASE },
    Case { name: "host-10000", title: "10,000 rules",                       size: 10_000,  write: hosts, ..CASE },
    Case { name: "deny-10000", title: "10,000 × `http-request deny if { path_beg … } !{ src … }`", size: 10_000, write: denials, ..CASE },
    Case { name: "src-10000",  title: "10,000 × `http-request deny if { src … }`", size: 10_000, write: sources, ..CASE },
    Case { name: "map-str",    title: "`map_str` of 100,000 lines",         size: 100_000, write: map_str, request: MAPPED, asked: 20_000, ..CASE },
    Case { name: "map-beg",    title: "`map_beg` of 100,000 lines",         size: 100_000, write: map_beg, request: MAPPED, asked: 20_000, ..CASE },
    Case { name: "map-reg",    title: "`map_reg` of 100,000 lines",         size: 100_000, write: map_reg, request: MAPPED, asked: 20_000, counted: 10 },
    Case { name: "map-reg-one", title: "the same, one path asked for all the time", size: 100_000, write: map_reg, request: MAPPED, counted: 10, ..CASE },
    Case { name: "web",        title: "40 rules of a web site",             size: 40,      write: web, request: BROWSER, ..CASE },
];

impl Case {
    /// The cases of which a comma-separated word is the beginning; all without any.
    pub(crate) fn chosen(words: &str) -> Vec<Self> {
        let words: Vec<&str> = words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        let asked = |case: &Self| words.is_empty() || words.iter().any(|word| case.name.starts_with(word));
        CASES.iter().copied().filter(asked).collect()
    }

    /// The lines of the frontend; the files that they name are written into the folder.
    pub(crate) fn lines(&self, folder: &Path) -> io::Result<String> {
        (self.write)(self, folder)
    }

    /// The bytes of the request.
    pub(crate) fn request(&self) -> &'static [u8] {
        self.request.as_bytes()
    }

    /// The bytes of the requests that are sent in turn.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        let step = self.size / self.asked;
        let request =
            |index: usize| self.request.replace("050000", &format!("{:06}", index * step)).into_bytes();
        (0..self.asked).map(request).collect()
    }
}

/// So many lines, of which the last is another one.
fn lines(case: &Case, one: impl Fn(usize) -> String, last: &str) -> io::Result<String> {
    let mut text = String::new();
    for index in 1..case.size {
        let _ = writeln!(text, "    {}", one(index));
    }
    let _ = writeln!(text, "    {last}");
    Ok(text)
}

fn paths(case: &Case, _: &Path) -> io::Result<String> {
    let rule = |index| format!("use_backend other if {{ path_beg /service-{index:06}/ }}");
    lines(case, rule, "use_backend origin if { path_beg /pac/ }")
}

fn hosts(case: &Case, _: &Path) -> io::Result<String> {
    let rule = |index| format!("use_backend other if {{ hdr(host) -i service-{index:06}.example }}");
    lines(case, rule, "use_backend origin if { hdr(host) -i gateway.example }")
}

fn denials(case: &Case, _: &Path) -> io::Result<String> {
    let rule =
        |index| format!("http-request deny if {{ path_beg /service-{index:06}/ }} !{{ src 10.0.0.0/8 }}");
    lines(case, rule, "default_backend origin")
}

fn sources(case: &Case, _: &Path) -> io::Result<String> {
    let rule = |index| format!("http-request deny if {{ src 10.{}.{}.0/24 }}", index / 250, index % 250);
    lines(case, rule, "default_backend origin")
}

/// A map that leads every line to the origin.
fn map(case: &Case, folder: &Path, method: &str, key: impl Fn(usize) -> String) -> io::Result<String> {
    let file = folder.join(format!("{}.map", case.name));
    let mut text = String::new();
    for index in 0..case.size {
        let _ = writeln!(text, "{} origin", key(index));
    }
    std::fs::write(&file, text)?;
    Ok(format!("    use_backend %[path,{method}({},other)]\n", file.display()))
}

fn map_str(case: &Case, folder: &Path) -> io::Result<String> {
    map(case, folder, "map_str", |index| format!("/service-{index:06}/page"))
}

fn map_beg(case: &Case, folder: &Path) -> io::Result<String> {
    map(case, folder, "map_beg", |index| format!("/service-{index:06}/"))
}

fn map_reg(case: &Case, folder: &Path) -> io::Result<String> {
    map(case, folder, "map_reg", |index| format!("^/service-{index:06}/[a-z]+$"))
}

fn web(_: &Case, folder: &Path) -> io::Result<String> {
    let blocked: String = (0..200).fold(String::new(), |text, n| text + &format!("203.0.113.{n}\n"));
    std::fs::write(folder.join("blocked.lst"), blocked)?;
    std::fs::write(folder.join("redirects.map"), "/old-home /home\n/docs /manual\n/jobs /careers\n")?;
    std::fs::write(folder.join("tenants.map"), "example.com main\nexample.net partner\n")?;
    std::fs::write(folder.join("apps.map"), "v1 origin\nv2 origin\nshop other\n")?;
    let text = include_str!("web.cfg");
    Ok(text.replace("FOLDER", &folder.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_chooses_all_that_begin_so() {
        let names = |words| Case::chosen(words).iter().map(|case| case.name).collect::<Vec<_>>();
        assert_eq!(names("map-, web"), ["map-str", "map-beg", "map-reg", "map-reg-one", "web"]);
        assert_eq!(names("").len(), CASES.len());
        assert!(names("nothing").is_empty());
    }

    #[test]
    fn the_web_site_has_as_many_rules_as_its_title_says() {
        let text = include_str!("web.cfg");
        let begins =
            |line: &&str| ["http-re", "use_backend"].iter().any(|word| line.trim().starts_with(word));
        assert_eq!(text.lines().filter(begins).count(), 40);
    }
}
