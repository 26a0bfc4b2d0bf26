//! Text that is very long or made to harm: loading is bounded, says why it refuses, and takes time in proportion.

use std::time::Duration;

use crate::Loaded;
use crate::world::load_text;

const HTTP: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// The errors that refuse a text, which are not too many.
fn refusals(loaded: &Loaded) -> Vec<String> {
    assert!(loaded.model.is_none() && loaded.ahead.is_none());
    let said = loaded.diagnostics.render_pipe(&loaded.sources);
    assert!(said.len() < 6000, "{} messages", said.len());
    said.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn after_very_many_mistakes_the_rest_is_not_judged() {
    for section in ["global", "defaults", "frontend f", "backend b", "resolvers r"] {
        let said = refusals(&load_text("h.cfg", &format!("{section}\n{}", " bogus x\n".repeat(100_000))));
        let sections = refusals(&load_text("h.cfg", &format!("{section}\n bogus\n").repeat(50_000)));
        assert!(said.len() >= 1000, "{section}");
        assert!(sections.iter().any(|text| text.ends_with("too many errors (1000), the rest is not judged")));
    }
}

#[test]
fn very_many_names_that_are_not_there_cost_no_more_than_others() {
    let (mut uses, mut backends) = (String::new(), String::new());
    for i in 0..20_000 {
        uses.push_str(&format!(" use_backend xb{i}\n"));
        backends.push_str(&format!("backend b{i}\n"));
    }
    let said = refusals(&load_text("h.cfg", &format!("{HTTP}frontend f\n bind :1\n{uses}{backends}")));
    assert!(said.iter().any(|text| text.contains("unable to find required use_backend: 'xb0'")));
}

#[test]
fn aliases_that_multiply_and_deep_nesting_are_errors_in_yaml() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..30 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    let deep = format!("global: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    for text in [bomb, deep, "global: \0\n".to_owned(), "? ".repeat(100_000)] {
        let loaded = load_text("h.yaml", &text);
        assert!(loaded.model.is_none() && loaded.diagnostics.len() < 2500);
    }
}

/// A configuration of so many rules, ten in each frontend, all of whose names are used.
fn rules(count: usize) -> String {
    let mut text = String::from(HTTP);
    for i in 0..count / 10 {
        text.push_str(&format!("frontend f{i}\n bind :{}\n acl api path_beg /api/{i}\n", i % 60_000 + 1));
        (0..8).for_each(|rule| {
            let cond = format!("if api {{ path_end .{rule} }}");
            text.push_str(&format!(" http-request set-header x-{rule} \"%[src]-{i}\" {cond}\n"));
        });
        text.push_str(&format!(" http-request deny unless api\n use_backend b{i} if api\n"));
        text.push_str(&format!("backend b{i}\n server s 127.0.0.1:80 check\n"));
    }
    text
}

/// Everything in one frontend and one backend.
fn crowd(count: usize) -> String {
    let mut text = format!("{HTTP}frontend f\n bind :1\n");
    (0..count).for_each(|i| text.push_str(&format!(" acl a{i} hdr(host) h{i}\n use_backend b if a{i}\n")));
    text.push_str("backend b\n");
    (0..count).for_each(|i| text.push_str(&format!(" server s{i} 127.0.0.1:80\n")));
    text
}

/// How long this thread has been on a processor; what others do there meanwhile does not count.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("a number is first"))
}

/// The shortest of a few runs.
fn fastest(text: &str) -> Duration {
    let run = || {
        let start = on_processor();
        assert!(load_text("h.cfg", text).model.is_some());
        on_processor() - start
    };
    (0..5).map(|_| run()).min().expect("there were some")
}

#[test]
fn ten_times_the_rules_take_about_ten_times_as_long() {
    for make in [rules, crowd] {
        let (small, large) = (fastest(&make(500)), fastest(&make(5_000)));
        // with the square it would be a hundred
        assert!(large < small * 35, "{small:?} for 500, {large:?} for 5,000");
    }
}
