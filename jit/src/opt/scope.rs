//! A map with scopes: what was put in since [`Scoped::open`] is undone by [`Scoped::close`].
//!
//! The passes walk the dominator tree; a fact learned in a node holds in its subtree only.
//!
//! ```text
//!   m.insert(k, 1); m.open(); m.insert(k, 2); m.close(); m.get(&k) == Some(&1)
//! ```

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Clone, Debug)]
pub struct Scoped<K, V> {
    map: HashMap<K, V>,
    undo: Vec<(K, Option<V>)>,
    marks: Vec<usize>,
}

impl<K, V> Default for Scoped<K, V> {
    fn default() -> Self {
        Scoped { map: HashMap::new(), undo: vec![], marks: vec![] }
    }
}

impl<K: Hash + Eq + Copy, V> Scoped<K, V> {
    pub fn get(&self, k: &K) -> Option<&V> {
        self.map.get(k)
    }
    pub fn insert(&mut self, k: K, v: V) {
        let old = self.map.insert(k, v);
        if !self.marks.is_empty() {
            self.undo.push((k, old));
        }
    }
    pub fn open(&mut self) {
        self.marks.push(self.undo.len());
    }
    pub fn close(&mut self) {
        let mark = self.marks.pop().unwrap_or(0);
        for (k, old) in self.undo.drain(mark..).rev() {
            match old {
                Some(v) => self.map.insert(k, v),
                None => self.map.remove(&k),
            };
        }
    }
}
