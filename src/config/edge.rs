//! A centre's configuration: what is recorded, for how long, and what the province gets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Context;
use super::box_rule::BoxRule;
use super::camera::{Camera, cameras};
use super::hours::{Hours, Span, SpecialDay, read_plan, time_zone};
use super::keep::{Keeps, keeps};
use super::link::{ProvinceLink, link};
use super::notice::{Notice, notice};
use super::perceive::{Perceive, perceive};
use super::reader::Table;
use super::rule::{Rule, Surroundings, Unwatched, rules};
use super::value::{Taken, Value, quoted};
use super::web::{Web, web};
use crate::model::CentreId;

/// Where a centre's pages are, unless the file says otherwise.
const CENTRE_PORT: u16 = 8080;

/// Cameras are read by this where the storage could not be: nothing of theirs is longer.
const UNKNOWN: Keeps = Keeps { keep: Duration::MAX, sub_keep: Duration::MAX };

/// What a centre runs on.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeConfig {
    /// Who and when.
    pub centre: Centre,
    /// What is kept, where and why.
    pub storage: Storage,
    /// The way to the province; a centre may stand alone.
    pub province: Option<ProvinceLink>,
    /// Its web server, if there is one.
    pub web: Option<Web>,
    /// What people in the hall are told.
    pub notice: Notice,
    /// What looks and listens.
    pub perceive: Perceive,
    /// Its cameras, at least one.
    pub cameras: Vec<Camera>,
    /// Its rules over cameras: those of the file in its order, then the default ones.
    pub rules: Vec<Rule>,
    /// The kinds over cameras that no rule watches for.
    pub unwatched: Vec<Unwatched>,
    /// Its rules about the box itself, one of each kind.
    pub box_rules: Vec<BoxRule>,
}

/// Who a centre is and when it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Centre {
    /// Its id within the province.
    pub id: CentreId,
    /// What people call it.
    pub name: String,
    /// When it is open. Never, if the file says nothing; no rule then asks.
    pub hours: Hours,
}

/// What is kept, where and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// The folder that holds everything.
    pub path: PathBuf,
    /// Where a disk must be mounted before anything is written; `path` or a folder above it.
    pub mount: Option<PathBuf>,
    /// How long the main streams are kept.
    pub keep: Duration,
    /// How long the sub streams are kept; not longer than `keep`.
    pub sub_keep: Duration,
    /// How much of the disk stays free; not zero.
    pub reserve_bytes: u64,
    /// Why footage is kept, in the words of the one who answers for it.
    pub purpose: String,
    /// About how long a recorded file is.
    pub segment: Duration,
    /// How often an open file is synced.
    pub sync_every: Duration,
    /// The largest share of the archive, 0 to 1, that incidents may hold against deletion.
    pub pin_share: f64,
    /// How often what was recorded and what went is signed.
    pub seal_every: Duration,
}

/// Reads the whole file.
pub(super) fn edge(mut root: Table<'_>, context: &Context<'_>) -> Option<EdgeConfig> {
    let centre = match section(&mut root, "centre") {
        Some(table) => centre(table),
        // What the section would say is not missed a second time.
        None => ReadCentre { has_hours: true, ..ReadCentre::default() },
    };
    let storage = section(&mut root, "storage").and_then(|table| storage(table, context));
    let province = root.table("province").map(|table| link(table, &centre.hours, context));
    let web = root.table("web").map(|table| web(table, CENTRE_PORT, context));
    let named = centre.centre.as_ref().map_or("", |centre| centre.name.as_str());
    let notice = notice(root.table("notice"), named);
    let perceive = root.table("perceive").map_or(Some(Perceive::default()), |table| perceive(table, context));
    // What is wrong with the storage is told once, not once a camera.
    let usual = storage.as_ref().map_or(UNKNOWN, |s| Keeps { keep: s.keep, sub_keep: s.sub_keep });
    let listed = cameras(&mut root, Some(usual), context);
    let around = Surroundings {
        cameras: &listed,
        hours: &centre.hours,
        has_hours: centre.has_hours,
        default_rules: centre.default_rules,
    };
    let rules = rules(&mut root, &around);
    root.finish();
    let rules = rules?;
    Some(EdgeConfig {
        centre: centre.centre?,
        storage: storage?,
        province: match province {
            Some(link) => Some(link?),
            None => None,
        },
        web: match web {
            Some(web) => Some(web?),
            None => None,
        },
        notice: notice?,
        perceive: perceive?,
        cameras: listed.into_iter().map(|listed| listed.camera).collect::<Option<_>>()?,
        rules: rules.over_cameras,
        unwatched: rules.unwatched,
        box_rules: rules.of_box,
    })
}

/// The table `[key]`, whose absence is noted.
pub(super) fn section<'t>(root: &mut Table<'t>, key: &'static str) -> Option<Table<'t>> {
    if !root.has(key) {
        root.amiss(&format!("the section [{key}] is missing: the example file shows what stands in it"));
    }
    root.table(key)
}

/// The section [centre], as far as it could be read.
struct ReadCentre {
    centre: Option<Centre>,
    hours: Hours,
    has_hours: bool,
    default_rules: bool,
}

impl Default for ReadCentre {
    fn default() -> Self {
        let hours = Hours::new(jiff::tz::TimeZone::UTC);
        Self { centre: None, hours, has_hours: false, default_rules: false }
    }
}

fn centre(mut table: Table<'_>) -> ReadCentre {
    let id = table.required("id", "\"xuan-lung\"", |value| {
        CentreId::new(value.text()?).map_err(|why| value.wrong::<()>(format!("= {why}"))).ok()
    });
    let name = table.required("name", "\"Xuân Lũng\"", |value| value.name());
    let zone = table.value("timezone").map_or_else(
        || time_zone("Asia/Ho_Chi_Minh"),
        |value| {
            let name = value.text()?;
            time_zone(name).or_else(|| {
                value.wrong(format!(
                    "{} is not a time zone: write for example \"Asia/Ho_Chi_Minh\"",
                    quoted(name)
                ))
            })
        },
    );
    // Hours are checked even if the zone is not known.
    let mut hours = Hours::new(zone.clone().unwrap_or(jiff::tz::TimeZone::UTC));
    let written = table.value("hours");
    let has_hours = written.is_some();
    if let Some(value) = written {
        read_plan(&value, &mut hours);
    }
    let default_rules = table.or("default_rules", true, |value| value.truth());
    let mut dates = Taken::new();
    for day in table.tables("day", "centre.day") {
        special_day(day, &mut hours, &mut dates);
    }
    table.finish();
    let centre = (|| {
        zone?;
        default_rules?;
        Some(Centre { id: id?, name: name?, hours: hours.clone() })
    })();
    ReadCentre { centre, hours, has_hours, default_rules: default_rules.unwrap_or(false) }
}

fn special_day(mut table: Table<'_>, hours: &mut Hours, dates: &mut Taken) {
    let date = table.required("date", "\"2026-04-30\"", |value| {
        let date = value.date()?;
        match value.take(dates, &date.to_string()) {
            Ok(()) => Some(date),
            Err((_, line)) => value.wrong(format!("{date} is already described on line {line}")),
        }
    });
    let name = table.required("name", "\"Ngày Giải phóng miền Nam\"", |value| value.name());
    let spans = table.required("hours", "[]", |value| Some(spans(&value.list()?)));
    table.finish();
    if let (Some(date), Some(name), Some(spans)) = (date, name, spans) {
        hours.add_day(date, SpecialDay { name, spans });
    }
}

fn spans(items: &[Value<'_>]) -> Vec<Span> {
    let mut spans: Vec<Span> = vec![];
    for item in items {
        let Some(text) = item.text() else { continue };
        match Span::parse(text) {
            Ok(span) if spans.iter().any(|other| other.overlaps(span)) => {
                item.wrong::<()>(format!("= {} overlaps another span of that day", quoted(text)));
            }
            Ok(span) => spans.push(span),
            Err(why) => {
                item.wrong::<()>(format!("= {} {why}", quoted(text)));
            }
        }
    }
    spans
}

fn storage(mut table: Table<'_>, context: &Context<'_>) -> Option<Storage> {
    let path = table.required("path", "\"/var/lib/quaywatch\"", |value| storage_path(&value, context));
    let mount = match table.value("mount") {
        None => Some(None),
        Some(value) => mount_point(&value, path.as_deref(), context).map(Some),
    };
    let kept = keeps(&mut table, None);
    let reserve_bytes = table.or("reserve", 10_000_000_000, reserve);
    let purpose = table.required("purpose", "\"An ninh trật tự tại quầy\"", |value| value.name());
    let segment = table.or("segment", Duration::from_secs(60), |value| {
        value.duration(Duration::from_secs(1)..=Duration::from_secs(600))
    });
    let sync_every = table.or("sync_every", Duration::from_secs(4), |value| {
        value.duration(Duration::from_millis(500)..=Duration::from_secs(60))
    });
    let pin_share = table.or("pin_share", 0.3, |value| value.number(0.0..=0.9));
    let seal_every = table.or("seal_every", Duration::from_secs(3600), |value| {
        value.duration(Duration::from_secs(5)..=Duration::from_secs(86_400))
    });
    table.finish();
    let Keeps { keep, sub_keep } = kept?;
    Some(Storage {
        path: path?,
        mount: mount?,
        keep,
        sub_keep,
        reserve_bytes: reserve_bytes?,
        purpose: purpose?,
        segment: segment?,
        sync_every: sync_every?,
        pin_share: pin_share?,
        seal_every: seal_every?,
    })
}

/// Reads the free space that is left alone.
pub(super) fn reserve(value: Value<'_>) -> Option<u64> {
    value.size(1_000_000..=1_000_000_000_000_000)
}

/// Reads a storage folder; where no disk can be is refused.
pub(super) fn storage_path(value: &Value<'_>, context: &Context<'_>) -> Option<PathBuf> {
    let path = value.path(context)?;
    let no_disk = ["/dev", "/proc", "/sys"].iter().any(|place| path.starts_with(place));
    if no_disk || path == Path::new("/") {
        return value.wrong("cannot hold an archive: choose a folder of its own, such as /var/lib/quaywatch");
    }
    Some(path)
}

fn mount_point(value: &Value<'_>, storage: Option<&Path>, context: &Context<'_>) -> Option<PathBuf> {
    let mount = value.path(context)?;
    match storage {
        _ if mount == Path::new("/") => value.wrong("is always mounted: name the folder of the video disk"),
        Some(storage) if !storage.starts_with(&mount) => value.amiss(format!(
            "is not above path, which is {}: it is where the disk of that folder is mounted",
            storage.display()
        )),
        _ => Some(mount),
    }
}
