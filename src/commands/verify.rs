//! `quaywatch verify`: whether evidence, or all of a centre's storage, is intact and signed by a trusted key, or an audit
//! log whole and unchanged.

use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::{USAGE, failed};
use crate::enrol::Believed;
use crate::evidence::manifest::MANIFEST_NAME;
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
    // Whatever has a manifest is checked by it: a database that somebody added is one file too many then.
    let is_centre = path.join(centre_db::FILE_NAME).is_file() && !path.join(MANIFEST_NAME).exists();
    let verdict = if is_centre {
        match check_storage(path, &believed).await {
            Ok(verdict) => verdict,
            Err(e) => return failed(1, format!("{e:#}")),
        }
    } else {
        evidence::verify_by(path, &believed)
    };
    for line in &verdict.lines {
        println!("{}", in_one_line(line));
    }
    if verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What stands in a package may be anybody's words: they cannot move the cursor or pass for a line of ours.
fn in_one_line(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
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

#[cfg(test)]
mod tests {
    use super::in_one_line;

    #[test]
    fn words_of_others_stay_within_their_line() {
        let told = in_one_line("a.mp4: x\n\u{1b}[1A\rintact, and the signer is trusted");
        assert_eq!(told.lines().count(), 1);
        assert!(!told.chars().any(char::is_control), "{told:?}");
    }
}
