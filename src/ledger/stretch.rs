//! A stretch of the chain without the documents themselves: which there were, one after the other, and the digest of
//! each. It goes into packages, so that what lies between the documents of a package shows, too.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::book::links;
use super::chain::{range, signed_place};
use super::{BEGINNING, Link, LinkRow};
use crate::centre_db::{CentreDb, LostLife};
use crate::model::{Epoch, Wall};
use crate::wire::Malformed;

const SCHEMA: &str = "quaywatch:chain:1";

/// Documents that are read together.
const PAGE: u32 = 20;

/// A database is not restored more often: what has more was made to keep a check busy.
const MOST_LIVES: usize = 1000;

/// So many problems are told; more help nobody.
const TOLD: usize = 100;

/// Documents in the order of signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The version of this form.
    schema: String,
    /// The lives of the database, each behind the one before it: a later one goes on from a copy of the earlier.
    lives: Vec<Life>,
    /// Other lives, and ends of these, that were lost with the database in which they were signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lost: Vec<LostLife>,
}

/// Documents of one life of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Life {
    epoch: Epoch,
    documents: Vec<Place>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its number.
    pub number: i64,
    /// `manifest`, `package`, `hour` or `tombstone`; later versions may have others.
    pub kind: String,
    /// When it was signed, by the centre's clock.
    pub made_at: Wall,
    /// The digest of the document before it, hexadecimal, where that is not the digest of the one before it in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// SHA-256 of its exact bytes, hexadecimal.
    pub digest: String,
}

impl Life {
    fn place(&self, number: i64) -> Option<&Place> {
        let at = self.documents.binary_search_by_key(&number, |place| place.number).ok()?;
        self.documents.get(at)
    }
}

impl Default for Stretch {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), lives: Vec::new(), lost: Vec::new() }
    }
}

impl Stretch {
    /// One that goes on without what was lost.
    pub fn without(lost: Vec<LostLife>) -> Self {
        Self { lost, ..Self::default() }
    }

    /// The next document, signed in `epoch`.
    pub fn add(&mut self, epoch: Epoch, mut place: Place) {
        if let Some((_, last)) = self.last()
            && place.previous.as_ref() == Some(&last.digest)
        {
            place.previous = None;
        }
        match self.lives.last_mut().filter(|life| life.epoch == epoch) {
            Some(life) => life.documents.push(place),
            None => self.lives.push(Life { epoch, documents: vec![place] }),
        }
    }

    /// What stands beside a document in the database is not signed: its place is what it says itself. What cannot be read
    /// is no document of any life: it counts for that of its neighbour, or for `now`.
    fn take(&mut self, row: LinkRow, now: Epoch) {
        let of_neighbour = || self.lives.last().map_or(now, |life| life.epoch);
        let (link, made_at) = signed_place(row.kind, &row.envelope).unwrap_or_else(|| {
            let LinkRow { number, previous, made_at, .. } = row.clone();
            (Link { epoch: of_neighbour(), number, previous }, made_at)
        });
        let Link { epoch, number, previous } = link;
        let digest = hex::encode(Sha256::digest(&row.envelope));
        let kind = row.kind.as_str().to_owned();
        self.add(epoch, Place { number, kind, made_at, previous: Some(previous), digest });
    }

    /// All of them, each with its life.
    pub fn places(&self) -> impl Iterator<Item = (Epoch, &Place)> {
        self.lives.iter().flat_map(|life| life.documents.iter().map(|place| (life.epoch, place)))
    }

    /// The last one.
    pub fn last(&self) -> Option<(Epoch, &Place)> {
        let life = self.lives.last()?;
        Some((life.epoch, life.documents.last()?))
    }

    /// The place of one document.
    pub fn get(&self, epoch: Epoch, number: i64) -> Option<&Place> {
        self.lives.iter().find(|life| life.epoch == epoch)?.place(number)
    }

    /// Lives that were lost with the database, and of which nothing is in here.
    pub fn lost(&self) -> impl Iterator<Item = &LostLife> {
        self.lost.iter().filter(|life| self.lives.iter().all(|other| other.epoch != life.epoch))
    }

    /// Whether a document of `epoch` with this number was signed after the copy that a later life goes on from, or in a
    /// life that is told to be lost.
    pub fn is_of_a_lost_end(&self, epoch: Epoch, number: i64) -> bool {
        if self.lost.iter().any(|life| life.epoch == epoch && number > life.after) {
            return true;
        }
        let at = self.lives.iter().position(|life| life.epoch == epoch);
        let next = at.and_then(|at| self.lives.get(at.saturating_add(1)));
        next.and_then(|life| life.documents.first()).is_some_and(|first| first.number <= number)
    }

    /// The number of the document behind the last.
    pub fn next_number(&self) -> i64 {
        self.last().map_or(1, |(_, last)| last.number.saturating_add(1))
    }

    /// The digest of the document behind which one with that number was signed, as far as it is known.
    pub fn before(&self, number: i64) -> Option<&str> {
        if number == 1 {
            return Some(BEGINNING);
        }
        self.lives.iter().find_map(|life| Some(life.place(number.checked_sub(1)?)?.digest.as_str()))
    }

    /// The first documents of later lives, each with when it was signed.
    pub fn restored(&self) -> impl Iterator<Item = (i64, Wall)> {
        let firsts = self.lives.iter().skip(1).filter_map(|life| life.documents.first());
        firsts.map(|first| (first.number, first.made_at))
    }

    /// The documents of a life that is said to be lost from one before them on.
    fn called_lost(&self) -> impl Iterator<Item = String> {
        self.lost.iter().filter_map(|life| {
            let last = self.lives.iter().find(|other| other.epoch == life.epoch)?.documents.last()?;
            let LostLife { epoch, after, .. } = life;
            (last.number > *after).then(|| {
                let last = last.number;
                format!("what was signed behind document {after} of {epoch} is called lost, and document {last} is here")
            })
        })
    }

    /// Where documents are missing, and where one does not follow the one before it, with the time.
    pub fn problems(&self) -> Vec<String> {
        let (mut problems, mut before) = (Vec::from_iter(self.called_lost()), None::<&Place>);
        for (_, place) in self.places() {
            problems.extend(problem(before, place));
            before = Some(place);
        }
        problems.truncate(TOLD);
        problems
    }

    /// As it is written.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain strings and numbers, which cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Stretch::to_bytes`] gave.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let stretch: Self = serde_json::from_slice(bytes).map_err(|e| Malformed(e.to_string()))?;
        let lives = stretch.lives.len().max(stretch.lost.len());
        match stretch.schema.as_str() {
            SCHEMA if lives > MOST_LIVES => {
                Err(Malformed(format!("it tells of {lives} lives of one database")))
            }
            SCHEMA => Ok(stretch),
            other => Err(Malformed(format!("it has form {other:?}, and {SCHEMA:?} is known"))),
        }
    }
}

fn problem(before: Option<&Place>, place: &Place) -> Option<String> {
    let Place { number, made_at, .. } = place;
    let Some(last) = before else {
        let is_beginning = place.previous.as_deref() == Some(BEGINNING);
        return (*number == 1 && !is_beginning)
            .then(|| "document 1 is not the first: it names one before it".to_owned());
    };
    let expected = last.number.saturating_add(1);
    if *number < expected {
        return Some(format!("document {number} stands behind document {}", last.number));
    }
    if *number > expected {
        let missing = range(expected, number.saturating_sub(1));
        return Some(format!("{missing} missing: signed between {} and {made_at}", last.made_at));
    }
    let follows = place.previous.as_ref().is_none_or(|previous| *previous == last.digest);
    (!follows).then(|| {
        let (one, at) = (last.number, last.made_at);
        format!("the link between documents {one} and {number} is broken, signed between {at} and {made_at}")
    })
}

impl CentreDb {
    /// The chain from the last document before `from`, or from the one before document `lowest` if that was signed earlier,
    /// to the last; gives the number of that, too, as the database has it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn stretch(&self, from: Wall, lowest: Option<i64>) -> anyhow::Result<(Stretch, i64)> {
        let since = sqlx::query_scalar::<_, Option<i64>>(
            "SELECT coalesce(max(number), 0) FROM ledger WHERE number < min(
                 coalesce((SELECT number FROM ledger WHERE made_at > ? ORDER BY number LIMIT 1), 9e18),
                 coalesce(?, 9e18))",
        );
        let since = since.bind(from.as_millis()).bind(lowest).fetch_one(&self.pool).await?.unwrap_or(0);
        let mut stretch = Stretch::without(self.lost_lives().await?);
        let last = self.go_on(&mut stretch, since.saturating_sub(1)).await?;
        Ok((stretch, last))
    }

    /// Adds what was signed behind the document `after`; gives the number of the last, as the database has it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn go_on(&self, stretch: &mut Stretch, after: i64) -> Result<i64, sqlx::Error> {
        let mut last = after;
        loop {
            // Few at a time: a document can be large, and who records must not wait for the database meanwhile.
            let page = links(&self.pool, last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(last.max(0)) };
            last = end.number;
            page.into_iter().for_each(|row| stretch.take(row, self.epoch()));
        }
    }

    /// The number of the first document of these incidents' evidence.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn first_of(&self, incidents: &[String]) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT min(number) FROM ledger JOIN json_each(?) AS of
                 ON subject = of.value OR subject BETWEEN of.value || '/' AND of.value || '0'",
        )
        .bind(serde_json::json!(incidents).to_string())
        .fetch_one(&self.pool)
        .await
    }
}

#[cfg(test)]
mod tests;
