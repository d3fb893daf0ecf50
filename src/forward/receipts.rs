//! The province's receipts, kept as they were signed: they prove what it had, and when.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::item::id_text;
use crate::centre_db::CentreDb;
use crate::model::Wall;
use crate::wire::{Signature, Subject};

/// One message with receipts, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipts {
    /// When the province wrote it, as it says.
    pub at: Wall,
    /// The exact bytes.
    pub payload: Vec<u8>,
    /// Who signed them.
    pub signature: Signature,
}

/// A receipt that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// Its number here.
    pub number: i64,
    /// What the province signed.
    pub signed: SignedReceipts,
    /// The event that it is for, exactly as it was signed here; none where it is for files.
    pub told: Option<(Vec<u8>, Signature)>,
}

/// Keeps the receipt for `items`, as part of a transaction. Of an item the first one counts.
pub(super) async fn keep(
    db: &mut SqliteConnection,
    items: &[Subject],
    receipt: &SignedReceipts,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(
        "INSERT INTO receipts (at, payload, sig, kid) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    insert
        .bind(receipt.at.as_millis())
        .bind(&receipt.payload)
        .bind(&receipt.signature.sig)
        .bind(&receipt.signature.kid)
        .execute(&mut *db)
        .await?;
    for item in items {
        sqlx::query(
            "INSERT INTO receipted (item, digest, receipt)
             SELECT id, digest, (SELECT number FROM receipts WHERE payload = ?2) FROM outbox WHERE id = ?1
             ON CONFLICT DO NOTHING",
        )
        .bind(id_text(*item))
        .bind(&receipt.payload)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

impl CentreDb {
    /// The receipts for files or events of these SHA-256 (hexadecimal), the oldest first and each once.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn receipts_for(&self, digests: &[String]) -> Result<Vec<KeptReceipt>, sqlx::Error> {
        sqlx::query(
            "SELECT DISTINCT receipts.*, NULL AS told, NULL AS told_sig, NULL AS told_kid
             FROM json_each(?) JOIN receipted ON receipted.digest = value
             JOIN receipts ON receipts.number = receipted.receipt ORDER BY receipts.number",
        )
        .bind(serde_json::json!(digests).to_string())
        .try_map(kept)
        .fetch_all(&self.pool)
        .await
    }

    /// The receipt for the event that told the province of the document `number`, if it has it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn receipt_of_link(&self, number: i64) -> Result<Option<KeptReceipt>, sqlx::Error> {
        sqlx::query(
            "SELECT receipts.*, outbox.payload AS told, outbox.sig AS told_sig, outbox.kid AS told_kid
             FROM told_links JOIN receipted ON receipted.item = told_links.event
             JOIN receipts ON receipts.number = receipted.receipt JOIN outbox ON outbox.id = told_links.event
             WHERE told_links.number = ?",
        )
        .bind(number)
        .try_map(kept)
        .fetch_optional(&self.pool)
        .await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn kept(row: SqliteRow) -> Result<KeptReceipt, sqlx::Error> {
    let told: Option<Vec<u8>> = row.try_get("told")?;
    let told = match told {
        Some(bytes) => {
            Some((bytes, Signature { sig: row.try_get("told_sig")?, kid: row.try_get("told_kid")? }))
        }
        None => None,
    };
    Ok(KeptReceipt {
        number: row.try_get("number")?,
        signed: SignedReceipts {
            at: Wall::from_millis(row.try_get("at")?),
            payload: row.try_get("payload")?,
            signature: Signature { sig: row.try_get("sig")?, kid: row.try_get("kid")? },
        },
        told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{event, file, incident, now, signer};
    use crate::ledger::fixtures::{at, open, record};
    use crate::model::{EventId, Ids, Severity};
    use crate::wire::{Outcome, Receipt, Receipts, Role, Signer};

    /// What the province signs for these.
    fn receipt(items: &[Subject]) -> SignedReceipts {
        let at = Wall::from_millis(1_795_400_000_000);
        let stored = |item: &Subject| Receipt::new(*item, None, Outcome::Stored);
        let payload = Receipts { at, receipts: items.iter().map(stored).collect() }.to_bytes();
        let signature = Signer::from_secret([9; 32]).sign(&payload);
        SignedReceipts { at, payload, signature }
    }

    #[tokio::test]
    async fn the_receipts_for_a_file_or_an_event_are_kept_exactly_as_they_were_signed() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path(), 1).await.db;
        let (mut ids, signer) = (Ids::new(3), signer());
        let row = incident(&mut ids, Severity::Warning);
        let still = file(&mut ids, folder.path(), row.id, Role::Still, b"still");
        let (one, two) = (EventId(ids.next(now())), EventId(ids.next(now())));
        db.record_event(&row, &signer, now(), |n, epoch| event(one, &row, n, epoch)).await.unwrap();
        let build = |row: &_, n, epoch| event(two, row, n, epoch);
        db.add_files(row.id, true, std::slice::from_ref(&still), &signer, now(), build).await.unwrap();
        let items = [Subject::Event(one), Subject::Event(two), Subject::File(still.id)];
        let (first, second) = (receipt(&items[..2]), receipt(&items[1..]));
        db.mark_delivered(&items[..2], Some(&first), now()).await.unwrap();
        // The second event is receipted again: the first receipt for it is the one that counts.
        db.mark_delivered(&items[1..], Some(&second), now()).await.unwrap();
        let digests: Vec<String> =
            sqlx::query_scalar("SELECT digest FROM outbox").fetch_all(&db.pool).await.unwrap();
        let kept = db.receipts_for(&digests).await.unwrap();
        assert_eq!(kept.iter().map(|one| one.signed.clone()).collect::<Vec<_>>(), [first, second]);
        db.prune_delivered(now().wall.plus_millis(1)).await.unwrap();
        assert_eq!(db.receipts_for(&digests).await.unwrap(), kept, "also when the outbox forgets");
    }

    #[tokio::test]
    async fn the_receipt_for_an_hour_is_found_with_the_message_that_told_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let hourly = open(folder.path(), 1).await;
        record(&hourly, "gate", 1).await;
        hourly.seal(at(2)).await.unwrap();
        hourly.db.tell_links(&hourly.sealer, at(2)).await.unwrap();
        assert_eq!(hourly.db.receipt_of_link(1).await.unwrap(), None, "the province did not answer yet");
        let item = hourly.db.waiting().await.unwrap().remove(0).id;
        let payload = hourly.db.payload(item).await.unwrap().unwrap();
        let signed = receipt(&[item]);
        hourly.db.mark_delivered(&[item], Some(&signed), at(3)).await.unwrap();
        hourly.db.prune_delivered(at(9_999_999).wall).await.unwrap();
        let kept = hourly.db.receipt_of_link(1).await.unwrap().unwrap();
        assert_eq!((kept.signed, kept.told), (signed, Some((payload.bytes, payload.signature))));
        assert_eq!(hourly.db.receipt_of_link(2).await.unwrap(), None);
    }
}
