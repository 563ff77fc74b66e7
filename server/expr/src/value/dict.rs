//! Insertion-ordered dictionaries whose keys follow Python: 1, 1.0 and True are one key.

use super::Val;
use crate::error::{EvalError, Res};
use indexmap::IndexMap;
use num_bigint::BigInt;
use num_traits::FromPrimitive;
use std::rc::Rc;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    None,
    Int(BigInt),
    Float(u64),
    Text(Rc<str>),
    Tuple(Vec<Key>),
    /// Anything that is its own key: functions, types, ranges.
    Identity(String),
}

impl Key {
    /// The key form of a value, or the error of an unhashable one.
    pub(crate) fn of(value: &Val) -> Res<Key> {
        value.defined()?;
        Ok(match value {
            Val::None => Key::None,
            Val::Bool(b) => Key::Int(BigInt::from(u8::from(*b))),
            Val::Int(i) => Key::Int(i.clone()),
            Val::Float(f) if f.is_finite() && f.fract() == 0.0 => {
                BigInt::from_f64(*f).map_or(Key::Float(f.to_bits()), Key::Int)
            }
            Val::Float(f) => Key::Float(f.to_bits()),
            Val::Str(s) | Val::Markup(s) => Key::Text(s.clone()),
            Val::Tuple(items) | Val::Group(items) => {
                Key::Tuple(items.iter().map(Key::of).collect::<Res<Vec<_>>>()?)
            }
            Val::Range(_) | Val::Callable(_) | Val::Object(_) | Val::OneShot(_) => {
                Key::Identity(super::repr::repr(value))
            }
            Val::Undefined(_) | Val::List(_) | Val::Dict(_) | Val::View(..) | Val::Slice(_) => {
                let name = value.type_name();
                return Err(EvalError::type_error(format!("unhashable type: '{name}'")).named(name));
            }
        })
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Dict {
    entries: IndexMap<Key, (Val, Val)>,
}

impl Dict {
    pub(crate) fn insert(&mut self, key: Val, value: Val) -> Res<()> {
        match self.entries.entry(Key::of(&key)?) {
            indexmap::map::Entry::Occupied(mut slot) => slot.get_mut().1 = value,
            indexmap::map::Entry::Vacant(slot) => {
                slot.insert((key, value));
            }
        }
        Ok(())
    }

    /// Sets the entry of a text key.
    pub(crate) fn set(&mut self, key: &str, value: Val) {
        let text: Rc<str> = key.into();
        match self.entries.entry(Key::Text(text.clone())) {
            indexmap::map::Entry::Occupied(mut slot) => slot.get_mut().1 = value,
            indexmap::map::Entry::Vacant(slot) => {
                slot.insert((Val::Str(text), value));
            }
        }
    }

    pub(crate) fn get(&self, key: &Val) -> Res<Option<Val>> {
        Ok(self.entries.get(&Key::of(key)?).map(|(_, v)| v.clone()))
    }

    pub(crate) fn get_text(&self, key: &str) -> Option<Val> {
        self.entries
            .get(&Key::Text(key.into()))
            .map(|(_, v)| v.clone())
    }

    pub(crate) fn remove(&mut self, key: &Val) -> Res<Option<Val>> {
        Ok(self.entries.shift_remove(&Key::of(key)?).map(|(_, v)| v))
    }

    pub(crate) fn pop_last(&mut self) -> Option<(Val, Val)> {
        self.entries.pop().map(|(_, pair)| pair)
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Val, &Val)> {
        self.entries.values().map(|(k, v)| (k, v))
    }

    pub(crate) fn keys(&self) -> Vec<Val> {
        self.iter().map(|(k, _)| k.clone()).collect()
    }

    pub(crate) fn values(&self) -> Vec<Val> {
        self.iter().map(|(_, v)| v.clone()).collect()
    }

    pub(crate) fn pairs(&self) -> Vec<Val> {
        self.iter()
            .map(|(k, v)| Val::tuple(vec![k.clone(), v.clone()]))
            .collect()
    }
}
