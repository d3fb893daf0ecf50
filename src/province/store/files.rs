//! Writes files: their announcements, pieces, and what they turned out to be when whole.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bytes::Bytes;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::links::take_link;
use super::{Store, StoreError, What, place};
use crate::database::WRITING;
use crate::disk;
use crate::model::{CentreId, FileId, IncidentId, Wall};
use crate::province::manifest::{MOST_BYTES, ManifestFacts, judge_manifest};
use crate::province::ranges::Ranges;
use crate::province::transfer::{
    self, Capacity, ChunkDecision, FinDecision, Found, InitDecision, KnownFile, State, Verified,
};
use crate::wire::{FileInit, Outcome, Role, Signature, Trust};

/// Files without a new piece for this long are forgotten; if the centre still has one, its `fin`
/// is told that all is missing.
const FORGOTTEN_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// How much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files of one centre.
    pub files: u64,
    /// Their announced bytes.
    pub bytes: u64,
    /// Free bytes on the disk that must stay.
    pub reserve: u64,
}

/// What a message of a file wants. Borrowed: the payload stays where it is.
#[derive(Debug, Clone)]
pub enum Wanted<'a> {
    /// To announce it; the announcement's signature is good.
    Init {
        /// What it says.
        init: &'a FileInit,
        /// Its exact bytes.
        body: &'a [u8],
        /// Who signed them.
        signature: &'a Signature,
    },
    /// To add a piece.
    Chunk {
        /// Where it begins.
        offset: u64,
        /// What its topic says of its digest.
        sha256: &'a str,
        /// Its bytes.
        payload: &'a Bytes,
    },
    /// To end it.
    Fin {
        /// Its length.
        size: u64,
        /// Its digest.
        sha256: &'a str,
    },
}

/// What became of a message of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Became {
    /// It was taken, or needs no answer.
    Taken,
    /// It needs this answer.
    Answer(Outcome),
    /// It was wrong and cannot be answered.
    Rejected(&'static str),
    /// The file is whole: verify it, then [`Store::settle`].
    Whole(Box<WholeFile>),
}

/// A file that has all its bytes and waits to be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeFile {
    /// Whose.
    pub centre: CentreId,
    /// Which.
    pub file: FileId,
    /// What it was announced to be.
    pub known: KnownFile,
    incident: IncidentId,
    role: Role,
    part: PathBuf,
    folder: PathBuf,
    below: String,
}

impl Store {
    /// Takes the messages of files in order, and says what became of each. Files in `busy` are
    /// being read back, so their pieces are left alone. What is taken is committed on return.
    ///
    /// # Errors
    /// [`StoreError`]: then nothing of it is committed.
    pub async fn take_files(
        &self,
        messages: &[(CentreId, FileId, Wanted<'_>)],
        busy: &HashSet<(CentreId, FileId)>,
        now: Wall,
    ) -> Result<Vec<Became>, StoreError> {
        let mut busy = busy.clone();
        let mut tx = self.pool.begin_with(WRITING).await?;
        let mut all = Vec::with_capacity(messages.len());
        for (centre, file, wanted) in messages {
            if busy.contains(&(centre.clone(), *file)) {
                all.push(Became::Taken);
                continue;
            }
            let became = self.take_file(&mut tx, centre, *file, wanted, now).await?;
            if let Became::Whole(_) = became {
                busy.insert((centre.clone(), *file));
            }
            all.push(became);
        }
        tx.commit().await?;
        Ok(all)
    }

    async fn take_file(
        &self,
        db: &mut SqliteConnection,
        centre: &CentreId,
        file: FileId,
        wanted: &Wanted<'_>,
        now: Wall,
    ) -> Result<Became, StoreError> {
        let row = sqlx::query("SELECT * FROM files WHERE centre = ? AND id = ?")
            .bind(centre.as_str())
            .bind(file.to_string())
            .fetch_optional(&mut *db)
            .await?;
        let known = row.as_ref().map(known_file);
        Ok(match wanted {
            Wanted::Init { init, body, signature } => {
                let capacity = self.capacity(db, centre).await?;
                match transfer::judge_init(init, known.as_ref(), &capacity) {
                    InitDecision::Known => Became::Taken,
                    InitDecision::Answer(outcome) => Became::Answer(outcome),
                    InitDecision::Take => {
                        // What an earlier life left under this id is none of this file's bytes.
                        remove_if_there(self.part(centre, file)).await?;
                        announce(db, centre, file, init, body, signature, now).await?;
                        Became::Taken
                    }
                }
            }
            Wanted::Chunk { offset, sha256, payload } => {
                match transfer::judge_chunk(known.as_ref(), *offset, sha256, payload) {
                    ChunkDecision::Ignore(reason) => {
                        tracing::debug!(%centre, %file, offset, reason, "a piece was dropped");
                        Became::Taken
                    }
                    ChunkDecision::Reject(reason) => Became::Rejected(reason),
                    ChunkDecision::Write { to } => {
                        write_piece(self.part(centre, file), *offset, (*payload).clone()).await?;
                        let mut have = known.map(|known| known.have).unwrap_or_default();
                        have.insert(*offset, to);
                        set_have(db, centre, file, &have, None, now).await?;
                        Became::Taken
                    }
                }
            }
            Wanted::Fin { size, sha256 } => {
                let capacity = self.capacity(db, centre).await?;
                match (transfer::judge_fin(known.as_ref(), *size, sha256, &capacity), known, row) {
                    (FinDecision::Answer(outcome), ..) => Became::Answer(outcome),
                    (FinDecision::Verify, Some(known), Some(row)) => {
                        let incident = row.get::<&str, _>("incident").parse().ok();
                        let role = Role::parse(row.get("role"));
                        match incident.zip(role) {
                            Some((incident, role)) => Became::Whole(Box::new(WholeFile {
                                centre: centre.clone(),
                                file,
                                known,
                                incident,
                                role,
                                part: self.part(centre, file),
                                folder: self.folder.clone(),
                                below: place(centre, incident, role, file),
                            })),
                            None => Became::Rejected("its row cannot be read"),
                        }
                    }
                    (FinDecision::Verify, ..) => Became::Taken,
                }
            }
        })
    }

    async fn capacity(&self, db: &mut SqliteConnection, centre: &CentreId) -> Result<Capacity, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) FILTER (WHERE centre = ?1) AS files, \
             coalesce(sum(size) FILTER (WHERE centre = ?1), 0) AS bytes, coalesce(sum(size), 0) AS every \
             FROM files WHERE state = 'receiving'",
        )
        .bind(centre.as_str())
        .fetch_one(db)
        .await?;
        let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or(0);
        let space = disk::space(&self.folder)?;
        Ok(Capacity {
            files: number("files"),
            bytes: number("bytes"),
            most_files: self.limits.files,
            most_bytes: self.limits.bytes,
            // Bytes under way that are written already are counted twice: on the careful side.
            free: space.free.saturating_sub(number("every")),
            reserve: self.limits.reserve,
        })
    }

    /// Commits what reading `whole` back has shown, and says what to answer.
    ///
    /// # Errors
    /// [`StoreError::Database`]: then the `fin` is to be asked for again.
    pub async fn settle(&self, whole: &WholeFile, read: &ReadBack, now: Wall) -> Result<Outcome, StoreError> {
        let WholeFile { centre, file, .. } = whole;
        let mut tx = self.pool.begin_with(WRITING).await?;
        let outcome = match &read.verified {
            Verified::Store => {
                if let Some(manifest) = &read.manifest {
                    keep_manifest(&mut tx, centre, whole.incident, manifest, now).await?;
                }
                sqlx::query(
                    "UPDATE files SET state = 'stored', path = ?3, stored_ms = ?4, verified_ms = ?4, touched_ms = ?4 \
                     WHERE centre = ?1 AND id = ?2",
                )
                .bind(centre.as_str())
                .bind(file.to_string())
                .bind(&whole.below)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await?;
                Outcome::Stored
            }
            Verified::Again { outcome, failures } => {
                set_have(&mut tx, centre, *file, &Ranges::default(), Some(*failures), now).await?;
                outcome.clone()
            }
            Verified::Refuse(reason) => {
                sqlx::query(
                    "UPDATE files SET state = 'refused', have = '', reason = ?3, touched_ms = ?4 \
                     WHERE centre = ?1 AND id = ?2",
                )
                .bind(centre.as_str())
                .bind(file.to_string())
                .bind(reason)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await?;
                Outcome::Refused { reason: reason.clone() }
            }
        };
        tx.commit().await?;
        self.tell(whole.incident, What::Updated);
        Ok(outcome)
    }

    /// Forgets files that were announced and abandoned; says how many.
    ///
    /// # Errors
    /// [`StoreError`] if the database or the disk does not answer.
    pub async fn forget_abandoned(
        &self,
        busy: &HashSet<(CentreId, FileId)>,
        now: Wall,
    ) -> Result<usize, StoreError> {
        let rows = sqlx::query("SELECT centre, id FROM files WHERE state = 'receiving' AND touched_ms < ?")
            .bind(now.plus_millis(-FORGOTTEN_AFTER_MS).as_millis())
            .fetch_all(&self.pool)
            .await?;
        let mut forgotten = 0;
        for row in rows {
            let ids = (CentreId::new(row.get("centre")), row.get::<&str, _>("id").parse::<FileId>());
            let (Ok(centre), Ok(file)) = ids else { continue };
            if busy.contains(&(centre.clone(), file)) {
                continue;
            }
            sqlx::query("DELETE FROM files WHERE centre = ? AND id = ? AND state = 'receiving'")
                .bind(centre.as_str())
                .bind(file.to_string())
                .execute(&self.pool)
                .await?;
            remove_if_there(self.part(&centre, file)).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }
}

/// What reading a whole file back has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// What becomes of it.
    pub verified: Verified,
    /// What it says, if it is a manifest that counts.
    pub manifest: Option<Box<ManifestFacts>>,
}

/// Reads a whole file back, decides, and gives it its place if it is right: a manifest has to be signed by one of the
/// centre's keys, `trust`. Blocking.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn read_back(whole: &WholeFile, trust: &Trust) -> io::Result<ReadBack> {
    let place = whole.folder.join(&whole.below);
    // The power may have gone between the renaming and the row.
    let lies = if whole.part.exists() { &whole.part } else { &place };
    let found = match disk::measure(lies) {
        Ok((size, digest)) => Some(Found { size, sha256: hex::encode(digest) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut verified = transfer::judge_whole(&whole.known, found.as_ref());
    let mut manifest = None;
    if verified == Verified::Store && whole.role == Role::Manifest {
        let judged = match whole.known.size {
            size if size > MOST_BYTES => Err("it is too large for a manifest".to_owned()),
            _ => {
                let bytes = std::fs::read(lies).map_err(|error| disk::naming(lies, error))?;
                judge_manifest(&bytes, &whole.centre, whole.incident, trust)
            }
        };
        match judged {
            Ok(facts) => manifest = Some(Box::new(facts)),
            Err(reason) => verified = Verified::Refuse(reason),
        }
    }
    if verified == Verified::Store {
        if lies == &whole.part {
            if let Some(folder) = place.parent() {
                disk::make_folder(folder)?;
                // Both the incident's folder and the centre's may be new.
                disk::sync_folder_of(folder)?;
                folder.parent().map_or(Ok(()), disk::sync_folder_of)?;
            }
            disk::publish(&whole.part, &place)?;
        }
    } else if found.is_some() {
        std::fs::remove_file(lies).map_err(|error| disk::naming(lies, error))?;
    }
    Ok(ReadBack { verified, manifest })
}

/// What a manifest names, and its place in the chain.
async fn keep_manifest(
    db: &mut SqliteConnection,
    centre: &CentreId,
    incident: IncidentId,
    manifest: &ManifestFacts,
    now: Wall,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO manifest_files SELECT ?, ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(centre.as_str())
    .bind(incident.to_string())
    .bind(serde_json::json!(manifest.files).to_string())
    .execute(&mut *db)
    .await?;
    match &manifest.link {
        Some(link) => take_link(db, centre, link, now).await,
        None => Ok(()),
    }
}

fn known_file(row: &SqliteRow) -> KnownFile {
    let number = |name: &str| row.get::<i64, _>(name);
    KnownFile {
        size: u64::try_from(number("size")).unwrap_or(0),
        checksum: row.get("checksum"),
        state: match row.get::<&str, _>("state") {
            "receiving" => State::Receiving,
            "stored" => State::Stored,
            _ => State::Refused(row.get::<Option<String>, _>("reason").unwrap_or_default()),
        },
        have: row.get::<&str, _>("have").parse().unwrap_or_default(),
        failures: u32::try_from(number("failures")).unwrap_or(u32::MAX),
    }
}

async fn announce(
    db: &mut SqliteConnection,
    centre: &CentreId,
    file: FileId,
    init: &FileInit,
    body: &[u8],
    signature: &Signature,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let about = &init.user_data;
    sqlx::query(
        "INSERT INTO files (centre, id, incident, role, camera, from_ms, to_ms, media_type, size, checksum, init, \
         sig, kid, state, have, failures, announced_ms, touched_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'receiving', '', 0, ?14, ?14)",
    )
    .bind(centre.as_str())
    .bind(file.to_string())
    .bind(about.incident.to_string())
    .bind(about.role.as_str())
    .bind(about.camera.as_ref().map(|camera| camera.as_str().to_owned()))
    .bind(about.from.as_millis())
    .bind(about.to.as_millis())
    .bind(&about.media_type)
    .bind(i64::try_from(init.size).unwrap_or(i64::MAX))
    .bind(&init.checksum)
    .bind(body)
    .bind(&signature.sig)
    .bind(&signature.kid)
    .bind(now.as_millis())
    .execute(db)
    .await?;
    Ok(())
}

async fn set_have(
    db: &mut SqliteConnection,
    centre: &CentreId,
    file: FileId,
    have: &Ranges,
    failures: Option<u32>,
    now: Wall,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE files SET have = ?3, failures = coalesce(?4, failures), touched_ms = ?5 \
         WHERE centre = ?1 AND id = ?2",
    )
    .bind(centre.as_str())
    .bind(file.to_string())
    .bind(have.to_string())
    .bind(failures.map(i64::from))
    .bind(now.as_millis())
    .execute(db)
    .await?;
    Ok(())
}

async fn write_piece(part: PathBuf, offset: u64, payload: Bytes) -> io::Result<()> {
    in_background(move || {
        if let Some(folder) = part.parent() {
            disk::make_folder(folder)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&part);
        file.and_then(|file| file.write_all_at(&payload, offset)).map_err(|e| disk::naming(&part, e))
    })
    .await
}

async fn remove_if_there(path: PathBuf) -> io::Result<()> {
    in_background(move || match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk::naming(&path, error)),
        _ => Ok(()),
    })
    .await
}

async fn in_background(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
