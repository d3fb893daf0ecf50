//! Makes the message for what the machine wants published: reads, checks, signs.
//!
//! Before a file is announced on a connection, its length and digest are compared with its row;
//! a chunk is only read while the file looks as it did then. What can never fit its row again is
//! told apart from what may work in a moment.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::dispatch::What;
use super::item::Item;
use super::queue::Payload;
use crate::broker::Message;
use crate::centre_db::CentreDb;
use crate::disk;
use crate::model::{CentreId, FileId};
use crate::wire::{Signature, Signer, Subject, Topics};

/// Why a message was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotMade {
    /// It may be possible in a moment.
    Now(String),
    /// It never will be: the file is gone, or is not the one that was announced.
    Ever(String),
}

/// Where messages come from. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) db: CentreDb,
    pub(super) signer: Arc<Signer>,
    pub(super) topics: Topics,
    pub(super) centre: CentreId,
}

/// The files that were begun on this connection.
#[derive(Debug, Default)]
pub(super) struct OpenFiles(HashMap<FileId, Arc<OnceCell<Checked>>>);

/// A file whose digest was found to fit its row.
#[derive(Debug, Clone)]
struct Checked {
    path: PathBuf,
    look: Look,
    init: Bytes,
    signature: Signature,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Look {
    fn of(meta: &Metadata) -> Self {
        Self { inode: meta.ino(), size: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) }
    }
}

impl OpenFiles {
    /// The message for `what`, which is of `item`.
    pub(super) fn make(
        &mut self,
        source: &Source,
        what: What,
        item: Item,
    ) -> BoxFuture<'static, Result<Message, NotMade>> {
        let source = source.clone();
        match what {
            What::Event(_) => async move { source.event(item).await }.boxed(),
            What::Init(file) => {
                let cell = Arc::<OnceCell<Checked>>::default();
                self.0.insert(file, cell.clone());
                async move { source.init(file, item, &cell).await }.boxed()
            }
            What::Chunk { file, offset, len } => {
                let cell = self.0.entry(file).or_default().clone();
                async move { source.chunk(file, item, &cell, offset, len).await }.boxed()
            }
            What::Fin(file) => {
                let sha256 = hex::encode(item.digest);
                let topic = source.topics.fin(&source.centre, file, item.size, &sha256);
                let signature = source.signer.sign(b"");
                std::future::ready(Ok(message(topic, Bytes::new(), signature))).boxed()
            }
        }
    }

    /// `file` needs nothing more.
    pub(super) fn close(&mut self, file: FileId) {
        self.0.remove(&file);
    }

    /// The connection is gone.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Source {
    async fn event(&self, item: Item) -> Result<Message, NotMade> {
        let payload = self.payload(item.id).await?;
        if <[u8; 32]>::from(Sha256::digest(&payload.bytes)) != item.digest {
            return Err(NotMade::Ever("its payload in the database does not fit its digest".into()));
        }
        Ok(message(self.topics.event(&self.centre), payload.bytes.into(), payload.signature))
    }

    async fn init(&self, file: FileId, item: Item, cell: &OnceCell<Checked>) -> Result<Message, NotMade> {
        let checked = cell.get_or_try_init(|| self.check(item)).await?;
        self.db.mark_begun(file).await.map_err(not_now)?;
        let topic = self.topics.init(&self.centre, file);
        Ok(message(topic, checked.init.clone(), checked.signature.clone()))
    }

    async fn chunk(
        &self,
        file: FileId,
        item: Item,
        cell: &OnceCell<Checked>,
        offset: u64,
        len: u64,
    ) -> Result<Message, NotMade> {
        let checked = cell.get_or_try_init(|| self.check(item.clone())).await?.clone();
        let source = self.clone();
        let made = in_background(move || {
            let bytes = read(&checked, &item, offset, len)?;
            let sha256 = hex::encode(Sha256::digest(&bytes));
            let topic = source.topics.chunk(&source.centre, file, offset, &sha256);
            let signature = source.signer.sign(&bytes);
            Ok(message(topic, bytes.into(), signature))
        });
        made.await.map_err(|why| self.unless_away(why))
    }

    /// What cannot be found while the disk is away is found again when it is back.
    fn unless_away(&self, why: NotMade) -> NotMade {
        match why {
            NotMade::Ever(why) if !self.db.is_in_place() => NotMade::Now(why),
            why => why,
        }
    }

    async fn payload(&self, id: Subject) -> Result<Payload, NotMade> {
        let payload = self.db.payload(id).await.map_err(not_now)?;
        payload.ok_or_else(|| NotMade::Ever("it is not in the outbox any more".into()))
    }

    async fn check(&self, item: Item) -> Result<Checked, NotMade> {
        let payload = self.payload(item.id).await?;
        let path = payload.path.ok_or_else(|| NotMade::Ever("its row names no file".into()))?;
        let checked = in_background(move || Ok((fits(&path, &item)?, path))).await;
        let (look, path) = checked.map_err(|why| self.unless_away(why))?;
        Ok(Checked { path, look, init: payload.bytes.into(), signature: payload.signature })
    }
}

/// Compares the file with its row.
fn fits(path: &Path, item: &Item) -> Result<Look, NotMade> {
    let look = Look::of(&std::fs::metadata(path).map_err(|e| unreadable(disk::naming(path, e)))?);
    let found = disk::measure(path).map_err(unreadable)?;
    if found != (item.size, item.digest) {
        let told = format!("{} is not the file that was to be sent: its digest differs", path.display());
        return Err(NotMade::Ever(told));
    }
    Ok(look)
}

fn read(checked: &Checked, item: &Item, offset: u64, len: u64) -> Result<Vec<u8>, NotMade> {
    let path = &checked.path;
    let len = usize::try_from(len).map_err(|e| NotMade::Ever(e.to_string()))?;
    let read = || {
        let file = File::open(path)?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, offset)?;
        Ok((Look::of(&file.metadata()?), bytes))
    };
    let (look, bytes) = read().map_err(|e| unreadable(disk::naming(path, e)))?;
    if look != checked.look {
        fits(path, item)?;
    }
    Ok(bytes)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotMade> + Send + 'static,
) -> Result<T, NotMade> {
    tokio::task::spawn_blocking(work).await.map_err(|e| NotMade::Now(e.to_string()))?
}

fn unreadable(error: io::Error) -> NotMade {
    match error.kind() {
        // Shorter than its row says, or not there: that does not mend itself.
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof | io::ErrorKind::IsADirectory => {
            NotMade::Ever(error.to_string())
        }
        _ => NotMade::Now(error.to_string()),
    }
}

fn not_now(error: sqlx::Error) -> NotMade {
    NotMade::Now(format!("the centre's database: {error}"))
}

fn message(topic: String, payload: Bytes, signature: Signature) -> Message {
    Message { topic, payload, retain: false, signature: Some(signature) }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{centre, db, event, file, incident, now, signer};
    use super::*;
    use crate::model::{EventId, Ids, Severity};
    use crate::wire::Role;

    /// A storage with one file of ten bytes in its outbox.
    async fn one_file(folder: &Path) -> (Source, Item, PathBuf) {
        let (db, mut ids) = (db(folder).await, Ids::new(5));
        let row = incident(&mut ids, Severity::Warning);
        let build = |id, row: &crate::forward::IncidentRow, n, epoch| event(id, row, n, epoch);
        let (one, two) = (EventId(ids.next(now())), EventId(ids.next(now())));
        db.record_event(&row, &signer(), now(), |n, epoch| build(one, &row, n, epoch)).await.unwrap();
        let still = file(&mut ids, folder, row.id, Role::Still, b"0123456789");
        let path = still.path.clone();
        db.add_files(row.id, true, &[still], &signer(), now(), |row, n, epoch| build(two, row, n, epoch))
            .await
            .unwrap();
        let item = db.waiting().await.unwrap().into_iter().find(|item| item.size == 10).unwrap();
        let source = Source { db, signer: Arc::new(signer()), topics: Topics::default(), centre: centre() };
        (source, item, path)
    }

    fn id(item: &Item) -> FileId {
        let Subject::File(id) = item.id else { panic!("a file") };
        id
    }

    #[tokio::test]
    async fn a_piece_is_the_files_bytes_signed_and_named_by_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let (source, item, _) = one_file(folder.path()).await;
        let (file, mut open) = (id(&item), OpenFiles::default());
        open.make(&source, What::Init(file), item.clone()).await.unwrap();
        let piece = What::Chunk { file, offset: 4, len: 3 };
        let made = open.make(&source, piece, item.clone()).await.unwrap();
        assert_eq!(&made.payload[..], b"456");
        assert!(made.topic.ends_with(&format!("{file}/4/{}", hex::encode(Sha256::digest(b"456")))));
        source.signer.public().verify(b"456", &made.signature.unwrap().sig).unwrap();
        assert!(source.db.waiting().await.unwrap().iter().any(|item| item.begun));
    }

    #[tokio::test]
    async fn a_file_that_changed_or_vanished_is_never_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (source, item, path) = one_file(folder.path()).await;
        let (file, mut open) = (id(&item), OpenFiles::default());
        open.make(&source, What::Init(file), item.clone()).await.unwrap();
        disk::write_atomically(&path, b"9876543210").unwrap();
        let piece = What::Chunk { file, offset: 0, len: 10 };
        let changed = open.make(&source, piece, item.clone()).await.unwrap_err();
        assert!(matches!(&changed, NotMade::Ever(why) if why.contains("digest differs")), "{changed:?}");
        let changed = open.make(&source, What::Init(file), item.clone()).await.unwrap_err();
        assert!(matches!(changed, NotMade::Ever(_)));
        std::fs::remove_file(&path).unwrap();
        let away = Source { db: source.db.unmounted(), ..source.clone() };
        let later = open.make(&away, What::Init(file), item.clone()).await.unwrap_err();
        assert!(matches!(later, NotMade::Now(_)), "its disk is away: {later:?}");
        let gone = open.make(&source, What::Init(file), item).await.unwrap_err();
        assert!(matches!(&gone, NotMade::Ever(why) if why.contains("No such file")), "{gone:?}");
    }
}
