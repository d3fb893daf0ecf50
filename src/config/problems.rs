//! Everything that is wrong with a configuration file, told at once.
//!
//! The reader notes each problem where it sees it and goes on; at the end they are sorted by line
//! and shown as `edge.toml:9: camera id "gate" is already used on line 5`.

use std::cell::RefCell;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it is on, counted from 1; `None` if it concerns the file as a whole.
    pub line: Option<usize>,
    /// What is wrong, where, and what to do.
    pub message: String,
}

/// Everything that is wrong with one file, sorted by line. Shown as one line a problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    file: String,
    list: Vec<Problem>,
}

impl Problems {
    /// One problem that concerns the file as a whole.
    pub(super) fn of_file(file: &str, message: String) -> Self {
        Self { file: file.to_owned(), list: vec![Problem { line: None, message }] }
    }

    /// Each problem, in the order of the file.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            match problem.line {
                Some(line) => write!(f, "{}:{line}: {}", self.file, problem.message)?,
                None => write!(f, "{}: {}", self.file, problem.message)?,
            }
        }
        Ok(())
    }
}

/// How sure a problem is when another part of the file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sureness {
    /// The text is not TOML here.
    Syntax,
    /// It is wrong whatever the rest of the file says.
    Local,
    /// It depends on what else is there, so a syntax error may be its only cause.
    NeedsTheRest,
}

/// Where problems are noted while a file is read.
pub(super) struct Notes {
    line_starts: Vec<usize>,
    found: RefCell<Vec<(usize, Sureness, String)>>,
}

impl Notes {
    /// Nothing found yet in `text`.
    pub(super) fn new(text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { line_starts: std::iter::once(0).chain(after_breaks).collect(), found: RefCell::default() }
    }

    /// The line, counted from 1, of the byte at `at`.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).max(1)
    }

    /// The text is not TOML at `at`.
    pub(super) fn not_toml(&self, at: usize, message: &str) {
        self.push(at, Sureness::Syntax, format!("this is not valid TOML: {message}"));
    }

    /// What stands at `at` is wrong in itself.
    pub(super) fn wrong(&self, at: usize, message: String) {
        self.push(at, Sureness::Local, message);
    }

    /// What stands at `at` does not fit the rest of the file, or something is missing there.
    pub(super) fn amiss(&self, at: usize, message: String) {
        self.push(at, Sureness::NeedsTheRest, message);
    }

    fn push(&self, at: usize, sureness: Sureness, message: String) {
        self.found.borrow_mut().push((self.line(at), sureness, message));
    }

    /// What was found, or `None` if all is well.
    ///
    /// Below the first syntax error the text may have been misread, so from there on only further
    /// syntax errors are told, one a line.
    pub(super) fn into_problems(self, file: &str) -> Option<Problems> {
        let mut found = self.found.into_inner();
        let broken = found.iter().filter(|(_, s, _)| *s == Sureness::Syntax).map(|(line, ..)| *line).min();
        if let Some(broken) = broken {
            found.retain(|(line, sureness, _)| match sureness {
                Sureness::Syntax => true,
                Sureness::Local => *line < broken,
                Sureness::NeedsTheRest => false,
            });
        }
        found.sort_by_key(|(line, ..)| *line);
        found.dedup_by(|b, a| b.0 == a.0 && (b.2 == a.2 || b.1 == Sureness::Syntax));
        let list: Vec<_> =
            found.into_iter().map(|(line, _, message)| Problem { line: Some(line), message }).collect();
        (!list.is_empty()).then(|| Problems { file: file.to_owned(), list })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_in_the_order_of_the_file_with_its_name_and_line() {
        let notes = Notes::new("a\nb\r\nc");
        notes.wrong(5, "third".into());
        notes.amiss(0, "first".into());
        notes.wrong(3, "second".into());
        let problems = notes.into_problems("edge.toml").unwrap();
        assert_eq!(problems.to_string(), "edge.toml:1: first\nedge.toml:2: second\nedge.toml:3: third");
    }

    #[test]
    fn below_a_syntax_error_nothing_else_is_claimed() {
        let notes = Notes::new("a\nb\nc");
        notes.wrong(0, "sure".into());
        notes.amiss(0, "perhaps".into());
        notes.not_toml(2, "expected a value");
        notes.wrong(4, "perhaps".into());
        let problems = notes.into_problems("f").unwrap();
        assert_eq!(problems.to_string(), "f:1: sure\nf:2: this is not valid TOML: expected a value");
        assert_eq!(Notes::new("").into_problems("f"), None);
    }
}
