//! `quaywatch user`: who may sign in, at the console of the machine itself: for when nobody can any more.
//!
//! Works beside a running centre or province and without one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::asking::{Refusal, who};
use super::{USAGE, failed};
use crate::config;
use crate::people::{Change, NotAdded, Person, PersonName, Register, Role, Secrets, one_time};
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
    let register = open(config).await?;
    let (by, now) = (who(), clock::now().wall);
    let by = (by.as_str(), HERE);
    match what {
        What::List => Ok(register.all().await?.iter().map(line).collect()),
        What::Add { name, full_name, role, only } => {
            let new = Person {
                name: named(&name)?,
                full_name,
                role: role_of(&role)?,
                own_rights: None,
                only: (!only.is_empty()).then(|| only.into_iter().collect::<BTreeSet<_>>()),
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

/// The people of whichever of the two this is the configuration of.
async fn open(path: &Path) -> Result<Register, Refusal> {
    let wrong = |problems: config::Problems| {
        Refusal(USAGE, format!("tệp cấu hình có lỗi / the configuration is wrong:\n{problems}"))
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let is_province = text.lines().any(|line| line.trim() == "[[centre]]");
    let (database, started_by) = if is_province {
        let config = config::load_province(path).map_err(wrong)?;
        (config.storage.path.join(province::DATABASE), "quaywatch province")
    } else {
        let config = config::load_edge(path).map_err(wrong)?;
        (config.storage.path.join(centre_db::FILE_NAME), "quaywatch edge")
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
    Ok(Register::new(pool.clone(), pool))
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
