//! Which cameras and zones a rule watches.

use std::collections::BTreeSet;

use crate::config::camera::{AudioUse, Camera, Listed, Zone, ZonePurpose};
use crate::config::reader::Table;
use crate::config::value::quoted;
use crate::model::Kind;

/// The purposes of the zones that `kind` watches unless the rule names some. Empty for a kind that
/// watches the whole picture then, or no picture.
fn purposes(kind: Kind) -> &'static [ZonePurpose] {
    match kind {
        Kind::CounterUnattended => &[ZonePurpose::Staff],
        Kind::LongWait | Kind::Crowding => &[ZonePurpose::Citizen, ZonePurpose::Waiting],
        _ => &[],
    }
}

/// What a rule of `kind` with these `zones` watches in the picture of `camera`.
pub(super) fn watched<'c>(kind: Kind, zones: &[String], camera: &'c Camera) -> Vec<Option<&'c Zone>> {
    let purposes = purposes(kind);
    if !zones.is_empty() {
        camera.zones.iter().filter(|zone| zones.contains(&zone.name)).map(Some).collect()
    } else if purposes.is_empty() || (kind == Kind::Crowding && camera.zones.is_empty()) {
        vec![None]
    } else {
        camera.zones.iter().filter(|zone| purposes.contains(&zone.purpose)).map(Some).collect()
    }
}

/// Why a rule of `kind` can watch nothing of that camera, in words that follow its id.
pub(super) fn unfit(kind: Kind, listed: &Listed, names_zones: bool) -> Option<&'static str> {
    let needs_sound = kind.is_heard() || kind == Kind::AudioLost;
    if needs_sound && listed.audio == AudioUse::Off {
        return Some("which has audio = \"off\" and cannot be heard");
    }
    let purposes = purposes(kind);
    let is_whole = kind == Kind::Crowding && listed.zones.is_empty();
    if names_zones || purposes.is_empty() || is_whole {
        return None;
    }
    // A zone whose purpose could not be read may have been meant.
    let fits = |purpose: &Option<ZonePurpose>| purpose.is_none_or(|purpose| purposes.contains(&purpose));
    if listed.zones.iter().any(|(_, purpose)| fits(purpose)) {
        return None;
    }
    Some(match kind {
        Kind::CounterUnattended => "which has no zone with purpose = \"staff\"",
        _ => "which has no zone with purpose = \"citizen\" or \"waiting\"",
    })
}

/// Why a rule of `kind` that names no cameras finds none.
pub(super) fn no_camera(kind: Kind) -> &'static str {
    match kind {
        Kind::CounterUnattended => "no camera has a zone with purpose = \"staff\"",
        Kind::LongWait => "no camera has a zone with purpose = \"citizen\" or \"waiting\"",
        Kind::Crowding => "every camera has zones, and none with purpose = \"citizen\" or \"waiting\"",
        _ => "no camera has sound to listen to: every one has audio = \"off\"",
    }
}

/// Reads `cameras`, as typed, and `zones`. By default all cameras that fit the kind.
pub(super) fn read(
    table: &mut Table<'_>,
    kind: Kind,
    cameras: &[Listed],
) -> Option<(Vec<String>, Vec<String>)> {
    let named = table.value("cameras");
    let zones = table.value("zones");
    let has_named_cameras = named.is_some();
    let ids = match named {
        Some(value) => {
            let items = value.list()?;
            if items.is_empty() {
                return value.wrong("is empty: name a camera, or take the line out for all of them");
            }
            let mut ids: Vec<String> = vec![];
            for item in &items {
                let Some(id) = item.text() else { continue };
                match cameras.iter().find(|listed| listed.id == id) {
                    None => item.amiss::<()>(format!(
                        "names {}, which is no camera here: use {}",
                        quoted(id),
                        names(cameras.iter().map(|listed| &listed.id))
                    )),
                    Some(listed) => match unfit(kind, listed, zones.is_some()) {
                        Some(why) => item.amiss(format!("names {}, {why}", quoted(id))),
                        None if ids.iter().any(|known| known == id) => {
                            item.wrong(format!("names {} twice", quoted(id)))
                        }
                        None => None,
                    },
                };
                ids.push(id.to_owned());
            }
            ids
        }
        None => {
            let fitting = cameras.iter().filter(|listed| unfit(kind, listed, zones.is_some()).is_none());
            let fitting: Vec<_> = fitting.map(|listed| listed.id.clone()).collect();
            if fitting.is_empty() && !cameras.is_empty() {
                table.amiss(no_camera(kind));
            }
            fitting
        }
    };
    let Some(value) = zones else { return Some((ids, vec![])) };
    let has_zone = |listed: &&Listed| listed.zones.iter().any(|(name, _)| !name.is_empty());
    let of_rule: Vec<&Listed> =
        cameras.iter().filter(|listed| ids.contains(&listed.id)).filter(has_zone).collect();
    let known: Vec<&String> = of_rule.iter().flat_map(|listed| &listed.zones).map(|(name, _)| name).collect();
    let (items, mut zones) = (value.list()?, vec![]);
    if items.is_empty() {
        return value.wrong("is empty: name a zone, or take the line out for those that fit");
    }
    for item in items {
        let Some(name) = item.text() else { continue };
        if known.iter().any(|zone| *zone == name) {
            zones.push(name.to_owned());
        } else if known.is_empty() {
            item.amiss::<()>(format!("names {}, but the rule's cameras have no zones", quoted(name)));
        } else {
            let known = names(known.iter().copied());
            item.amiss::<()>(format!(
                "names {}, which is no zone of the rule's cameras: use {known}",
                quoted(name)
            ));
        }
    }
    let in_zone = |id: &String| {
        let camera = of_rule.iter().find(|listed| listed.id == *id);
        camera.is_some_and(|listed| listed.zones.iter().any(|(name, _)| zones.contains(name)))
    };
    let ids = if has_named_cameras { ids } else { ids.into_iter().filter(in_zone).collect() };
    Some((ids, zones))
}

fn names<'a>(list: impl Iterator<Item = &'a String>) -> String {
    let names: BTreeSet<_> = list.filter(|name| !name.is_empty()).map(|name| quoted(name)).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
