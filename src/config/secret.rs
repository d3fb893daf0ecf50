//! Passwords: never in the configuration file, never in a log.
//!
//! The file only says where a password is: `password_file`, `password_env`, or
//! `password_credential` for one that systemd hands over (systemd.exec(5), `LoadCredential=`).

use std::fmt;
use std::path::{Path, PathBuf};

use super::Context;
use super::reader::Table;
use super::value::Value;

const MAX_SECRET_BYTES: u64 = 4096;

/// A password. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for the one who has to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where a password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A systemd credential of that name.
    Credential(String),
}

/// Finds a password, or says why not (as the end of a sentence that begins with the key).
pub type SecretLookup<'a> = &'a dyn Fn(&SecretSource) -> Result<Secret, String>;

/// Looks a password up on this machine.
///
/// # Errors
/// Why it cannot be had, in words.
pub fn look_up(source: &SecretSource) -> Result<Secret, String> {
    match source {
        SecretSource::File(path) => of_file(path),
        SecretSource::Env(name) => match std::env::var(name) {
            Ok(text) => one_line(&text).map_err(|why| format!("names the variable {name}, which {why}")),
            Err(_) => Err(format!("names the variable {name}, which is not set for this process")),
        },
        SecretSource::Credential(name) => match std::env::var_os("CREDENTIALS_DIRECTORY") {
            Some(folder) => of_file(&Path::new(&folder).join(name)),
            None => Err("needs systemd: start the service with LoadCredential=, or use password_file".into()),
        },
    }
}

fn of_file(path: &Path) -> Result<Secret, String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES).read_to_string(&mut text))
        .map_err(|e| format!("names {}, which cannot be read: {e}", path.display()))?;
    one_line(&text).map_err(|why| format!("names {}, which {why}", path.display()))
}

fn one_line(text: &str) -> Result<Secret, String> {
    let line = text.trim_end_matches(['\r', '\n']);
    match line {
        "" => Err("is empty: put the password in it".into()),
        _ if line.contains(['\r', '\n']) => Err("has more than one line: leave only the password".into()),
        _ => Ok(Secret::new(line)),
    }
}

/// Reads `user` and where its password is; either both or neither.
pub(super) fn login(table: &mut Table<'_>, context: &Context<'_>) -> (Option<String>, Option<Secret>) {
    table.refuse(
        "password",
        "a password does not belong in this file: put it into a file of its own and write password_file = …",
    );
    let user_at = table.value("user");
    let user = user_at.as_ref().and_then(Value::name);
    let sources: Vec<_> = [
        table.value("password_file").map(|v| (v.clone(), v.path(context).map(SecretSource::File))),
        table.value("password_env").map(|v| (v.clone(), variable(&v).map(SecretSource::Env))),
        table.value("password_credential").map(|v| (v.clone(), bare_name(&v).map(SecretSource::Credential))),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (sources.as_slice(), &user_at) {
        ([], Some(user)) => {
            return (None, user.amiss("stands without its password: add password_file = \"…\""));
        }
        ([(password, _), ..], None) => {
            return (None, password.amiss("stands without its user: add user = \"…\""));
        }
        ([_, (second, _), ..], _) => {
            return (None, second.amiss("is a second place for one password: keep one of them"));
        }
        _ => {}
    }
    let Some((value, Some(source))) = sources.into_iter().next() else { return (user, None) };
    let password = match (context.secrets)(&source) {
        Ok(secret) => Some(secret),
        Err(why) => value.wrong(why),
    };
    (user, password)
}

/// The text may be a password in the wrong place, so a refusal does not repeat it.
fn variable(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if fits { Some(name.to_owned()) } else { value.wrong("must be the name of an environment variable") }
}

fn bare_name(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    let fits = !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if fits {
        Some(name.to_owned())
    } else {
        value.wrong("must be the bare name of a credential, not a path")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "Secret(hidden) (hidden)");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn a_password_file_is_its_one_line() {
        assert_eq!(one_line("p a\r\n"), Ok(Secret::new("p a")));
        assert!(one_line("\n").unwrap_err().contains("empty"));
        assert!(one_line("a\nb").unwrap_err().contains("more than one line"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate");
        assert!(look_up(&SecretSource::File(path.clone())).unwrap_err().contains("cannot be read"));
        crate::disk::write_secret(&path, "mật khẩu\n".as_bytes()).unwrap();
        assert_eq!(look_up(&SecretSource::File(path)), Ok(Secret::new("mật khẩu")));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = look_up(&SecretSource::Env("QUAYWATCH_NO_SUCH_THING".into())).unwrap_err();
        assert!(error.contains("QUAYWATCH_NO_SUCH_THING"), "{error}");
    }
}
