//! All tables of a configuration, by name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Spec, Table};

/// All tables of a configuration.
#[derive(Debug, Default)]
pub struct Tables {
    order: Vec<Arc<Table>>,
    specs: Vec<Spec>,
    names: HashMap<String, usize>,
}

impl Tables {
    /// Empty tables, but for those that a configuration before this one had with the same type and data: they go on with
    /// what they hold. What else is new about these is said with [`Tables::settle`].
    pub fn build(specs: impl IntoIterator<Item = Spec>, before: Option<&Self>) -> Self {
        let mut tables = Self::default();
        for spec in specs {
            let known = before.and_then(|before| before.get(&spec.name));
            let table = known.filter(|known| known.holds_what(&spec)).cloned();
            tables.names.insert(spec.name.clone(), tables.order.len());
            tables.order.push(table.unwrap_or_else(|| Arc::new(Table::new(&spec))));
            tables.specs.push(spec);
        }
        tables
    }

    /// This configuration is in force from now on: sizes and times go by it. A table that has become smaller lets its
    /// oldest entries go.
    pub fn settle(&self) {
        for (table, spec) in self.order.iter().zip(&self.specs) {
            table.limit(spec);
        }
    }

    /// The table of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Table>> {
        self.names.get(name).and_then(|place| self.order.get(*place))
    }

    /// All tables in the order of the configuration.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Table>> {
        self.order.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Data, Key, Kind, Store};

    fn spec(name: &str, kind: Kind, size: usize) -> Spec {
        let store = vec![Store { data: Data::Gpc0, count: 1, period: 0 }];
        Spec { name: name.into(), kind, size, expire: None, nopurge: false, store }
    }

    #[test]
    fn a_table_goes_on_where_name_type_and_data_are_the_same() {
        let before = Tables::build([spec("a", Kind::Ip, 10), spec("b", Kind::Ip, 10)], None);
        let key = Key::Ip([192, 0, 2, 1].into());
        for table in before.iter() {
            table.put(&key, 0, |entry| entry.add(Data::Gpc0, 0, 5));
        }
        let after = Tables::build([spec("b", Kind::Ipv6, 10), spec("a", Kind::Ip, 10)], Some(&before));
        let value =
            |name| after.get(name).and_then(|table| table.read(&key, 1, |entry| entry.get(Data::Gpc0, 0)));
        assert_eq!((value("a"), value("b")), (Some(Some(5)), None));
        assert!(after.get("c").is_none() && !after.is_empty());
    }

    #[test]
    fn a_change_of_size_does_not_lose_what_fits() {
        let before = Tables::build([spec("a", Kind::Integer, 100)], None);
        for number in 0..100 {
            before.get("a").unwrap().put(&Key::Integer(number), u64::from(number), |_| {});
        }
        let after = Tables::build([spec("a", Kind::Integer, 10)], Some(&before));
        let table = after.get("a").unwrap();
        assert_eq!(table.used(), 100);
        after.settle();
        assert_eq!((table.size(), table.used()), (10, 10));
        assert!(table.read(&Key::Integer(99), 200, |_| ()).is_some());
        assert!(table.read(&Key::Integer(89), 200, |_| ()).is_none());
    }
}
