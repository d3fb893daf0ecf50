//! Packages of made-up content, signed as real ones are, for the tests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use rcgen::KeyPair;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::centre_db::LostLife;
use crate::enrol::{Authority, Request};
use crate::evidence::CERTIFICATE_NAME;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::export::{
    BesideFile, CHAIN, Package, PackedFile, PackedIncident, PackedKind, Source, hour_name, list_name,
};
use crate::evidence::manifest::{self, FileFacts, MANIFEST_NAME, tests::manifest};
use crate::evidence::receipted::SignedMessage;
use crate::ledger::{BEGINNING, Hour, Link, List, Place, Stated, Stretch};
use crate::model::{
    CameraId, CentreId, ClockState, Epoch, EventId, FileId, IncidentId, Kind, StreamKind, Wall,
};
use crate::wire::{LinkFact, LinksEvent, Outcome, Receipt, Receipts, Role, Signer, Subject, Trust};

/// The documents and evidence in a package are this much older than it is.
const EARLIER_MS: i64 = -30 * 86_400_000;

/// An hour: its number, and of each list the camera, the path of each file and the digest of that.
#[derive(Clone)]
pub(super) struct MadeHour {
    pub(super) number: i64,
    pub(super) files: Vec<(CameraId, String, String)>,
    /// The digest of the document before it.
    pub(super) previous: String,
}

/// A package that is being made.
pub(super) struct Making {
    folder: TempDir,
    secret: u8,
    signer: Signer,
    pub(super) package: Package,
    pub(super) hours: Vec<MadeHour>,
    are_hours_written: bool,
    is_chain_written: bool,
}

pub(super) fn trust(secret: u8) -> Trust {
    let mut trust = Trust::default();
    trust.add(Signer::from_secret([secret; 32]).public());
    trust
}

pub(super) fn hour_of(number: i64, files: &[(&str, &str, &[u8])]) -> MadeHour {
    let file = |(camera, path, bytes): &(&str, &str, &[u8])| {
        (CameraId::new(camera).unwrap(), (*path).to_owned(), digest(bytes))
    };
    MadeHour { number, files: files.iter().map(file).collect(), previous: "00".repeat(32) }
}

/// Writes without waiting for the disk, as only a test may.
pub(super) fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(bytes).unwrap();
}

pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub(super) fn incident_id(number: u8) -> IncidentId {
    format!("0193b3c4-0000-7000-8000-0000000000{number:02x}").parse().unwrap()
}

fn made_at() -> Wall {
    Wall::from_millis(1_795_400_100_000)
}

pub(super) fn epoch() -> Epoch {
    "0193b3c4-0000-7000-8000-00000000e000".parse().unwrap()
}

impl Making {
    pub(super) fn new(secret: u8) -> Self {
        let signer = Signer::from_secret([secret; 32]);
        let package = Package {
            link: Some(Link { epoch: epoch(), number: 99, previous: "00".repeat(32) }),
            id: "0193b3c4-0000-7000-8000-0000000000aa".into(),
            centre: CentreId::new("xuan-lung").unwrap(),
            cameras: vec![],
            stream: StreamKind::Main,
            from: made_at().plus_millis(-60_000),
            to: made_at(),
            reason: "Công văn 12".into(),
            by: "lan".into(),
            made_at: made_at(),
            running_ms: None,
            clock: ClockState::default(),
            software: "quaywatch 0.1.0".into(),
            signer: SignerFacts::of(&signer).unwrap(),
            files: vec![],
            gaps: vec![],
            incidents: vec![],
            left_out: vec![],
            beside: vec![],
        };
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            secret,
            signer,
            package,
            hours: vec![],
            are_hours_written: false,
            is_chain_written: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    pub(super) fn file(
        &mut self,
        (name, camera): (&str, &str),
        kind: PackedKind,
        bytes: &[u8],
        sources: Vec<Source>,
    ) {
        put(&self.path().join(name), bytes);
        self.package.files.push(PackedFile {
            name: name.into(),
            kind,
            camera: CameraId::new(camera).unwrap(),
            media_type: "video/mp4".into(),
            size: bytes.len() as u64,
            sha256: digest(bytes),
            from: self.package.from,
            to: self.package.to,
            duration_ms: 60_000,
            sound: true,
            h265: false,
            c2pa: false,
            sources,
        });
    }

    pub(super) fn source(&self, camera: &str, path: &str) -> Source {
        let of_hour = |hour: &MadeHour| {
            let found = hour.files.iter().find(|(of, known, _)| of.as_str() == camera && known == path)?;
            Some((hour.number, found.2.clone()))
        };
        let known = self.hours.iter().find_map(of_hour);
        let (hour, sha256) = known.unzip();
        Source { path: path.into(), sha256, hour }
    }

    pub(super) fn film(&mut self, name: &str, camera: &str, sources: &[&str]) {
        let sources = sources.iter().map(|path| self.source(camera, path)).collect();
        self.file((name, camera), PackedKind::Film, name.repeat(40).as_bytes(), sources);
    }

    pub(super) fn still(&mut self, name: &str, camera: &str) {
        self.file((name, camera), PackedKind::Still, b"\xff\xd8 a picture", vec![]);
    }

    pub(super) fn sound(&mut self, name: &str, camera: &str) {
        self.file((name, camera), PackedKind::Sound, b"RIFF a sound", vec![]);
    }

    pub(super) fn original(&mut self, camera: &str, path: &str, bytes: &[u8]) {
        let source = self.source(camera, path);
        self.file((&format!("originals/{path}"), camera), PackedKind::Original, bytes, vec![source]);
    }

    /// A file that is no footage; one of that name before it goes.
    pub(super) fn text(&mut self, name: &str, bytes: &[u8]) {
        put(&self.path().join(name), bytes);
        self.package.beside.retain(|file| file.name != name);
        self.package.beside.push(BesideFile {
            name: name.into(),
            media_type: "text/plain".into(),
            size: bytes.len() as u64,
            sha256: digest(bytes),
        });
    }

    /// Other content under a name that is listed, with the digest of that.
    pub(super) fn replace(&mut self, name: &str, bytes: &[u8]) {
        match self.package.files.iter_mut().find(|file| file.name == name) {
            Some(file) => {
                (file.size, file.sha256) = (bytes.len() as u64, digest(bytes));
                put(&self.folder.path().join(name), bytes);
            }
            None => self.text(name, bytes),
        }
    }

    pub(super) fn drop_file(&mut self, name: &str) {
        std::fs::remove_file(self.path().join(name)).unwrap();
        self.package.beside.retain(|file| file.name != name);
    }

    /// Evidence of an incident, with that of its end below it.
    pub(super) fn incident(&mut self, number: u8, camera: &str) {
        let (id, kind) = (incident_id(number), Kind::RaisedVoices);
        let camera = CameraId::new(camera).unwrap();
        self.package.incidents.push(PackedIncident { id, kind, camera, flagged_at: self.package.from });
        self.incident_as((number, number), self.secret, "xuan-lung");
    }

    /// Evidence of `of` in the folder of another.
    pub(super) fn incident_under(&mut self, of: u8, folder: u8, _camera: &str) {
        self.incident_as((of, folder), 1, "xuan-lung");
    }

    pub(super) fn incident_of(&mut self, centre: &str, number: u8) {
        self.incident_as((number, number), 1, centre);
    }

    pub(super) fn incident_by(&mut self, secret: u8, number: u8) {
        self.incident_as((number, number), secret, "xuan-lung");
    }

    fn incident_as(&mut self, (of, folder): (u8, u8), secret: u8, centre: &str) {
        let signer = Signer::from_secret([secret; 32]);
        for (part, place) in [("", 0), ("closing/", 1)] {
            let below = format!("incidents/{}/{part}", incident_id(folder));
            let clip = format!("{below} clip").repeat(20);
            self.text(&format!("{below}clip.mp4"), clip.as_bytes());
            let facts = FileFacts {
                name: "clip.mp4".into(),
                role: Role::Clip,
                media_type: "video/mp4".into(),
                size: clip.len() as u64,
                sha256: digest(clip.as_bytes()),
                from: Wall::default(),
                to: Wall::default(),
                duration_ms: 0,
                cut_short: None,
            };
            let mut sealed = manifest(&signer, vec![facts]);
            sealed.incident.id = incident_id(of);
            sealed.centre = CentreId::new(centre).unwrap();
            sealed.made_at = made_at().plus_millis(EARLIER_MS);
            let number = 20 + 2 * i64::from(of) + place;
            let before = self.documents().remove(&(number - 1)).map(|(_, digest)| digest);
            let previous = before.unwrap_or_else(|| digest(below.as_bytes()));
            sealed.link = Some(Link { epoch: epoch(), number, previous });
            self.text(&format!("{below}{MANIFEST_NAME}"), &sealed.seal(&signer));
        }
    }

    /// The signed document of an hour.
    pub(super) fn sealed_hour(&self, hour: &MadeHour, secret: u8, centre: &str) -> Vec<u8> {
        let signer = Signer::from_secret([secret; 32]);
        let at = made_at().plus_millis(EARLIER_MS);
        let recorded = lists(hour).into_iter().map(|(camera, text)| List {
            camera,
            stream: StreamKind::Main,
            reason: None,
            from: at,
            to: at,
            files: text.lines().count() as u64,
            bytes: 0,
            sha256: digest(text.as_bytes()),
        });
        let stated = Stated {
            link: Link { epoch: epoch(), number: hour.number, previous: hour.previous.clone() },
            centre: CentreId::new(centre).unwrap(),
            made_at: at,
            running_ms: 0,
            clock: ClockState::default(),
            software: "quaywatch 0.1.0".into(),
            signer: SignerFacts::of(&signer).unwrap(),
        };
        Hour { stated, recorded: recorded.collect(), gone: vec![], audit: None }.seal(&signer)
    }

    pub(super) fn write_hours(&mut self) {
        self.are_hours_written = true;
        self.hours.sort_by_key(|hour| hour.number);
        let mut last: Option<(i64, String)> = None;
        for mut hour in self.hours.clone() {
            if let Some((_, digest)) = last.filter(|(number, _)| number + 1 == hour.number) {
                hour.previous = digest;
            }
            let document = self.sealed_hour(&hour, self.secret, "xuan-lung");
            self.text(&hour_name(hour.number), &document);
            last = Some((hour.number, digest(&document)));
            for (camera, text) in lists(&hour) {
                self.text(&list_name(hour.number, &camera, StreamKind::Main), text.as_bytes());
            }
        }
    }

    /// A message of the centre that tells the province of these hours of the package.
    pub(super) fn told_of(&self, hours: &[i64]) -> Vec<u8> {
        self.told_in(epoch(), hours)
    }

    /// The same, said in another life of the database.
    pub(super) fn told_in(&self, epoch: Epoch, hours: &[i64]) -> Vec<u8> {
        let fact = |number: &i64| LinkFact {
            number: *number,
            kind: "hour".into(),
            made_at: made_at(),
            previous: "00".repeat(32),
            digest: digest(&self.read(&hour_name(*number))),
            incident: None,
            epoch: None,
        };
        let (id, links) = (EventId(uuid::Uuid::nil()), hours.iter().map(fact).collect::<Vec<_>>());
        LinksEvent::new(id, &self.package.centre, made_at(), 1, epoch, links).to_bytes()
    }

    /// The province's receipt for these digests, so many seconds before the package.
    pub(super) fn receipt_for(digests: &[String], before_s: i64) -> Vec<u8> {
        let one = |digest: &String| {
            let subject = Subject::File(FileId(uuid::Uuid::nil()));
            Receipt::new(subject, Some(format!("sha256:{digest}")), Outcome::Stored)
        };
        let at = made_at().plus_millis(-before_s * 1000);
        Receipts { at, receipts: digests.iter().map(one).collect() }.to_bytes()
    }

    /// A message as a file of the package, signed by this key.
    pub(super) fn message(&mut self, name: &str, secret: u8, payload: Vec<u8>) {
        let signature = Signer::from_secret([secret; 32]).sign(&payload);
        self.text(name, &SignedMessage { payload, signature }.to_bytes());
    }

    /// With the province's receipts for all that it can have: its key is the ninth.
    pub(super) fn receipted(&mut self) {
        self.write_hours();
        let numbers: Vec<i64> = self.hours.iter().map(|hour| hour.number).collect();
        let incidents = self.package.beside.iter().filter(|file| file.name.starts_with("incidents/"));
        let mut digests: Vec<String> = incidents.map(|file| file.sha256.clone()).collect();
        if !numbers.is_empty() {
            let told = self.told_of(&numbers);
            digests.push(digest(&told));
            self.message("receipts/told-1.json", self.secret, told);
        }
        if !digests.is_empty() {
            self.message("receipts/receipt-1.json", 9, Self::receipt_for(&digests, 3600));
        }
    }

    /// With the certificate of its key, which is newer than all but the package; gives that of the authority, too.
    pub(super) fn certified(mut self) -> (Self, String) {
        let (papers, authority) = papers(self.secret, self.package.centre.as_str());
        self.text(CERTIFICATE_NAME, papers.as_bytes());
        (self, authority)
    }

    /// The places of the documents in the package.
    fn documents(&self) -> BTreeMap<i64, (Link, String)> {
        let mut documents = BTreeMap::new();
        for file in &self.package.beside {
            let bytes = self.read(&file.name);
            let hour = Hour::open(&bytes).ok().map(|(hour, _)| hour.stated.link);
            let link = hour.or_else(|| manifest::open(&bytes).ok()?.manifest.link);
            documents.extend(link.map(|link| (link.number, (link, digest(&bytes)))));
        }
        documents
    }

    /// The chain from `first` to the package: documents of before and between have made-up digests that fit.
    pub(super) fn stretch(&self, first: i64) -> Stretch {
        let (documents, own) = (self.documents(), self.package.link.clone().unwrap());
        let before_first = if first == 1 { BEGINNING.to_owned() } else { "ab".repeat(32) };
        let (mut stretch, mut before) = (Stretch::default(), before_first);
        for number in first..own.number {
            let next = documents.get(&(number + 1)).map(|(link, _)| link.previous.clone());
            let next = next.or_else(|| (number + 1 == own.number).then(|| own.previous.clone()));
            let known = documents.get(&number).map(|(_, digest)| digest.clone());
            let digest = known.or(next).unwrap_or_else(|| digest(&number.to_le_bytes()));
            let made_at = made_at().plus_millis(EARLIER_MS + number);
            let (kind, previous) = ("hour".to_owned(), Some(before));
            before = digest.clone();
            stretch.add(epoch(), Place { number, kind, made_at, previous, digest });
        }
        stretch
    }

    /// A manifest in here, as if it had been signed in another life of the database.
    pub(super) fn of_another_life(&mut self, name: &str, epoch: Epoch) {
        let mut manifest = manifest::open(&self.read(name)).unwrap().manifest;
        manifest.link = manifest.link.map(|link| Link { epoch, ..link });
        self.text(name, &manifest.seal(&Signer::from_secret([self.secret; 32])));
    }

    /// Writes the chain, of which these documents were taken out.
    pub(super) fn write_chain(&mut self, without: &[i64]) {
        self.write_chain_of(without, vec![]);
    }

    /// The same of a database that goes on without what was lost.
    pub(super) fn write_chain_of(&mut self, without: &[i64], lost: Vec<LostLife>) {
        self.is_chain_written = true;
        let first = self.documents().keys().next().map_or(90, |first| first - 1).max(1);
        let (mut kept, mut before) = (Stretch::without(lost), None::<String>);
        for (epoch, place) in self.stretch(first).places() {
            let previous = place.previous.clone().or(before.replace(place.digest.clone()));
            if !without.contains(&place.number) {
                kept.add(epoch, Place { previous, ..place.clone() });
            }
        }
        self.text(CHAIN, &kept.to_bytes());
    }

    /// The package itself is signed by the key of this secret, whatever signed what is in it.
    pub(super) fn sign_as(&mut self, secret: u8) {
        self.sign_only_as(secret);
        self.package.signer = SignerFacts::of(&self.signer).unwrap();
    }

    /// The same, and it says that it was the one of before.
    pub(super) fn sign_only_as(&mut self, secret: u8) {
        self.signer = Signer::from_secret([secret; 32]);
    }

    /// The package, signed.
    pub(super) fn sealed(mut self) -> TempDir {
        if !self.are_hours_written {
            self.write_hours();
        }
        if !self.is_chain_written {
            self.write_chain(&[]);
        }
        put(&self.path().join(MANIFEST_NAME), &self.package.seal(&self.signer));
        self.folder
    }
}

/// Papers for the key of this secret, by an authority that is made for it; gives the certificate of that, too.
pub(super) fn papers(secret: u8, centre: &str) -> (String, String) {
    let (folder, now) = (tempfile::tempdir().unwrap(), made_at().plus_millis(-1000));
    let authority = Authority::open_or_make(folder.path(), "Phú Thọ", now).unwrap();
    let papers = papers_by(&authority, secret, centre);
    (papers, std::fs::read_to_string(folder.path().join("ca.pem")).unwrap())
}

/// The same by this authority.
pub(super) fn papers_by(authority: &Authority, secret: u8, centre: &str) -> String {
    let (signer, now) = (Signer::from_secret([secret; 32]), made_at().plus_millis(-1000));
    let centre = CentreId::new(centre).unwrap();
    let request = Request::make(&centre, &KeyPair::generate().unwrap(), &signer, now);
    let receipts = [Signer::from_secret([9; 32]).public()];
    authority.sign(Request::read(&request.unwrap()).unwrap(), &receipts, now).unwrap()
}

fn lists(hour: &MadeHour) -> Vec<(CameraId, String)> {
    let mut lists: Vec<(CameraId, String)> = Vec::new();
    for (camera, path, digest) in &hour.files {
        let line = format!("{digest}  {path}\n");
        match lists.iter_mut().find(|(of, _)| of == camera) {
            Some((_, text)) => text.push_str(&line),
            None => lists.push((camera.clone(), line)),
        }
    }
    lists
}
