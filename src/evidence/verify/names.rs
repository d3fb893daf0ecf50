//! Whether what lies in a folder of evidence is what its manifest lists: nothing else, nothing less, and no way out.
//!
//! A listed name is plain in each of its parts, on Windows too, and nothing on the way to it is a link: so a manifest
//! cannot have a file checked that lies elsewhere.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::disk;

/// A file as a manifest lists it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// Whether a name leads to a file below the manifest: by plain parts alone.
fn leads_down(name: &str) -> bool {
    name.split('/').all(is_plain)
}

/// Whether a name is that of a file in its folder and nothing else, on any system: no hidden one, no way elsewhere.
pub fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && !part.contains(['/', '\\', ':'])
        && !part.chars().any(char::is_control)
}

/// What is wrong with a listed file, if anything is. Names lead into folders only if they `may_lead_down`.
pub(super) fn problem(folder: &Path, file: &Listed, may_lead_down: bool) -> Option<String> {
    let is_good = if may_lead_down { leads_down(&file.name) } else { is_plain(&file.name) };
    if !is_good {
        return Some("its name leads elsewhere".to_owned());
    }
    match is_reached(folder, &file.name) {
        Ok(true) => {}
        Ok(false) => return Some("it is not an ordinary file".to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Some("it is missing".to_owned()),
        Err(e) => return Some(format!("it cannot be read: {e}")),
    }
    match disk::measure(&folder.join(&file.name)) {
        Err(e) => Some(format!("it cannot be read: {e}")),
        Ok((_, digest)) if hex::encode(digest) == file.sha256 => None,
        Ok((size, _)) if size != file.size => {
            Some(format!("it has {size} bytes and should have {}", file.size))
        }
        Ok(_) => Some("its content was changed".into()),
    }
}

/// Whether a name leads over real folders to a real file.
fn is_reached(folder: &Path, name: &str) -> io::Result<bool> {
    let (mut path, mut parts) = (folder.to_owned(), name.split('/').peekable());
    while let Some(part) = parts.next() {
        path.push(part);
        let kind = std::fs::symlink_metadata(&path)?.file_type();
        let fits = if parts.peek().is_some() { kind.is_dir() } else { kind.is_file() };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What lies in the folder and is not listed, in its order: names below the folder. A folder that leads to nothing
/// that is listed is named itself, and not looked into.
pub(super) fn unlisted(folder: &Path, listed: &BTreeSet<&str>) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(below) = waiting.pop() {
        for entry in std::fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            let is_readable = entry.file_name().to_str().is_some();
            let kind = entry.file_type()?;
            let inside = format!("{name}/");
            if is_readable && kind.is_dir() && leads_to_any(listed, &inside) {
                waiting.push(inside);
            } else if !is_readable || !kind.is_file() || !listed.contains(name.as_str()) {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn leads_to_any(listed: &BTreeSet<&str>, inside: &str) -> bool {
    listed.range(inside..).next().is_some_and(|name| name.starts_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_down_by_plain_parts_alone() {
        for good in
            ["a.mp4", "incidents/1/clip.mp4", "originals/video/gate/main/2026-11-23/080000.000Z-1-1.mp4"]
        {
            assert!(leads_down(good), "{good}");
        }
        for bad in [
            "", "/", "/a", "a/", "a//b", "./a", "a/.", "..", "../a", "a/../b", ".a", "a/.b", "a\\b", "c:",
            "c:/a", "a/c:b", "a\nb", "a\0",
        ] {
            assert!(!leads_down(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_link_on_the_way_is_no_way() {
        use std::os::unix::fs::symlink;
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        disk::write_atomically(&elsewhere.path().join("a"), b"").unwrap();
        symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        symlink(elsewhere.path().join("a"), folder.path().join("file")).unwrap();
        disk::make_folder(&folder.path().join("real")).unwrap();
        let listed = |name: &str| Listed {
            name: name.to_owned(),
            size: 0,
            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        };
        let told = |name: &str| problem(folder.path(), &listed(name), true);
        assert_eq!(told("link/a").as_deref(), Some("it is not an ordinary file"));
        assert_eq!(told("file").as_deref(), Some("it is not an ordinary file"));
        assert_eq!(told("real").as_deref(), Some("it is not an ordinary file"));
        assert_eq!(told("real/a").as_deref(), Some("it is missing"));
        disk::write_atomically(&folder.path().join("real/a"), b"").unwrap();
        assert_eq!(told("real/a"), None);
        assert_eq!(
            problem(folder.path(), &listed("real/a"), false).as_deref(),
            Some("its name leads elsewhere")
        );
        let names = ["real/a", "link/a", "file"].into();
        assert_eq!(unlisted(folder.path(), &names).unwrap(), ["file", "link"]);
    }

    #[test]
    fn what_is_not_listed_is_found_however_deep_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/b/c", "a/b/d", "a/e", "empty/f/g"] {
            let path = folder.path().join(name);
            disk::make_folder(path.parent().unwrap()).unwrap();
            disk::write_atomically(&path, b"x").unwrap();
        }
        assert_eq!(unlisted(folder.path(), &["a/b/c"].into()).unwrap(), ["a/b/d", "a/e", "empty"]);
    }
}
