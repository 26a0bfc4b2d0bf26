//! The algorithms, held to what HAProxy's binary was seen to do.

use std::time::Instant;

use config::model::{self, Balance};

use crate::backend::{Ask, Backend, Prefer};
use crate::fixture::{course, held, ip, model, number, server, weighted};
use crate::server::Admin;

#[test]
fn roundrobin_takes_haproxys_turns() {
    for (weights, turns) in [
        (&[1, 1, 1][..], "123123"),
        (&[1, 3], "22212221"),
        (&[5, 1, 1], "1112113111"),
        (&[1, 5, 1], "2221223"),
        (&[3, 2, 1], "121312121312"),
        (&[10, 20, 30], "323132"),
        (&[2, 2, 1, 1], "123124123124"),
        (&[7, 3], "11121121121112112112"),
        (&[3, 1, 1], "1121311213"),
    ] {
        assert_eq!(course(&weighted(Balance::RoundRobin, weights), turns.len()), turns, "{weights:?}");
    }
}

#[test]
fn static_rr_takes_haproxys_turns() {
    for (weights, turns) in [
        (&[1, 1, 1][..], "123123"),
        (&[1, 3], "12221222"),
        (&[3, 1], "11121112"),
        (&[1, 5, 1], "12222231222223"),
        (&[3, 2, 1], "112123112123"),
        (&[1, 2, 3], "132323132323"),
        (&[2, 2, 1, 1], "121234121234"),
        (&[2, 5, 13], "132332332331332332331323"),
        (&[3, 2, 3, 7], "124341424341434124341"),
    ] {
        assert_eq!(course(&weighted(Balance::StaticRr, weights), turns.len()), turns, "{weights:?}");
    }
}

#[test]
fn one_round_gives_every_server_exactly_its_weight() {
    for seed in 0..200 {
        let dice = super::Dice::new(seed);
        let weights: Vec<u16> = (0..1 + dice.below(9)).map(|_| 1 + dice.below(256) as u16).collect();
        let total: usize = weights.iter().map(|weight| usize::from(*weight)).sum();
        for balance in [Balance::RoundRobin, Balance::StaticRr] {
            let turns = course(&weighted(balance, &weights), total);
            for (weight, at) in weights.iter().zip(1..) {
                let given = turns.chars().filter(|turn| turn.to_digit(36) == Some(at)).count();
                assert_eq!(given, usize::from(*weight), "seed {seed} {weights:?}");
            }
        }
    }
}

#[test]
fn weights_change_at_run_time_unless_the_algorithm_is_static() {
    for (balance, turns) in [(Balance::RoundRobin, "2222"), (Balance::StaticRr, "1212")] {
        let backend = weighted(balance, &[1, 1]);
        backend.set_weight(&backend.servers[0], 0);
        assert_eq!(course(&backend, 4), turns);
    }
}

#[test]
fn held_requests_fill_leastconn_as_haproxy_does() {
    for (weights, turns) in [
        (&[1, 1, 1][..], "123123123123"),
        (&[1, 3], "1222221222122212"),
        (&[3, 1], "1211112111211121"),
        (&[1, 2, 3], "1233233231233231"),
        (&[5, 1, 1], "1231111111123111"),
        (&[10, 10, 20], "1233312331233123"),
    ] {
        assert_eq!(held(&weighted(Balance::LeastConn, weights), turns.len()).0, turns, "{weights:?}");
    }
}

#[test]
fn idle_servers_take_turns_under_leastconn_whatever_they_weigh() {
    assert_eq!(course(&weighted(Balance::LeastConn, &[1, 3]), 6), "121212");
}

#[test]
fn first_fills_the_servers_in_the_order_of_their_ids() {
    let limited = |name: &str| model::Server { maxconn: Some(2), ..server(name) };
    let backend =
        Backend::build(&model(Balance::First, vec![limited("s1"), limited("s2"), limited("s3")]), None);
    assert_eq!(held(&backend, 7).0, "112233");
}

#[test]
fn source_sends_clients_where_haproxy_sends_them() {
    for (weights, servers) in
        [(&[1, 3][..], "122212221222122212221222"), (&[3, 2, 1], "231121231121231121231121")]
    {
        let backend = weighted(Balance::Source, weights);
        let turns: String = (0..24u32)
            .map(|host| {
                let client = Some(std::net::IpAddr::from((0x0a00_0000 + host).to_be_bytes()));
                number(backend.try_select(&Ask { client, ..Ask::default() }).as_ref())
            })
            .collect();
        assert_eq!(turns, servers, "{weights:?}");
    }
}

#[test]
fn source_folds_ipv6_addresses() {
    let backend = weighted(Balance::Source, &[1, 1, 1, 1, 1]);
    let client = Some(ip("2001:db8:0:1:2:3:4:5"));
    let words = [0x2001_0db8u32, 0x0000_0001, 0x0002_0003, 0x0004_0005];
    let expected = words.iter().fold(0, |hash, word| hash ^ word) % 5 + 1;
    assert_eq!(backend.try_select(&Ask { client, ..Ask::default() }).unwrap().id, expected);
}

#[test]
fn clients_without_an_address_take_turns_under_source() {
    assert_eq!(course(&weighted(Balance::Source, &[1, 1]), 4), "1212");
}

#[test]
fn random_gives_each_server_its_share() {
    let backend = weighted(Balance::Random(1), &[1, 3]);
    let second = course(&backend, 4000).chars().filter(|turn| *turn == '2').count();
    assert!((2800..3200).contains(&second), "{second}");
}

#[test]
fn random_prefers_the_less_loaded_of_two() {
    let backend = weighted(Balance::Random(2), &[1, 1, 1, 1]);
    let (turns, _slots) = held(&backend, 400);
    for server in '1'..='4' {
        let share = turns.chars().filter(|turn| *turn == server).count();
        assert!((85..=115).contains(&share), "{share}");
    }
}

#[test]
fn a_redispatch_goes_to_another_server_if_there_is_one() {
    for balance in
        [Balance::RoundRobin, Balance::StaticRr, Balance::LeastConn, Balance::First, Balance::Random(2)]
    {
        let backend = weighted(balance.clone(), &[1, 1]);
        let failed = backend.servers[0].clone();
        for _ in 0..8 {
            let slot = backend.try_select(&Ask { prefer: Prefer::NotServer(&failed), ..Ask::default() });
            assert_eq!(number(slot.as_ref()), '2', "{balance:?}");
        }
        backend.set_admin(&backend.servers[1], Admin::Maint);
        let slot = backend.try_select(&Ask { prefer: Prefer::NotServer(&failed), ..Ask::default() });
        assert_eq!(number(slot.as_ref()), '1', "{balance:?}: it is the only one");
    }
}

#[test]
fn a_retry_finds_its_server_again() {
    let backend = weighted(Balance::RoundRobin, &[1, 1, 1]);
    let failed = backend.servers[1].clone();
    for _ in 0..4 {
        let slot = backend.try_select(&Ask { prefer: Prefer::Server(&failed), ..Ask::default() });
        assert_eq!(number(slot.as_ref()), '2');
    }
    backend.set_admin(&backend.servers[1], Admin::Maint);
    let slot = backend.try_select(&Ask { prefer: Prefer::Server(&failed), ..Ask::default() });
    assert_ne!(number(slot.as_ref()), '2', "it is out: another will do");
}

#[test]
fn backups_serve_only_when_no_active_server_can() {
    let backup = |name: &str| model::Server { backup: true, ..server(name) };
    let mut plan = model(Balance::RoundRobin, vec![server("s1"), backup("s2"), backup("s3")]);
    let backend = Backend::build(&plan, None);
    assert_eq!((course(&backend, 3).as_str(), backend.active(), backend.backups()), ("111", 1, 2));
    backend.set_admin(&backend.servers[0], Admin::Maint);
    assert_eq!(course(&backend, 3), "222", "the first backup alone");
    backend.set_admin(&backend.servers[1], Admin::Drain);
    assert_eq!(course(&backend, 3), "333");
    plan.all_backups = true;
    let backend = Backend::build(&plan, None);
    backend.set_admin(&backend.servers[0], Admin::Maint);
    assert_eq!(course(&backend, 4), "2323");
}

#[test]
fn servers_of_no_weight_and_disabled_ones_get_nothing() {
    let idle = model::Server { weight: 0, ..server("s1") };
    let out = model::Server { disabled: true, ..server("s2") };
    let backend = Backend::build(&model(Balance::RoundRobin, vec![idle, out, server("s3")]), None);
    assert_eq!(course(&backend, 3), "333");
    for balance in
        [Balance::RoundRobin, Balance::StaticRr, Balance::LeastConn, Balance::First, Balance::Source]
    {
        assert_eq!(course(&weighted(balance.clone(), &[0, 0]), 2), "--");
        assert_eq!(course(&weighted(balance, &[]), 2), "--");
    }
}

#[test]
fn a_choice_costs_little() {
    const ROUNDS: u32 = 200_000;
    for balance in
        [Balance::RoundRobin, Balance::StaticRr, Balance::Source, Balance::LeastConn, Balance::Random(2)]
    {
        let backend = weighted(balance.clone(), &[1; 8]);
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            std::hint::black_box(backend.try_select(&Ask { client: Some(ip("10.0.0.7")), ..Ask::default() }));
        }
        println!("{balance:?}: {:?} a choice and its end", begun.elapsed() / ROUNDS);
    }
}
