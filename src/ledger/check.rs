//! Whether a centre's storage is what its chain says: every document, list, file of the archive and piece of evidence.
//!
//! Every byte of the archive is read, so that this takes as long as the disk needs for it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::Context;
use sqlx::{Row, SqlitePool};

use super::book::links;
use super::chain::{Chain, Document};
use super::{Hour, LinkKind, List, MISSING, Tombstone, lists};
use crate::enrol::Believed;
use crate::evidence::manifest::MANIFEST_NAME;
use crate::evidence::{self, Verdict};
use crate::model::{CameraId, StreamKind};
use crate::people::check_chain;
use crate::wire::PublicKey;
use crate::{centre_db, database, disk};

/// Documents that are read together.
const PAGE: u32 = 200;

/// Of one stream so many missing files are told.
const TOLD: usize = 5;

/// The index of the archive, below the storage path.
const INDEX: &str = "index.sqlite";

/// What the documents say that has to be there.
#[derive(Default)]
struct Stated {
    /// The last manifest of each folder below `evidence/`: its digest.
    manifests: BTreeMap<String, String>,
    /// Incidents whose evidence was deleted.
    deleted: HashSet<String>,
    /// Of each stream the digests of its lists, in the order of the hours.
    streams: BTreeMap<(CameraId, StreamKind), Lists>,
    /// How far the audit log was, and in which document that stands.
    audit: Vec<(i64, i64, String)>,
    files: u64,
}

/// The lists of a stream, each by its document and its digest: what they are stands in the signed documents, not in the
/// table that keeps them.
#[derive(Default)]
struct Lists {
    recorded: Vec<(i64, String)>,
    /// Of what went for a reason. What was found missing is not among them.
    gone: Vec<(i64, String)>,
}

/// Checks the storage of a centre, which may be running. `believed` holds the keys that count.
///
/// # Errors
/// If the database cannot be read.
pub async fn check_storage(storage: &Path, believed: &Believed) -> anyhow::Result<Verdict> {
    let path = storage.join(centre_db::FILE_NAME);
    let pool = database::open_readers(&path).await.with_context(|| path.display().to_string())?;
    let mut stated = Stated::default();
    let mut chain = read(&pool, &mut stated).await.with_context(|| path.display().to_string())?;
    check_told(&pool, &mut chain).await.with_context(|| path.display().to_string())?;
    check_audit(&pool, &stated, &mut chain).await?;
    let going = going(&pool, chain.last_number()).await?;
    check_evidence(storage, &stated, (believed, &going), &mut chain);
    for (stream, lists) in &stated.streams {
        check_archive(&pool, storage, (stream, lists), &mut chain).await?;
    }
    Ok(verdict(storage, chain, &stated, believed))
}

async fn read(pool: &SqlitePool, stated: &mut Stated) -> Result<Chain, sqlx::Error> {
    // Before the documents: one that is added meanwhile is no fault.
    let highest = sqlx::query_scalar::<_, i64>("SELECT seq FROM sqlite_sequence WHERE name = 'ledger'");
    let highest = highest.fetch_optional(pool).await?.unwrap_or(0);
    let (mut chain, mut after) = (Chain::default(), 0);
    loop {
        let page = links(pool, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for row in &page {
            match chain.take(row) {
                Some(Document::Manifest(manifest)) => {
                    let folder = row.subject.clone().unwrap_or_default();
                    let incident = manifest.incident.id.to_string();
                    if folder.split('/').next() != Some(&incident) {
                        chain.wrong(format!(
                            "document {} is kept as one of {folder:?}, and is of {incident}",
                            row.number
                        ));
                    }
                    stated.manifests.insert(folder, row.digest.clone());
                }
                Some(Document::Tombstone(tombstone)) if tombstone.is_deletion() => {
                    stated.deleted.insert(tombstone.incident.to_string());
                }
                Some(Document::Hour(hour)) => {
                    check_lists(pool, row.number, &hour, &mut chain).await?;
                    stated.take_lists(&hour);
                    stated.files += hour.recorded.iter().map(|list| list.files).sum::<u64>();
                    stated.audit.extend(hour.audit.map(|head| (row.number, head.number, head.hash)));
                }
                Some(Document::Tombstone(_) | Document::Package(_)) | None => {}
            }
        }
    }
    chain.end(highest);
    Ok(chain)
}

/// Whether the documents are those that the province was told of: whoever signs them anew has told it already.
async fn check_told(pool: &SqlitePool, chain: &mut Chain) -> Result<(), sqlx::Error> {
    let others = sqlx::query_scalar::<_, i64>(
        "SELECT DISTINCT told.value ->> 'number'
         FROM outbox JOIN json_each(CAST(outbox.payload AS TEXT), '$.data.links') AS told
              LEFT JOIN ledger ON ledger.number = told.value ->> 'number'
         WHERE outbox.incident IS NULL AND ledger.digest IS NOT told.value ->> 'digest' ORDER BY 1 LIMIT 100",
    );
    for number in others.fetch_all(pool).await? {
        chain.wrong(format!("document {number} is not the one that the province was told of"));
    }
    Ok(())
}

/// Whether the lists that a document names are kept as they were.
async fn check_lists(
    pool: &SqlitePool,
    number: i64,
    hour: &Hour,
    chain: &mut Chain,
) -> Result<(), sqlx::Error> {
    for (what, list) in hour
        .recorded
        .iter()
        .map(|list| ("what was recorded", list))
        .chain(hour.gone.iter().map(|list| ("what went", list)))
    {
        let text =
            sqlx::query_scalar::<_, String>("SELECT text FROM ledger_lists WHERE link = ? AND sha256 = ?");
        let text = text.bind(number).bind(&list.sha256).fetch_optional(pool).await?;
        let List { camera, stream, from, to, .. } = list;
        let of = format!("the list of {what} of {camera}/{stream} from {from} to {to}");
        match text {
            None => chain.wrong(format!("document {number}: {of} is missing")),
            Some(text) if lists::digest(&text) != list.sha256 => {
                chain.wrong(format!("document {number}: {of} was changed"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether the audit log is whole, and the one whose entries were signed.
async fn check_audit(pool: &SqlitePool, stated: &Stated, chain: &mut Chain) -> Result<(), sqlx::Error> {
    if let Some(problem) = check_chain(pool).await?.problem {
        chain.wrong(format!("the audit log is not as it was written: {problem}"));
    }
    for (document, number, hash) in &stated.audit {
        let entry = sqlx::query("SELECT hash FROM audit WHERE number = ?").bind(number);
        let found: Option<String> =
            entry.fetch_optional(pool).await?.map(|row| row.try_get(0)).transpose()?;
        if found.as_ref() != Some(hash) {
            chain.wrong(format!(
                "entry {number} of the audit log is not the one that was signed in document {document}"
            ));
        }
    }
    Ok(())
}

/// Incidents whose evidence the centre is deleting by its own word, which is signed when it is gone, and those of which that
/// was signed behind document `read`.
async fn going(pool: &SqlitePool, read: i64) -> Result<HashSet<String>, sqlx::Error> {
    let going = sqlx::query_scalar(
        "SELECT id FROM incidents WHERE evidence_state = 'made' AND evidence_reason = 'going'",
    );
    let mut going: HashSet<String> = going.fetch_all(pool).await?.into_iter().collect();
    for row in links(pool, read, PAGE).await? {
        if let (LinkKind::Tombstone, Ok((tombstone, _))) = (row.kind, Tombstone::open(&row.envelope))
            && tombstone.is_deletion()
        {
            going.insert(tombstone.incident.to_string());
        }
    }
    Ok(going)
}

fn check_evidence(
    storage: &Path,
    stated: &Stated,
    (believed, going): (&Believed, &HashSet<String>),
    chain: &mut Chain,
) {
    let all = storage.join("evidence");
    for (folder, digest) in &stated.manifests {
        let incident = folder.split('/').next().unwrap_or_default();
        if stated.deleted.contains(incident) {
            continue;
        }
        let manifest = all.join(folder).join(MANIFEST_NAME);
        match disk::measure(&manifest) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && going.contains(incident) => {
                chain.going = chain.going.saturating_add(1);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                chain.wrong(format!("evidence/{folder}: it was signed and is missing"));
            }
            Err(e) => chain.wrong(format!("evidence/{folder}: it cannot be read: {e}")),
            Ok((_, found)) if hex::encode(found) != *digest => {
                chain.wrong(format!("evidence/{folder}: {MANIFEST_NAME} is not the one that was signed"));
            }
            // Parts have folders of their own in that of the incident, and are looked at with it.
            Ok(_) if folder.contains('/') => {}
            Ok(_) => {
                let verdict = evidence::verify_by(&all.join(folder), believed);
                if !verdict.is_intact {
                    let lines = verdict.lines.iter().filter(|line| !is_note(line));
                    lines.for_each(|line| chain.wrong(format!("evidence/{folder}: {line}")));
                }
            }
        }
    }
}

/// What the check of a folder tells beside what is wrong with it.
fn is_note(line: &str) -> bool {
    ["NOT intact", "document ", "nobody vouched", "the centre's clock"]
        .iter()
        .any(|word| line.starts_with(word))
}

/// Whether every file that was recorded is there unless it is said to have gone, and is what it was.
async fn check_archive(
    pool: &SqlitePool,
    storage: &Path,
    ((camera, stream), lists): (&(CameraId, StreamKind), &Lists),
    chain: &mut Chain,
) -> anyhow::Result<()> {
    let signed = gone(pool, lists).await?;
    let mut missing = Vec::new();
    for list in &lists.recorded {
        // One that is missing or changed was told with its document.
        let Some(text) = text(pool, list).await? else { continue };
        let wanted: Vec<(String, String)> = text
            .lines()
            .filter_map(|line| line.split_once("  "))
            .filter(|(_, path)| !signed.contains(*path))
            .map(|(digest, path)| (digest.to_owned(), path.to_owned()))
            .collect();
        let storage = storage.to_owned();
        let looked = tokio::task::spawn_blocking(move || {
            wanted
                .into_iter()
                .map(|(digest, path)| (look(&storage.join(&path), &digest), path))
                .collect::<Vec<_>>()
        });
        for (found, path) in looked.await? {
            match found {
                Found::Right => {}
                Found::Missing => missing.push(path),
                Found::Wrong(what) => chain.wrong(format!("{path}: {what}")),
            }
        }
    }
    if !missing.is_empty() {
        // Reading all of it takes long, and a centre that runs deletes meanwhile: of that nothing is signed yet.
        let (all, waiting) = (missing.len(), waiting(storage, camera, *stream).await?);
        missing.retain(|path| !waiting.contains(path));
        chain.unsigned = chain.unsigned.saturating_add(all.saturating_sub(missing.len()));
        let signed_since = gone_since(pool, chain.last_number(), (camera, *stream)).await?;
        missing.retain(|path| !signed_since.contains(path));
    }
    for path in missing.iter().take(TOLD) {
        chain.wrong(format!("{path}: it was recorded and is missing, and nothing says that it went"));
    }
    if let Some((last, more)) =
        missing.get(TOLD..).and_then(|rest| rest.last().map(|last| (last, rest.len())))
    {
        chain.wrong(format!("… and {more} more files of {camera}/{stream}, up to {last}"));
    }
    Ok(())
}

/// What went and is not signed yet, and what a power cut may have let go half way.
const WAITING: [&str; 2] = [
    "SELECT path FROM gone WHERE camera = ? AND stream = ? AND reason != 'missing'",
    "SELECT path FROM segments JOIN doomed USING (counter) WHERE camera = ? AND stream = ?",
];

/// What became of a file.
enum Found {
    Right,
    Missing,
    Wrong(String),
}

fn look(path: &Path, digest: &str) -> Found {
    match disk::measure(path) {
        Ok((_, found)) if hex::encode(found) == digest => Found::Right,
        Ok(_) => Found::Wrong("it is not what was recorded".to_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Found::Missing,
        Err(e) => Found::Wrong(format!("it cannot be read: {e}")),
    }
}

/// The paths of what was let go of a stream, as its hours say.
async fn gone(pool: &SqlitePool, lists: &Lists) -> Result<HashSet<String>, sqlx::Error> {
    let mut gone = HashSet::new();
    for list in &lists.gone {
        gone.extend(text(pool, list).await?.iter().flat_map(|text| text.lines()).map(str::to_owned));
    }
    Ok(gone)
}

/// The same of the documents behind that number, which were signed while others were read.
async fn gone_since(
    pool: &SqlitePool,
    number: i64,
    (camera, stream): (&CameraId, StreamKind),
) -> Result<HashSet<String>, sqlx::Error> {
    let mut since = Stated::default();
    for row in links(pool, number, PAGE).await? {
        if let (LinkKind::Hour, Ok((hour, _))) = (row.kind, Hour::open(&row.envelope)) {
            since.take_lists(&hour);
        }
    }
    match since.streams.get(&(camera.clone(), stream)) {
        Some(lists) => gone(pool, lists).await,
        None => Ok(HashSet::new()),
    }
}

/// The paths of what was let go of a stream and waits for its hour, as the index says.
async fn waiting(storage: &Path, camera: &CameraId, stream: StreamKind) -> anyhow::Result<HashSet<String>> {
    let (index, mut gone) = (storage.join(INDEX), HashSet::new());
    if index.exists() {
        let index = database::open_readers(&index).await.context(INDEX)?;
        for question in WAITING {
            let waiting = sqlx::query_scalar::<_, String>(question);
            let waiting = waiting.bind(camera.as_str()).bind(stream.as_str()).fetch_all(&index).await;
            gone.extend(waiting.context(INDEX)?);
        }
        index.close().await;
    }
    Ok(gone)
}

/// A list of a document; none if it is not kept, or changed.
async fn text(pool: &SqlitePool, (number, sha256): &(i64, String)) -> Result<Option<String>, sqlx::Error> {
    let text = sqlx::query_scalar::<_, String>("SELECT text FROM ledger_lists WHERE link = ? AND sha256 = ?");
    let text = text.bind(number).bind(sha256).fetch_optional(pool).await?;
    Ok(text.filter(|text| lists::digest(text) == *sha256))
}

impl Stated {
    /// What an hour says was recorded and went.
    fn take_lists(&mut self, hour: &Hour) {
        let number = hour.stated.link.number;
        let stream = |list: &List| (list.camera.clone(), list.stream);
        for list in &hour.recorded {
            self.streams.entry(stream(list)).or_default().recorded.push((number, list.sha256.clone()));
        }
        for list in hour.gone.iter().filter(|list| list.reason.as_deref() != Some(MISSING)) {
            self.streams.entry(stream(list)).or_default().gone.push((number, list.sha256.clone()));
        }
    }
}

fn verdict(storage: &Path, chain: Chain, stated: &Stated, believed: &Believed) -> Verdict {
    let (is_intact, documents) = (chain.problems.is_empty(), chain.documents);
    let mut lines = chain.problems;
    if let Some((count, first, last)) = chain.doubtful {
        lines.push(format!(
            "{count} documents were signed while nobody vouched for the clock, from {first} to {last}"
        ));
    }
    if chain.unsigned > 0 {
        lines.push(format!(
            "{} recorded files went lately by the centre's own word, which is signed with the next hour",
            chain.unsigned
        ));
    }
    if chain.going > 0 {
        lines.push(format!(
            "{} folders with evidence went lately by the centre's own word, which is signed when all of it is gone",
            chain.going
        ));
    }
    lines.extend(chain.restored.iter().map(|(number, at)| {
        format!(
            "before document {number}, signed at {at}, the database was restored from a copy of some time ago"
        )
    }));
    let unknown: Vec<String> =
        chain.keys.iter().filter(|key| !believed.knows(key)).map(PublicKey::kid).collect();
    lines.extend(chain.keys.iter().filter_map(|key| believed.revocation(&key.kid())));
    let is_trusted = documents > 0 && unknown.is_empty();
    let what =
        format!("{}: {documents} signed documents, {} recorded files", storage.display(), stated.files);
    lines.push(match (is_intact, is_trusted) {
        (true, true) => format!("intact, and the signer is trusted: {what}"),
        (true, false) => format!("intact, signer not confirmed: {what}, keys {}", unknown.join(" ")),
        (false, _) => format!("NOT intact: {what}"),
    });
    Verdict { is_intact, is_trusted, incident: None, lines }
}

#[cfg(test)]
mod tests;
