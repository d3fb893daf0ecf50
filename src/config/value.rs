//! Reads one TOML value as what it should be, or notes what is wrong with it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::problems::Notes;
use super::units;

/// What must not be there twice: each with the name and the line of its first use.
pub(super) type Taken = BTreeMap<String, (String, usize)>;

/// A value of the document and what messages call it.
#[derive(Clone)]
pub(super) struct Value<'t> {
    notes: &'t Notes,
    who: String,
    at: usize,
    node: &'t DeValue<'t>,
}

impl<'t> Value<'t> {
    /// The value `node`, called `who`.
    pub(super) fn new(notes: &'t Notes, who: String, node: &'t Spanned<DeValue<'t>>) -> Self {
        Self { notes, who, at: node.span().start, node: node.get_ref() }
    }

    /// Calls it `who` from now on.
    pub(super) fn called(self, who: String) -> Self {
        Self { who, ..self }
    }

    /// Takes `key` for this value, or tells who has it and on which line.
    pub(super) fn take(&self, taken: &mut Taken, key: &str) -> Result<(), (String, usize)> {
        match taken.get(key) {
            Some(first) => Err(first.clone()),
            None => {
                taken.insert(key.to_owned(), (self.who.clone(), self.notes.line(self.at)));
                Ok(())
            }
        }
    }

    /// Notes that the value is wrong in itself. Nothing is returned, so that a reader can end on it.
    pub(super) fn wrong<T>(&self, message: impl Display) -> Option<T> {
        self.notes.wrong(self.at, format!("{} {message}", self.who));
        None
    }

    /// Notes that the value does not fit the rest of the file.
    pub(super) fn amiss<T>(&self, message: impl Display) -> Option<T> {
        self.notes.amiss(self.at, format!("{} {message}", self.who));
        None
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&'t str> {
        match self.node {
            DeValue::String(text) => Some(text),
            _ => self.wrong(format!("must be a text in quotes, not {}", kind_of(self.node))),
        }
    }

    /// A text for people: 1 to 80 characters in one line.
    pub(super) fn name(&self) -> Option<String> {
        let text = self.text()?.trim();
        if text.is_empty() {
            return self.wrong("is empty: write a name");
        }
        if text.chars().count() > 80 || text.chars().any(char::is_control) {
            return self.wrong("must be one line of at most 80 characters");
        }
        Some(text.to_owned())
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.node {
            DeValue::Boolean(truth) => Some(*truth),
            _ => self.wrong(format!("must be true or false without quotes, not {}", kind_of(self.node))),
        }
    }

    /// A number within `range`.
    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let number = match self.node {
            DeValue::Integer(i) if i.radix() == 10 => i.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => return self.wrong(format!("must be a number without quotes, not {}", kind_of(self.node))),
        };
        self.within(number.unwrap_or(f64::NAN), &range, f64::to_string)
    }

    /// A whole number within `range`.
    pub(super) fn count(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let DeValue::Integer(integer) = self.node else {
            return self.wrong("must be a whole number without quotes, such as 12");
        };
        match i128::from_str_radix(integer.as_str(), integer.radix()).map(u32::try_from) {
            Ok(Ok(count)) => self.within(count, &range, u32::to_string),
            _ => self.wrong(format!("must be between {} and {}", range.start(), range.end())),
        }
    }

    /// A duration with its unit, within `range`.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.quantity(&range, "30d", units::duration, |value| units::show_duration(*value))
    }

    /// A number of bytes with its unit, within `range`.
    pub(super) fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        self.quantity(&range, "200GB", units::size, |value| units::show_size(*value))
    }

    /// One of the words of `choices`.
    pub(super) fn word<T: Clone>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(choice.clone());
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| quoted(word)).collect();
        self.wrong(format!("cannot be {}: use {}", quoted(text), words.join(", ")))
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.node.is_array()
    }

    /// Each item of a list.
    pub(super) fn list(&self) -> Option<Vec<Value<'t>>> {
        match self.node {
            DeValue::Array(items) => {
                Some(items.iter().map(|item| Value::new(self.notes, self.who.clone(), item)).collect())
            }
            _ => self.wrong(format!("must be a list in [ ], not {}", kind_of(self.node))),
        }
    }

    /// A day: `"2026-04-30"`, in quotes or as a TOML date.
    pub(super) fn date(&self) -> Option<jiff::civil::Date> {
        let text = match self.node {
            DeValue::Datetime(date) => date.to_string(),
            _ => self.text()?.to_owned(),
        };
        let looks_right = text.len() == 10;
        match text.parse().ok().filter(|_| looks_right) {
            Some(date) => Some(date),
            None => self.wrong(format!("{} is not a day: write for example \"2026-04-30\"", quoted(&text))),
        }
    }

    fn quantity<T: PartialOrd>(
        &self,
        range: &RangeInclusive<T>,
        example: &str,
        read: impl Fn(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        if matches!(self.node, DeValue::Integer(_) | DeValue::Float(_)) {
            return self
                .wrong(format!("has no unit: write it in quotes with one, for example \"{example}\""));
        }
        let text = self.text()?;
        match read(text) {
            Ok(value) => self.within(value, range, show),
            Err(why) => self.wrong(format!("= {} {why}", quoted(text))),
        }
    }

    fn within<T: PartialOrd>(
        &self,
        value: T,
        range: &RangeInclusive<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        if range.contains(&value) {
            return Some(value);
        }
        self.wrong(format!("must be between {} and {}", show(range.start()), show(range.end())))
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

/// The text in quotes for a message: one line, not endless.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// The candidate that was probably meant by `word`, if one is close.
pub(super) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in characters; a key is short, so one row at a time is enough.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(80).enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.windows(2)) {
            let &[diagonal, up] = above else { continue };
            left = (diagonal + usize::from(from != *to)).min(up + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_key_that_was_meant() {
        let keys = ["path", "keep", "sub_keep", "reserve", "purpose"];
        assert_eq!(closest("resreve", keys.into_iter()), Some("reserve"));
        assert_eq!(closest("keeps", keys.into_iter()), Some("keep"));
        assert_eq!(closest("subkeep", keys.into_iter()), Some("sub_keep"));
        assert_eq!(closest("colour", keys.into_iter()), None);
        assert_eq!(closest("", keys.into_iter()), None);
    }

    #[test]
    fn a_quoted_text_stays_in_one_line_and_ends() {
        assert_eq!(quoted("a\nb"), "\"a b\"");
        assert_eq!(quoted(&"ơ".repeat(70)), format!("\"{}…\"", "ơ".repeat(60)));
    }
}
