//! What people in the hall are told of being recorded: who answers for it, and by what right. Whoever prints the notice
//! writes it down here, so that it says the same as the service does.

use super::reader::Table;
use super::value::Value;

/// The longest text on a notice, in characters.
const LONGEST: usize = 300;

/// What the notice says besides what the rest of the configuration does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// Who answers for the recordings.
    pub by: String,
    /// Where people turn to about them.
    pub contact: Option<String>,
    /// The law or document by which they are made.
    pub basis: Option<String>,
    /// Where the hall is.
    pub address: Option<String>,
}

/// Reads the table `[notice]`, if there is one; `centre` answers where it names nobody.
pub(super) fn notice(table: Option<Table<'_>>, centre: &str) -> Option<Notice> {
    let Some(mut table) = table else { return Some(Notice { by: centre.to_owned(), ..Notice::default() }) };
    let mut said = |key| match table.value(key) {
        Some(value) => line(&value).map(Some),
        None => Some(None),
    };
    let (by, contact, basis, address) = (said("by"), said("contact"), said("basis"), said("address"));
    table.finish();
    Some(Notice {
        by: by?.unwrap_or_else(|| centre.to_owned()),
        contact: contact?,
        basis: basis?,
        address: address?,
    })
}

fn line(value: &Value<'_>) -> Option<String> {
    let text = value.text()?.trim();
    if text.is_empty() {
        return value.wrong("is empty: write what people are to read, or take the line out");
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return value.wrong(format!("must be one line of at most {LONGEST} characters"));
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Secret, read_edge};

    fn read(section: &str) -> Result<Notice, String> {
        let text = format!(
            "[centre]\nid = \"c\"\nname = \"C\"\ndefault_rules = false\n[storage]\npath = \"data\"\nkeep = \"1d\"\n\
             purpose = \"p\"\n[[camera]]\nid = \"one\"\nmain = \"rtsp://h/1\"\n{section}"
        );
        let read = read_edge("edge.toml", Path::new("/"), &text, &|_| Ok(Secret::new("")));
        read.map(|config| config.notice).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_centre_may_say_who_answers_for_its_recordings() {
        assert_eq!(read(""), Ok(Notice { by: "C".into(), ..Notice::default() }));
        let said = read("[notice]\nby = \"UBND phường\"\ncontact = \"0210 3 888 888\"\n").unwrap();
        assert_eq!(said.by, "UBND phường");
        assert_eq!(said.contact.as_deref(), Some("0210 3 888 888"));
        assert_eq!(said.basis, None);
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        let long = format!("[notice]\nbasis = \"{}\"\n", "x".repeat(301));
        assert!(read(&long).unwrap_err().contains("at most 300 characters"));
        assert!(read("[notice]\nby = \" \"\n").unwrap_err().contains("is empty"));
        assert!(read("[notice]\nwhom = \"x\"\n").is_err());
    }
}
