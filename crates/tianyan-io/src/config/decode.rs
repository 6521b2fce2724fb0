//! From a tree of values to the structs of the schema, with all problems at once.
//!
//! The macro `table!` declares a table of the schema: each field is a key, its type says what may stand there.
//! Every such struct carries its `spot`, so that later checks can point at the very key. `choice!` declares a choice
//! among words. Other crates declare schemas of their own with [`crate::table!`] and [`crate::choice!`].

pub use tianyan_model::Problems;

use super::document::{Node, Spot, Value};
use super::nearest::did_you_mean;

/// What may stand at a key.
pub trait Decode: Sized {
    /// What stands at the key in words: `a number`.
    fn expected() -> String;
    /// Reads the value; `None` after a problem was added.
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self>;
    /// The value where the key is absent; `None` if it is required.
    fn absent() -> Option<Self> {
        None
    }
    /// Tables below this value, for the enumeration of all keys.
    fn keys(_found: &mut Keys) {}
}

/// All keys of the schema: (table, key).
pub type Keys = std::collections::BTreeSet<(&'static str, &'static str)>;

/// Adds the problem that something else was expected.
pub fn mismatch<T: Decode>(node: &Node, problems: &mut Problems) -> Option<T> {
    let message = format!("expected {}, found {}", T::expected(), node.value.describe());
    problems.push(tianyan_model::Problem::new("config-type", message).at(node.spot.place()));
    None
}

macro_rules! scalar {
    ($type:ty, $expected:literal, $($pattern:pat => $value:expr),+) => {
        impl Decode for $type {
            fn expected() -> String {
                $expected.into()
            }
            fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
                match &node.value {
                    $($pattern => Some($value),)+
                    _ => mismatch::<Self>(node, problems),
                }
            }
        }
    };
}

scalar!(f64, "a number", Value::Float(number) => *number, Value::Integer(number) => *number as f64);
scalar!(bool, "true or false", Value::Bool(value) => *value);
scalar!(String, "a text in quotes", Value::Text(text) => text.clone());
scalar!(u64, "a whole number of at least 0", Value::Integer(n @ 0..) => *n as u64);
scalar!(u32, "a whole number of at least 0", Value::Integer(n @ 0..=4_294_967_295) => *n as u32);

impl<T: Decode> Decode for Option<T> {
    fn expected() -> String {
        T::expected()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        T::decode(node, problems).map(Some)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn keys(found: &mut Keys) {
        T::keys(found);
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn expected() -> String {
        format!("a list ({})", T::expected())
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Array(items) = &node.value else { return mismatch::<Self>(node, problems) };
        let decoded: Vec<Option<T>> = items.iter().map(|item| T::decode(item, problems)).collect();
        decoded.into_iter().collect()
    }
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
    fn keys(found: &mut Keys) {
        T::keys(found);
    }
}

impl<T: Decode, const N: usize> Decode for [T; N] {
    fn expected() -> String {
        format!("a list of {N} ({})", T::expected())
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Array(items) if items.len() == N => Vec::decode(node, problems)?.try_into().ok(),
            _ => mismatch::<Self>(node, problems),
        }
    }
}

/// Tables under names the user chooses, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Named<T> {
    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named(Vec::new())
    }
}

impl<T: Decode> Decode for Named<T> {
    fn expected() -> String {
        "a table".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Table(entries) = &node.value else { return mismatch::<Self>(node, problems) };
        let decode = |(name, node): &(String, Node)| Some((name.clone(), T::decode(node, problems)?));
        let decoded: Vec<Option<(String, T)>> = entries.iter().map(decode).collect();
        decoded.into_iter().collect::<Option<Vec<_>>>().map(Named)
    }
    fn absent() -> Option<Self> {
        Some(Named::default())
    }
    fn keys(found: &mut Keys) {
        T::keys(found);
    }
}

/// One thing, or a list of them: later entries win.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn expected() -> String {
        format!("{} or a list of these", T::expected())
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Array(_) => Vec::decode(node, problems).map(OneOrMany),
            Value::Text(_) | Value::Table(_) => T::decode(node, problems).map(|one| OneOrMany(vec![one])),
            _ => mismatch::<Self>(node, problems),
        }
    }
    fn keys(found: &mut Keys) {
        T::keys(found);
    }
}

/// A value with the way to it.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The way to it.
    pub spot: Spot,
}

impl<T: Decode> Decode for At<T> {
    fn expected() -> String {
        T::expected()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        Some(At { value: T::decode(node, problems)?, spot: node.spot.clone() })
    }
    fn keys(found: &mut Keys) {
        T::keys(found);
    }
}

/// The keys of one table while it is read.
#[derive(Debug)]
pub struct Entries<'a> {
    node: &'a Node,
    entries: &'a [(String, Node)],
    /// Whether a key was unknown, missing or wrong.
    pub failed: bool,
}

impl<'a> Entries<'a> {
    /// Opens a table and reports the keys that are not known.
    pub fn open(node: &'a Node, known: &[&str], problems: &mut Problems) -> Option<Entries<'a>> {
        let Value::Table(entries) = &node.value else { return None };
        let mut failed = false;
        for (key, value) in entries.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let problem = tianyan_model::Problem::new("config-unknown-key", format!("unknown key `{key}`"));
            problems.push(problem.at(value.spot.place()).help(did_you_mean(key, known.iter().copied())));
            failed = true;
        }
        Some(Entries { node, entries, failed })
    }

    /// Reads one key; a problem is added and `failed` set where it is missing or wrong.
    pub fn read<T: Decode>(&mut self, key: &str, default: Option<T>, problems: &mut Problems) -> Option<T> {
        let value = match self.entries.iter().find(|(name, _)| name == key) {
            Some((_, node)) => T::decode(node, problems),
            None => default.or_else(T::absent).or_else(|| {
                let message = format!("the key `{key}` is missing: {}", T::expected());
                problems.push(self.node.spot.problem(key, "config-missing-key", message));
                None
            }),
        };
        self.failed |= value.is_none();
        value
    }
}

/// The key of a field whose name Rust reserves.
pub fn bare(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares a table of the schema. `key: Type` is required unless `Type` has a value for absence (options,
/// lists, named tables); `key: Type = default` is optional.
#[macro_export]
macro_rules! table {
    ($(#[$doc:meta])* $name:ident, $title:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty $(= $default:expr)?,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Where it is written.
            pub spot: $crate::config::document::Spot,
        }

        impl $crate::config::decode::Decode for $name {
            fn expected() -> String {
                concat!("a table (", $title, ")").into()
            }
            fn decode(
                node: &$crate::config::document::Node,
                problems: &mut $crate::config::decode::Problems,
            ) -> Option<Self> {
                let known = [$($crate::config::decode::bare(stringify!($field))),*];
                let Some(mut entries) = $crate::config::decode::Entries::open(node, &known, problems) else {
                    return $crate::config::decode::mismatch::<Self>(node, problems);
                };
                $(
                    #[allow(unused_mut, unused_assignments)]
                    let mut default: Option<$type> = None;
                    $(default = Some($default);)?
                    let $field = entries.read::<$type>($crate::config::decode::bare(stringify!($field)), default, problems);
                )*
                if entries.failed {
                    return None;
                }
                Some($name { $($field: $field?,)* spot: node.spot.clone() })
            }
            fn keys(found: &mut $crate::config::decode::Keys) {
                if [$(found.insert(($title, $crate::config::decode::bare(stringify!($field))))),*].contains(&true) {
                    $(<$type as $crate::config::decode::Decode>::keys(found);)*
                }
            }
        }
    };
}
pub use table;

/// Declares a choice among words.
#[macro_export]
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)*
        }

        impl $crate::config::decode::Decode for $name {
            fn expected() -> String {
                [$(concat!("\"", $word, "\"")),*].join(" or ")
            }
            fn decode(
                node: &$crate::config::document::Node,
                problems: &mut $crate::config::decode::Problems,
            ) -> Option<Self> {
                match &node.value {
                    $($crate::config::document::Value::Text(text) if text == $word => Some($name::$variant),)*
                    _ => $crate::config::decode::mismatch::<Self>(node, problems),
                }
            }
        }
    };
}
pub use choice;
