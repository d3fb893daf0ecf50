//! Reads a TOML document table by table and notes every problem on the way.
//!
//! Deriving `Deserialize` would stop at the first unknown key or wrong type. Here each value is
//! asked for by name, a wrong one is noted with its line and reading goes on, and what nobody asked
//! for is an unknown key. A `None` from a reading method means either absent or already noted:
//! a file with notes is refused, so nobody has to tell the two apart.

use std::collections::BTreeMap;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::{Notes, Problems};
use super::value::{Taken, Value, closest, quoted};

/// Parses `text` and lets `build` make the configuration of it.
pub(super) fn read<T>(
    file: &str,
    text: &str,
    build: impl FnOnce(Table<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let notes = Notes::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    note_syntax(&notes, text, &errors);
    let built = build(Table::new(&notes, String::new(), 0, root.get_ref()));
    match (notes.into_problems(file), built) {
        (None, Some(config)) => Ok(config),
        (Some(problems), _) => Err(problems),
        (None, None) => Err(Problems::of_file(file, "this file cannot be understood".to_owned())),
    }
}

fn note_syntax(notes: &Notes, text: &str, errors: &[toml::de::Error]) {
    let mut errors: Vec<_> = errors.iter().map(|e| (e.span().unwrap_or_default(), e.message())).collect();
    errors.sort_by_key(|(span, _)| span.start);
    for (span, message) in errors {
        let at = span.start;
        match text.get(span).filter(|_| message == "duplicate key") {
            Some(key) => notes.not_toml(at, &format!("the key {} stands here a second time", quoted(key))),
            None => notes.not_toml(at, message),
        }
        // A list that is not closed swallows what follows; more of it would only confuse.
        if message.starts_with("missing comma") {
            break;
        }
    }
}

/// One table of the document.
pub(super) struct Table<'t> {
    notes: &'t Notes,
    who: String,
    at: usize,
    entries: BTreeMap<&'t str, (usize, &'t Spanned<DeValue<'t>>)>,
    known: Vec<&'static str>,
}

impl<'t> Table<'t> {
    fn new(notes: &'t Notes, who: String, at: usize, table: &'t DeTable<'t>) -> Self {
        let entries =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span().start, value))).collect();
        Self { notes, who, at, entries, known: vec![] }
    }

    /// A table that nobody wrote: all its keys have their defaults.
    pub(super) fn unwritten(&self, who: String) -> Self {
        Self { notes: self.notes, who, at: self.at, entries: BTreeMap::new(), known: vec![] }
    }

    /// How messages call this table.
    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// Gives the table a better name than its place, once its id is known.
    pub(super) fn call(&mut self, who: String) {
        self.who = who;
    }

    /// Notes that the table lacks something or does not fit the rest of the file.
    pub(super) fn amiss(&self, message: &str) {
        self.notes.amiss(self.at, self.named(message));
    }

    /// Takes `key` for this table, or tells who has it and on which line.
    pub(super) fn take(&self, taken: &mut Taken, key: &str) -> Result<(), (String, usize)> {
        if let Some(first) = taken.get(key) {
            return Err(first.clone());
        }
        taken.insert(key.to_owned(), (self.who.clone(), self.notes.line(self.at)));
        Ok(())
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The value of `key`, if it is there.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Value<'t>> {
        self.known.push(key);
        let (_, node) = self.entries.remove(key)?;
        Some(Value::new(self.notes, self.named(key), node))
    }

    /// What `read` makes of `key`; its absence is noted, with `example` as what to write.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(Value<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key);
        if value.is_none() {
            self.amiss(&format!("{key} is missing: write for example {key} = {example}"));
        }
        value.and_then(read)
    }

    /// What `read` makes of `key`, or `default` if it is not there.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(Value<'t>) -> Option<T>,
    ) -> Option<T> {
        self.value(key).map_or(Some(default), read)
    }

    /// Notes that `key` may not stand here, if it does, and why.
    pub(super) fn refuse(&mut self, key: &'static str, why: &str) {
        if let Some((at, _)) = self.entries.remove(key) {
            self.notes.wrong(at, self.named(why));
        }
    }

    /// The table `[key]`, if it is there.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'t>> {
        self.known.push(key);
        let (at, node) = self.entries.remove(key)?;
        match node.get_ref() {
            DeValue::Table(table) => Some(Table::new(self.notes, format!("[{key}]"), at, table)),
            DeValue::Array(_) => {
                self.notes.wrong(at, format!("[[{key}]] stands once only: write [{key}] instead"));
                None
            }
            _ => {
                self.notes.wrong(at, format!("{key} is a section: write [{key}] and its keys below"));
                None
            }
        }
    }

    /// Each table `[[key]]`; `path` is how the technician has to write it in full.
    pub(super) fn tables(&mut self, key: &'static str, path: &str) -> Vec<Table<'t>> {
        self.known.push(key);
        let Some((at, node)) = self.entries.remove(key) else { return vec![] };
        let items = match node.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![],
        };
        let tables: Vec<_> = items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| {
                let table = item.get_ref().as_table()?;
                Some(Table::new(self.notes, format!("{key} {}", i + 1), item.span().start, table))
            })
            .collect();
        if tables.len() != items.len() || !node.get_ref().is_array() {
            self.notes.wrong(at, format!("write [[{path}]] in two brackets, and once for each {key}"));
        }
        tables
    }

    /// The whole file has no name of its own.
    fn named(&self, what: &str) -> String {
        if self.who.is_empty() { what.to_owned() } else { format!("{}: {what}", self.who) }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, (at, _)) in &self.entries {
            let meant = match closest(key, self.known.iter().copied()) {
                Some(known) => format!("did you mean {known}?"),
                None => "take it out.".to_owned(),
            };
            let message = format!(
                "there is no key {} here; {meant} Known here: {}",
                quoted(key),
                self.known.join(", ")
            );
            self.notes.wrong(*at, self.named(&message));
        }
    }
}
