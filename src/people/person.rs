//! A person who may sign in.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{Right, Role};
use crate::model::{CameraId, Wall};

/// The name that somebody signs in with: 2 to 32 of `a-z`, `0-9`, `.`, `-` and `_`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^[a-z][a-z0-9._-]{1,31}$")]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// Checks `text`.
    ///
    /// # Errors
    /// What a name is made of, in words.
    pub fn new(text: &str) -> Result<Self, String> {
        let fits = (2..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err("a name is 2 to 32 of a-z, 0-9, '.', '-' and '_', beginning with a letter".to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In characters.
const LONGEST_FULL_NAME: usize = 80;

/// What others call somebody, without spaces around it.
///
/// # Errors
/// What it has to be, in words.
pub fn full_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_FULL_NAME || text.chars().any(char::is_control) {
        return Err(format!("what others call them is one line of 1 to {LONGEST_FULL_NAME} characters"));
    }
    Ok(text.to_owned())
}

/// The cameras (at the province: centres) that somebody is limited to.
///
/// # Errors
/// Which could be none, in words.
pub fn places(only: BTreeSet<String>) -> Result<BTreeSet<String>, String> {
    let odd = only.iter().find_map(|place| CameraId::new(place).err());
    odd.map_or(Ok(only), |why| Err(why.to_string()))
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// Somebody who may sign in, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they sign in with.
    pub name: PersonName,
    /// What others call them.
    pub full_name: String,
    /// What they are.
    pub role: Role,
    /// Their own rights, where they are not those of the role.
    pub own_rights: Option<BTreeSet<Right>>,
    /// The only cameras (at the province: centres) that they see; `None` is all.
    pub only: Option<BTreeSet<String>>,
    /// Whether they may not sign in any more.
    pub disabled: bool,
    /// Whether the password was made for them and is to be replaced by their own.
    pub must_change: bool,
    /// Since when they are known.
    pub made_at: Wall,
    /// When they last signed in.
    pub signed_in_at: Option<Wall>,
}

impl Person {
    /// What they may do.
    pub fn rights(&self) -> BTreeSet<Right> {
        self.own_rights.clone().unwrap_or_else(|| self.role.rights().iter().copied().collect())
    }

    /// Whether they may do this.
    pub fn may(&self, right: Right) -> bool {
        match &self.own_rights {
            Some(own) => own.contains(&right),
            None => self.role.rights().contains(&right),
        }
    }

    /// Whether they may see this camera (at the province: centre).
    pub fn sees(&self, place: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(place))
    }
}

/// What is to be different about somebody; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Another name for others.
    pub full_name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Rights of their own, or those of the role again.
    pub own_rights: Option<Option<BTreeSet<Right>>>,
    /// Only these cameras, or all again.
    pub only: Option<Option<BTreeSet<String>>>,
    /// Whether they may sign in.
    pub disabled: Option<bool>,
}

impl Change {
    /// The person as they are after it.
    #[must_use]
    pub fn of(self, person: &Person) -> Person {
        let mut after = person.clone();
        after.full_name = self.full_name.unwrap_or(after.full_name);
        after.role = self.role.unwrap_or(after.role);
        after.own_rights = self.own_rights.unwrap_or(after.own_rights);
        after.only = self.only.unwrap_or(after.only);
        after.disabled = self.disabled.unwrap_or(after.disabled);
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_plain_letters() {
        for bad in ["", "a", "Lan", "lan anh", "1lan", "../x", "lan@x", &"a".repeat(33)] {
            assert!(PersonName::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(PersonName::new("lan.anh-2").unwrap().as_str(), "lan.anh-2");
    }

    #[test]
    fn rights_of_ones_own_take_the_place_of_the_roles() {
        let mut person = Person {
            name: PersonName::new("lan").unwrap(),
            full_name: "Lan".into(),
            role: Role::Staff,
            own_rights: None,
            only: None,
            disabled: false,
            must_change: false,
            made_at: Wall::default(),
            signed_in_at: None,
        };
        assert!(person.may(Right::Handle) && !person.may(Right::Export) && person.sees("gate"));
        let only = Some(Some(BTreeSet::from(["gate".to_owned()])));
        let rights = Some(Some(BTreeSet::from([Right::Export])));
        person = Change { own_rights: rights, only, ..Change::default() }.of(&person);
        assert!(!person.may(Right::Handle) && person.may(Right::Export));
        assert!(person.sees("gate") && !person.sees("hall"));
        person = Change { own_rights: Some(None), ..Change::default() }.of(&person);
        assert!(person.may(Right::Handle) && !person.sees("hall"));
    }
}
