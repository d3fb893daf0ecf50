//! `quaywatch verify`: whether evidence, or all of a centre's storage, is intact and signed by a trusted key, or an audit
//! log whole and unchanged.

use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::{USAGE, failed};
use crate::enrol::Believed;
use crate::ledger::check_storage;
use crate::people::{Chain, check_chain, check_lines};
use crate::{centre_db, database, evidence};

pub(super) async fn run(path: &Path, trust: Option<&Path>, revoked: Option<&Path>) -> ExitCode {
    let of_log = match path.extension().and_then(|ending| ending.to_str()) {
        Some("sqlite") => Some(check_database(path).await),
        Some("jsonl") => Some(check_file(path)),
        _ => None,
    };
    match of_log {
        Some(Ok(chain)) => return told(path, &chain),
        Some(Err(e)) => return failed(1, format!("{}: {e:#}", path.display())),
        None => {}
    }
    let believed = match believed(trust, revoked) {
        Ok(believed) => believed,
        Err(e) => return failed(USAGE, format!("{e:#}")),
    };
    let verdict = if path.join(centre_db::FILE_NAME).is_file() {
        match check_storage(path, &believed).await {
            Ok(verdict) => verdict,
            Err(e) => return failed(1, format!("{e:#}")),
        }
    } else {
        evidence::verify_by(path, &believed)
    };
    for line in &verdict.lines {
        println!("{line}");
    }
    if verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn believed(trust: Option<&Path>, revoked: Option<&Path>) -> anyhow::Result<Believed> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    let mut believed = match trust {
        Some(path) => Believed::from_pem(&read(path)?).with_context(|| path.display().to_string())?,
        None => Believed::default(),
    };
    if let Some(path) = revoked {
        believed.revoke(&read(path)?).with_context(|| path.display().to_string())?;
    }
    Ok(believed)
}

async fn check_database(path: &Path) -> anyhow::Result<Chain> {
    let pool = database::open_readers(path).await?;
    Ok(check_chain(&pool).await?)
}

fn check_file(path: &Path) -> anyhow::Result<Chain> {
    Ok(check_lines(BufReader::new(std::fs::File::open(path)?))?)
}

fn told(path: &Path, chain: &Chain) -> ExitCode {
    let (path, entries) = (path.display(), chain.entries);
    match &chain.problem {
        None => {
            let last = chain.last.as_deref().unwrap_or("none");
            println!(
                "{path}: the audit log is whole and unchanged: {entries} entries, the last one's digest {last}"
            );
            ExitCode::SUCCESS
        }
        Some(problem) => {
            println!("{path}: the audit log is NOT as it was written: {problem}");
            ExitCode::FAILURE
        }
    }
}
