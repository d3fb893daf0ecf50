//! Whether a manifest that came is one that its centre may send. Pure.

use sha2::{Digest, Sha256};

use super::chain::Placed;
use crate::evidence::manifest::open;
use crate::ledger::LinkKind;
use crate::model::{CentreId, IncidentId};
use crate::wire::Trust;

/// No manifest is larger than this, in bytes.
pub const MOST_BYTES: u64 = 1 << 20;

/// What is kept of a manifest beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFacts {
    /// Its place in the chain; none of a manifest of before there was one.
    pub link: Option<Placed>,
    /// The SHA-256 of each file that it names, hexadecimal.
    pub files: Vec<String>,
}

/// Judges the bytes of a manifest that came as evidence of `incident` from `centre`, whose keys are `trust`. The receipt
/// depends on it: what is receipted here may be forgotten there.
///
/// # Errors
/// Why it is refused, in words.
pub fn judge_manifest(
    bytes: &[u8],
    centre: &CentreId,
    incident: IncidentId,
    trust: &Trust,
) -> Result<ManifestFacts, String> {
    let opened = open(bytes).map_err(|e| format!("the manifest does not hold: {e}"))?;
    let (manifest, kid) = (opened.manifest, opened.key.kid());
    if !trust.knows(&opened.key) {
        return Err(format!("the manifest is signed by key {kid}, which is not enrolled for this centre"));
    }
    if manifest.centre != *centre {
        return Err(format!("the manifest says that it is of centre {}", manifest.centre));
    }
    if manifest.incident.id != incident {
        return Err(format!("the manifest is of another incident, {}", manifest.incident.id));
    }
    let link = manifest.link.map(|link| Placed {
        epoch: link.epoch,
        number: link.number,
        kind: LinkKind::Manifest.as_str().to_owned(),
        incident: Some(incident),
        made_at: manifest.made_at,
        previous: link.previous,
        digest: hex::encode(Sha256::digest(bytes)),
    });
    if link.as_ref().is_some_and(|link| link.number < 1) {
        return Err("the manifest has no place in the chain: numbers begin at 1".to_owned());
    }
    Ok(ManifestFacts { link, files: manifest.files.into_iter().map(|file| file.sha256).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::manifest::tests::manifest;
    use crate::wire::Signer;

    #[test]
    fn a_manifest_counts_for_its_centre_and_incident_by_an_enrolled_key_alone() {
        let (ours, other) = (Signer::from_secret([1; 32]), Signer::from_secret([2; 32]));
        let mut trust = Trust::default();
        trust.add(ours.public());
        let made = manifest(&ours, vec![]);
        let (centre, incident) = (made.centre.clone(), made.incident.id);
        let good = made.seal(&ours);
        let facts = judge_manifest(&good, &centre, incident, &trust).unwrap();
        assert_eq!(facts, ManifestFacts { link: None, files: vec![] });
        let told = |bytes: &[u8], centre: &str, incident: IncidentId| {
            judge_manifest(bytes, &CentreId::new(centre).unwrap(), incident, &trust).unwrap_err()
        };
        let forged = manifest(&other, vec![]).seal(&other);
        assert!(told(&forged, centre.as_str(), incident).contains("not enrolled for this centre"));
        assert!(told(&good, "van-phu", incident).contains("of centre xuan-lung"));
        let another = "0193b3c4-0000-7000-8000-0000000000ff".parse().unwrap();
        assert!(told(&good, centre.as_str(), another).contains("of another incident"));
        let mut changed = good.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        assert!(told(&changed, centre.as_str(), incident).contains("does not hold"));
        assert!(told(b"{}", centre.as_str(), incident).contains("does not hold"));
    }
}
