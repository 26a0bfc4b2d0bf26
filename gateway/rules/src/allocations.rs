//! Rules that read and compare allocate nothing per request: counted by the allocator itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;

use expr::{Phase, Txn};

use crate::world::{World, rule_in, scope};
use crate::{Flow, Message, RuleSet};

/// The system's allocator, counting for each thread how often it is asked.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // a thread that ends may free after its counter has gone
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

#[expect(unsafe_code, reason = "an allocator is unsafe by nature; this one only counts and passes on")]
// SAFETY: every call is passed on as it came
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn set(lines: impl IntoIterator<Item = String>) -> RuleSet {
    let (mut set, scope) = (RuleSet::default(), scope(Phase::HttpRequest));
    set.extend(
        lines
            .into_iter()
            .map(|line| rule_in(&scope, &line).unwrap_or_else(|d| panic!("{line}: {}", d.message))),
    );
    set.compile();
    set
}

/// How often memory was asked for while a set ran.
fn allocations(set: &RuleSet, world: &mut World) -> (Flow, u64) {
    // the first time, machines of regular expressions make room for their work
    set.run(world);
    let before = ASKED.get();
    let flow = set.run(world);
    (flow, ASKED.get() - before)
}

/// What web configurations ask of a request.
#[rustfmt::skip]
const CONDITIONS: &[&str] = &[
    "path /a", "path_beg /b /c/ /d/", "path_beg -i /B", "path_end .png .gif .css .js .ico .txt", "path_sub ../ //",
    "path_dir images static", "path_reg ^/api/v[0-9]+/ \\.php$", "path_reg -i ^/admin", "url_beg http://", "query -m found",
    "path -m len gt 100", "hdr(host) -i a.example b.example c.example d.example e.example", "hdr_beg(host) -i api.",
    "hdr_end(host) -i .test", "hdr_dom(host) other", "hdr_reg(user-agent) -i bot|crawler", "hdr_cnt(host) gt 1",
    "hdr(x-forwarded-for) -m ip 192.168.0.0/16", "hdr_val(content-length) gt 100000", "cook(sid) none",
    "method -i post PUT DELETE", "src 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", "src -f seen.lst", "ssl_fc",
    "path -f seen.lst", "path,map_beg(names.map) -m found", "url_param(debug) 1", "req.hdr(accept) -m sub json",
    "var(txn.a) -m found", "sc0_get_gpc0 gt 5", "req.ver 1.0", "src_port 1:1023 3000:4000", "base_beg -m len 0",
];

#[test]
fn rules_that_read_and_compare_allocate_nothing() {
    let named = |condition: &&&str| !condition.starts_with("base");
    let each = || CONDITIONS.iter().filter(named);
    for condition in each() {
        let line = format!("deny if {{ {condition} }}");
        let lines = [line.clone(), format!("deny unless !{{ {condition} }}"), line];
        assert_eq!(allocations(&set(lines), &mut World::sample()), (Flow::Continue, 0), "{condition}");
    }
    let pairs = each().flat_map(|one| each().map(move |other| format!("deny if {{ {one} }} {{ {other} }}")));
    assert_eq!(allocations(&set(pairs), &mut World::sample()), (Flow::Continue, 0));
}

#[test]
fn ten_thousand_rules_allocate_nothing_whether_one_applies_or_none() {
    let lines = |text: fn(usize) -> String| (0..10_000).map(text);
    for text in [
        (|n| format!("allow if {{ path_beg /service-{n}/ }}")) as fn(usize) -> String,
        |n| format!("allow if {{ hdr(host) -i www.{n}.example }}"),
        |n| format!("allow if {{ src 10.{}.{}.0/24 }} {{ path_beg /a }}", n / 250, n % 250),
        |n| format!("allow if {{ hdr_val(n) {n}:{} }}", n + 3),
        |n| format!("allow if {{ path_reg ^/service-{n}/[a-z]+$ }}"),
    ] {
        let set = set(lines(text));
        assert_eq!(allocations(&set, &mut World::sample()), (Flow::Continue, 0), "{}", text(1));
        let mut world = World::sample();
        world.uri = b"/service-9999/x".to_vec();
        world.request = vec![("Host".into(), b"WWW.9999.example".to_vec()), ("N".into(), b"9999".to_vec())];
        world.source = [10, 39, 249, 1].into();
        let (flow, count) = allocations(&set, &mut world);
        assert_eq!(
            (flow == Flow::Accept || text(1).contains("path_beg /a"), count),
            (true, 0),
            "{}",
            text(1)
        );
    }
}

/// A message that must not be touched.
struct Untouchable;

impl Message for Untouchable {
    fn txn(&self) -> &dyn Txn {
        panic!("there is nothing to ask")
    }
    fn side(&self) -> expr::Side {
        panic!("there is nothing to change")
    }
    fn add_header(&mut self, _: &[u8], _: &[u8]) {}
    fn del_header(&mut self, _: &[u8]) {}
    fn retain_headers(&mut self, _: &mut dyn FnMut(&[u8], &[u8]) -> bool) {}
    fn set_uri(&mut self, _: Vec<u8>) {}
    fn set_method(&mut self, _: Vec<u8>) {}
    fn set_status(&mut self, _: u16) {}
}

#[test]
fn a_phase_without_rules_looks_at_nothing() {
    let empty = set([]);
    assert_eq!(empty.run(&mut Untouchable), Flow::Continue);
    let mut text = String::new();
    write!(text, "{empty:?}").unwrap();
    assert!(empty.is_empty(), "{text}");
}
