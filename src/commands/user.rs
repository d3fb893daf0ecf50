//! `quaywatch user`: who may sign in, at the console of the machine itself: for when nobody can any more.
//!
//! Works beside a running centre or province and without one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::asking::{Refusal, who};
use super::{USAGE, failed};
use crate::config;
use crate::people::{self, Change, NotAdded, Person, PersonName, Register, Role, Secrets, one_time};
use crate::{centre_db, clock, database, province};

/// Where an entry of the log says that it was typed.
const HERE: &str = "console";

/// What to do about people.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration of the centre or of the province.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Everybody who may sign in.
    List,
    /// Adds somebody, and says the password to sign in with once.
    Add {
        /// What they sign in with.
        name: String,
        /// What others call them.
        #[arg(long)]
        full_name: String,
        /// viewer, staff, supervisor, technician, admin or monitor.
        #[arg(long)]
        role: String,
        /// The only cameras (at the province: centres) that they see.
        #[arg(long, num_args = 1..)]
        only: Vec<String>,
    },
    /// Makes a new password for somebody to sign in with once.
    Password {
        /// Whose.
        name: String,
    },
    /// Changes what somebody is, or whether they may sign in.
    Change {
        /// Whose.
        name: String,
        /// viewer, staff, supervisor, technician, admin or monitor.
        #[arg(long)]
        role: Option<String>,
        /// They may not sign in any more.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// They may sign in again.
        #[arg(long)]
        enable: bool,
    },
}

pub(super) async fn run(args: Args) -> ExitCode {
    let Some(path) = args.config else {
        return failed(USAGE, "thiếu --config TỆP / --config FILE is missing");
    };
    match done(&path, args.what).await {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(Refusal(code, why)) => failed(code, why),
    }
}

async fn done(config: &Path, what: What) -> Result<Vec<String>, Refusal> {
    let Opened { register, places: known } = open(config).await?;
    let (by, now) = (who(), clock::now().wall);
    let by = (by.as_str(), HERE);
    match what {
        What::List => Ok(register.all().await?.iter().map(line).collect()),
        What::Add { name, full_name, role, only } => {
            let new = Person {
                name: named(&name)?,
                full_name: people::full_name(&full_name).map_err(|why| {
                    Refusal(USAGE, format!("tên đầy đủ là một dòng từ 1 đến 80 ký tự / {why}"))
                })?,
                role: role_of(&role)?,
                own_rights: None,
                only: limited_to(only, &known)?,
                disabled: false,
                must_change: true,
                made_at: now,
                signed_in_at: None,
            };
            let (password, digest) = password().await?;
            register.add(&new, &digest, by).await?;
            Ok(told(&name, &password))
        }
        What::Password { name } => {
            let (password, digest) = password().await?;
            register.set_password(&named(&name)?, &digest, false, by, now).await?;
            Ok(told(&name, &password))
        }
        What::Change { name, role, disable, enable } => {
            let change = Change {
                role: role.as_deref().map(role_of).transpose()?,
                disabled: (disable || enable).then_some(disable),
                ..Change::default()
            };
            let person = register.change(&named(&name)?, change, by, now).await?;
            Ok(vec![line(&person)])
        }
    }
}

/// The people of a centre or of the province, and what they can be limited to there.
struct Opened {
    register: Register,
    /// Cameras, at the province centres.
    places: Vec<String>,
}

/// Those of whichever of the two this is the configuration of.
async fn open(path: &Path) -> Result<Opened, Refusal> {
    let wrong = |problems: config::Problems| {
        Refusal(USAGE, format!("tệp cấu hình có lỗi / the configuration is wrong:\n{problems}"))
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // A province lists its centres; whoever loads it below says what is wrong with it.
    let is_province = toml::from_str::<toml::Table>(&text)
        .is_ok_and(|all| all.get("centre").is_some_and(toml::Value::is_array));
    let (database, started_by, places) = if is_province {
        let config = config::load_province(path).map_err(wrong)?;
        let places = config.centres.iter().map(|centre| centre.id.to_string()).collect();
        (config.storage.path.join(province::DATABASE), "quaywatch province", places)
    } else {
        let config = config::load_edge(path).map_err(wrong)?;
        let places = config.cameras.iter().map(|camera| camera.id.to_string()).collect();
        (config.storage.path.join(centre_db::FILE_NAME), "quaywatch edge", places)
    };
    if !database.exists() {
        let at = database.display();
        return Err(Refusal(
            1,
            format!("{at}: chưa có, hãy chạy {started_by} trước / is not there yet, run {started_by} first"),
        ));
    }
    let migrations = if is_province { province::migrations() } else { centre_db::migrations() };
    let pool = database::open(&database, migrations).await?;
    Ok(Opened { register: Register::new(pool.clone(), pool), places })
}

/// What somebody is limited to; a slip of the keys would let them see nothing.
fn limited_to(only: Vec<String>, known: &[String]) -> Result<Option<BTreeSet<String>>, Refusal> {
    if let Some(odd) = only.iter().find(|place| !known.contains(place)) {
        let known = known.join(", ");
        return Err(Refusal(
            USAGE,
            format!(
                "--only: không có \"{odd}\" trong cấu hình, chỉ có {known} / there is no \"{odd}\" there, only {known}"
            ),
        ));
    }
    Ok((!only.is_empty()).then(|| only.into_iter().collect()))
}

async fn password() -> Result<(String, String), Refusal> {
    let password = one_time()?;
    let digest = Secrets::new()?.digest(&password).await?;
    Ok((password, digest))
}

fn told(name: &str, password: &str) -> Vec<String> {
    vec![
        format!("password of {name}: {password}"),
        "Mật khẩu trên dùng một lần, để đăng nhập và đặt mật khẩu riêng, và không hiện lại.".to_owned(),
        "The password above is for signing in once, to choose one's own, and is not shown again.".to_owned(),
    ]
}

fn line(person: &Person) -> String {
    let only = person
        .only
        .as_ref()
        .map(|only| format!(", only {}", only.iter().cloned().collect::<Vec<_>>().join(" ")));
    let own = person.own_rights.as_ref().map(|_| ", rights of their own");
    let disabled = if person.disabled { ", may not sign in" } else { "" };
    let seen = person.signed_in_at.map_or("never signed in".to_owned(), |at| format!("signed in {at}"));
    format!(
        "{}: {}, {}{}{}{disabled}, {seen}",
        person.name,
        person.full_name,
        person.role.as_str(),
        only.unwrap_or_default(),
        own.unwrap_or_default(),
    )
}

fn named(name: &str) -> Result<PersonName, Refusal> {
    PersonName::new(name).map_err(|why| Refusal(USAGE, format!("\"{name}\": tên không dùng được / {why}")))
}

fn role_of(word: &str) -> Result<Role, Refusal> {
    Role::parse(word).ok_or_else(|| {
        let known = Role::ALL.map(Role::as_str).join(", ");
        Refusal(
            USAGE,
            format!("không có vai trò \"{word}\": {known} / there is no role \"{word}\": use one of these"),
        )
    })
}

impl From<NotAdded> for Refusal {
    fn from(error: NotAdded) -> Self {
        Self(1, error.to_string())
    }
}
