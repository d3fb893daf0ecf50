//! What the province's receipts prove of a package's content. Pure.
//!
//! A receipt is for the digest of a file of an incident, or for that of a message in which the centre told the province
//! of documents that it signed. So it proves that these very bytes, or an hour's document with all the files that it
//! lists, were there when the province signed it: whoever has the centre's key now cannot make them anew.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::enrol::Believed;
use crate::model::{CentreId, Epoch, Wall};
use crate::wire::{BadSignature, LinksEvent, Malformed, Outcome, PublicKey, Receipts, Signature, digest};

/// A message as it went over the link, exact bytes, with its signature: the form of the files below `receipts/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMessage {
    /// The bytes.
    pub payload: Vec<u8>,
    /// Who signed them.
    pub signature: Signature,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    payload: String,
    sig: String,
    kid: String,
}

impl SignedMessage {
    /// The file's bytes: JSON with `payload` (base64), `sig` (base64) and `kid`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Signature { sig, kid } = self.signature.clone();
        let written = Written { payload: STANDARD.encode(&self.payload), sig, kid };
        // Plain strings, which cannot fail to be written.
        serde_json::to_vec_pretty(&written).unwrap_or_default()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let written: Written = serde_json::from_slice(bytes).map_err(|e| Malformed(e.to_string()))?;
        let payload = STANDARD.decode(&written.payload).map_err(|e| Malformed(e.to_string()))?;
        Ok(Self { payload, signature: Signature { sig: written.sig, kid: written.kid } })
    }
}

/// What of a package the province can have receipted.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// SHA-256 of the files of incidents, hexadecimal.
    pub files: BTreeSet<String>,
    /// SHA-256 of the documents of hours.
    pub hours: BTreeSet<String>,
}

/// What the receipts of a package prove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proven {
    /// Which of the content's digests the province had, and when.
    pub at: BTreeMap<String, Wall>,
    /// What is wrong, in words: the package is not intact.
    pub problems: Vec<String>,
    /// The keys that signed receipts and are not trusted here: they prove nothing.
    pub unknown: BTreeSet<String>,
    /// Of which documents the province was told.
    pub told: Vec<ToldOf>,
}

/// A document of which the centre told the province, in a message that is in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOf {
    /// The file with the message.
    pub name: String,
    /// The life that the document was signed in.
    pub epoch: Epoch,
    /// Its number.
    pub number: i64,
    /// Its SHA-256, hexadecimal.
    pub digest: String,
}

/// Who may have signed what.
#[derive(Debug, Clone, Copy)]
pub struct Signers<'a> {
    /// The centre.
    pub centre: &'a CentreId,
    /// The key that signed the package.
    pub key: &'a PublicKey,
    /// The keys that are trusted, among them the province's.
    pub believed: &'a Believed,
}

/// Judges what stands below `receipts/`, each with its name: `receipts` are the province's, `told` the centre's own messages
/// that they are for.
pub fn judge(
    receipts: &[(String, Vec<u8>)],
    told: &[(String, Vec<u8>)],
    content: &Content,
    signers: Signers<'_>,
) -> Proven {
    let mut proven = Proven::default();
    // What a message tells of, by its digest as receipts name it.
    let mut messages: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for (name, bytes) in told {
        match read_told(bytes, content, signers) {
            Ok((digest, hours, event)) => {
                proven.told.extend(event.data.links.into_iter().map(|link| ToldOf {
                    name: name.clone(),
                    epoch: link.epoch.unwrap_or(event.epoch),
                    number: link.number,
                    digest: link.digest,
                }));
                messages.insert(digest, (name.clone(), hours));
            }
            Err(why) => proven.problems.push(format!("{name}: {why}")),
        }
    }
    let mut answered = BTreeSet::new();
    for (name, bytes) in receipts {
        let (at, digests, kid) = match read_receipts(bytes, signers) {
            Ok(read) => read,
            Err(why) => {
                proven.problems.push(format!("{name}: {why}"));
                continue;
            }
        };
        let mut covered: Vec<String> = Vec::new();
        for one in &digests {
            let plain = one.strip_prefix("sha256:").unwrap_or(one);
            if content.files.contains(plain) {
                covered.push(plain.to_owned());
            }
            if let Some((_, hours)) = messages.get(one) {
                answered.insert(one.clone());
                covered.extend(hours.iter().cloned());
            }
        }
        if covered.is_empty() {
            proven
                .problems
                .push(format!("{name}: it is a receipt for something else, not for what is in here"));
        }
        match kid {
            Some(unknown) => drop(proven.unknown.insert(unknown)),
            None => {
                for digest in covered {
                    let first = proven.at.entry(digest).or_insert(at);
                    *first = (*first).min(at);
                }
            }
        }
    }
    let alone = messages.iter().filter(|(digest, _)| !answered.contains(*digest));
    proven.problems.extend(alone.map(|(_, (name, _))| format!("{name}: there is no receipt for it")));
    proven
}

/// The digest of a message, the hours of the package that it tells of, and the message.
fn read_told(
    bytes: &[u8],
    content: &Content,
    signers: Signers<'_>,
) -> Result<(String, Vec<String>, LinksEvent), Malformed> {
    let message = SignedMessage::from_bytes(bytes)?;
    let SignedMessage { payload, signature } = &message;
    let is_own = signature.kid == signers.key.kid() && signers.key.verify(payload, &signature.sig).is_ok();
    if !is_own && signers.believed.verify(payload, signature).is_err() {
        return Err(Malformed(format!("it is not signed by the centre, but by key {}", signature.kid)));
    }
    let event = LinksEvent::from_bytes(signers.centre, payload)?;
    let links = event.data.links.iter().map(|link| &link.digest);
    let hours: Vec<String> = links.filter(|digest| content.hours.contains(*digest)).cloned().collect();
    if hours.is_empty() {
        return Err(Malformed("it tells of other documents than those in here".into()));
    }
    Ok((digest(payload), hours, event))
}

/// When the receipts were signed, the digests of what they say is stored, and the key if it is not trusted.
fn read_receipts(
    bytes: &[u8],
    Signers { key, believed, .. }: Signers<'_>,
) -> Result<(Wall, Vec<String>, Option<String>), Malformed> {
    let SignedMessage { payload, signature } = SignedMessage::from_bytes(bytes)?;
    if signature.kid == key.kid() {
        return Err(Malformed("it is signed by the centre's own key, and not by the province".to_owned()));
    }
    let unknown = match believed.verify(&payload, &signature) {
        Ok(()) => None,
        Err(BadSignature::UnknownKey(kid)) => Some(kid),
        Err(bad) => return Err(Malformed(bad.to_string())),
    };
    let Receipts { at, receipts } = Receipts::from_bytes(&payload)?;
    let stored = receipts.into_iter().filter(|one| one.outcome == Outcome::Stored);
    Ok((at, stored.filter_map(|one| one.digest).collect(), unknown))
}

#[cfg(test)]
mod tests;
