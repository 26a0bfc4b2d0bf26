//! In which order proxies are written, and which of them must say their numbers.

use std::collections::HashSet;

use crate::model::{Backend, BackendId, Frontend, Model};

/// A section of a proxy: at least one half.
#[derive(Clone, Copy)]
pub(super) struct Proxy<'a> {
    pub(super) front: Option<&'a Frontend>,
    pub(super) back: Option<&'a Backend>,
}

impl<'a> Proxy<'a> {
    fn frontend(model: &'a Model, front: &'a Frontend) -> Self {
        Self { front: Some(front), back: front.listen.map(|id| model.backend(id)) }
    }

    fn backend(model: &'a Model, back: &'a Backend) -> Self {
        Self { front: back.listen.map(|id| model.frontend(id)), back: Some(back) }
    }

    pub(super) fn keyword(&self) -> &'static str {
        match (self.front, self.back) {
            (Some(_), Some(_)) => "listen",
            (Some(_), None) => "frontend",
            (None, _) => "backend",
        }
    }

    pub(super) fn name(&self) -> &'a str {
        let front = self.front.map(|front| front.name.as_str());
        front.or_else(|| self.back.map(|back| back.name.as_str())).unwrap_or_default()
    }

    pub(super) fn id(&self) -> u32 {
        self.front.map(|front| front.id).or_else(|| self.back.map(|back| back.id)).unwrap_or_default()
    }
}

/// As the files had it: frontends and backends keep their orders, and between them the numbers decide.
pub(super) fn natural(model: &Model) -> Vec<Proxy<'_>> {
    let (mut front, mut back) = (0, 0);
    let mut order = Vec::new();
    loop {
        let next = match (model.frontends.get(front), model.backends.get(back)) {
            (None, None) => return order,
            (Some(one), None) => Proxy::frontend(model, one),
            (None, Some(one)) => Proxy::backend(model, one),
            // the halves of one section, or one that must wait for its other half
            (Some(one), _) if one.listen == Some(BackendId(back)) => Proxy::frontend(model, one),
            (Some(one), Some(other)) if one.listen.is_some() => Proxy::backend(model, other),
            (Some(one), Some(other)) if other.listen.is_some() => Proxy::frontend(model, one),
            (Some(one), Some(other)) if other.id < one.id => Proxy::backend(model, other),
            (Some(one), Some(_)) => Proxy::frontend(model, one),
        };
        front += usize::from(next.front.is_some());
        back += usize::from(next.back.is_some());
        order.push(next);
    }
}

/// Kind by kind, as YAML's maps want them, where that keeps the orders of frontends and of backends; else as the files
/// had it.
pub(super) fn grouped(model: &Model) -> Vec<Proxy<'_>> {
    const ORDERS: [[&str; 3]; 4] = [
        ["frontend", "backend", "listen"],
        ["listen", "frontend", "backend"],
        ["frontend", "listen", "backend"],
        ["backend", "listen", "frontend"],
    ];
    let natural = natural(model);
    if runs(&natural) <= 3 && is_grouped(&natural) {
        return natural;
    }
    let sorted = ORDERS.into_iter().map(|keywords| {
        let of = |keyword: &'static str| natural.iter().filter(move |proxy| proxy.keyword() == keyword);
        keywords.into_iter().flat_map(of).copied().collect::<Vec<_>>()
    });
    sorted.into_iter().find(|order| keeps(model, order)).unwrap_or(natural)
}

/// How often the kind changes, and once more.
fn runs(order: &[Proxy<'_>]) -> usize {
    order.chunk_by(|a, b| a.keyword() == b.keyword()).count()
}

fn is_grouped(order: &[Proxy<'_>]) -> bool {
    let kinds: HashSet<&str> = order.iter().map(Proxy::keyword).collect();
    kinds.len() == runs(order)
}

/// Whether frontends and backends come in the model's order.
fn keeps(model: &Model, order: &[Proxy<'_>]) -> bool {
    let fronts = order.iter().filter_map(|proxy| proxy.front).zip(&model.frontends);
    let backs = order.iter().filter_map(|proxy| proxy.back).zip(&model.backends);
    fronts.into_iter().all(|(a, b)| std::ptr::eq(a, b)) && backs.into_iter().all(|(a, b)| std::ptr::eq(a, b))
}

/// Which of these numbers must be written, because counting from `first` does not give them.
pub(super) fn uncounted(ids: &[u32], first: u32) -> Vec<bool> {
    let mut own = vec![false; ids.len()];
    loop {
        let counted = crate::resolve::count(ids.iter().zip(&own).map(|(id, own)| own.then_some(*id)), first);
        let wrong: Vec<bool> = counted.iter().zip(ids).map(|(counted, id)| counted != id).collect();
        if !wrong.contains(&true) {
            return own;
        }
        own.iter_mut().zip(wrong).for_each(|(own, wrong)| *own |= wrong);
    }
}
