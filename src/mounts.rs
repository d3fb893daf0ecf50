//! Whether the disk that footage belongs on is really there: an empty mount point is never filled.
//!
//! At the start a mount point that `/etc/fstab` or the config names, at or above the storage path,
//! must be mounted. While the service runs, the storage must stay on the file system that it was
//! opened on. Reading the two tables is pure; the rest is a few questions to the system.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const FSTAB: &str = "/etc/fstab";
const MOUNTINFO: &str = "/proc/self/mountinfo";

/// Who says that something is to be mounted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// `/etc/fstab`.
    Fstab,
    /// `[storage] mount` in the config.
    Config,
}

/// A mount point at or above the storage path on which nothing is mounted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Ổ đĩa {point} chưa được gắn (mount), nên không ghi gì vào {storage} để khỏi lấp đầy ổ hệ thống; {named_by_vi}. \
     Hãy kiểm tra cáp và nguồn của ổ đĩa, chạy `mount {point}` rồi khởi động lại dịch vụ. / \
     Nothing is mounted at {point}, so nothing is written to {storage}, which would fill the system disk; \
     {named_by_en}. Check the disk's cable and power, run `mount {point}` and start the service again.",
    point = point.display(), storage = storage.display(),
    named_by_vi = match named_by {
        NamedBy::Fstab => "/etc/fstab có ghi điểm gắn này",
        NamedBy::Config => "[storage] mount trong tệp cấu hình có ghi điểm gắn này",
    },
    named_by_en = match named_by {
        NamedBy::Fstab => "/etc/fstab names it",
        NamedBy::Config => "[storage] mount in the config names it",
    }
)]
pub struct Missing {
    /// Where something should be mounted.
    pub point: PathBuf,
    /// The storage path.
    pub storage: PathBuf,
    /// Who says so.
    pub named_by: NamedBy,
}

/// Asks the system whether what is to be mounted for `storage` is. `wanted` is the config's own
/// mount point.
///
/// # Errors
/// [`Missing`] if it is not.
pub fn check(storage: &Path, wanted: Option<&Path>) -> Result<(), Missing> {
    check_with(storage, wanted, Path::new(FSTAB), Path::new(MOUNTINFO))
}

fn check_with(storage: &Path, wanted: Option<&Path>, fstab: &Path, mountinfo: &Path) -> Result<(), Missing> {
    let storage = resolve(storage);
    let fstab = std::fs::read(fstab).unwrap_or_default();
    let named = fstab_points(&fstab).into_iter().map(|point| (resolve(&point), NamedBy::Fstab));
    let named = named.chain(wanted.map(|point| (resolve(point), NamedBy::Config)));
    let above: Vec<_> =
        named.filter(|(point, _)| point.parent().is_some() && storage.starts_with(point)).collect();
    for (point, _) in &above {
        // What is mounted when it is first used is mounted now.
        let _ = std::fs::metadata(point.join("."));
    }
    let Ok(table) = std::fs::read(mountinfo) else {
        tracing::warn!("{} cannot be read: it is not known what is mounted", mountinfo.display());
        return Ok(());
    };
    let mounted = mounted_points(&table);
    match above.into_iter().find(|(point, _)| !mounted.contains(point)) {
        Some((point, named_by)) => Err(Missing { point, storage, named_by }),
        None => Ok(()),
    }
}

/// The mount points that an fstab(5) names; swap has none.
pub fn fstab_points(text: &[u8]) -> Vec<PathBuf> {
    let point = |line: &[u8]| {
        let point = fields(line).nth(1)?;
        let is_comment = fields(line).next()?.starts_with(b"#");
        (!is_comment && point.starts_with(b"/")).then(|| unescaped(point))
    };
    text.split(|byte| *byte == b'\n').filter_map(point).collect()
}

/// Where something is mounted, by a /proc/self/mountinfo (proc_pid_mountinfo(5)). What autofs only
/// promises does not count.
pub fn mounted_points(text: &[u8]) -> Vec<PathBuf> {
    let point = |line: &[u8]| {
        let kind = fields(line).skip_while(|field| *field != b"-").nth(1)?;
        (kind != b"autofs").then(|| fields(line).nth(4).map(unescaped))?
    };
    text.split(|byte| *byte == b'\n').filter_map(point).collect()
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())
}

/// A path with its octal escapes (`\040` is a space) undone.
fn unescaped(field: &[u8]) -> PathBuf {
    let (mut path, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\').and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                path.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                path.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(path))
}

/// The path without links, as the table of mounts has it; what does not exist yet stays as it is.
fn resolve(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
            return if rest.as_os_str().as_bytes().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}

/// Where a storage path was when it was opened.
#[derive(Debug, Clone)]
pub struct Place {
    path: PathBuf,
    /// The file system that it was on; `None` if that could not be asked.
    device: Option<u64>,
    /// Where that was mounted.
    point: Option<PathBuf>,
}

/// What has become of a [`Place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is on the same disk.
    Same,
    /// Its disk is gone: what is there now is what lies below the mount point.
    Gone,
    /// Another disk is mounted there.
    Another,
}

impl Place {
    /// The place of `path` now.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), device: device(path).ok(), point: nearest_mount(path).ok().flatten() }
    }

    /// A place whose disk is not there.
    #[cfg(test)]
    pub(crate) fn elsewhere(path: &Path) -> Self {
        Self { device: Some(0), ..Self::of(path) }
    }

    /// Looks what is there now.
    ///
    /// # Errors
    /// If the system cannot say, as when the disk does not answer.
    pub fn look(&self) -> io::Result<Found> {
        let now = match device(&self.path) {
            Ok(now) => now,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Gone),
            Err(e) => return Err(crate::disk::naming(&self.path, e)),
        };
        if self.device.is_none_or(|then| then == now) {
            return Ok(Found::Same);
        }
        // The disk below the one that went was there all along.
        let depth = |point: &Option<PathBuf>| point.as_ref().map(|point| point.components().count());
        let is_in_its_place = depth(&nearest_mount(&self.path)?) >= depth(&self.point);
        Ok(if is_in_its_place { Found::Another } else { Found::Gone })
    }

    /// An error unless the storage is where it was when it was opened.
    ///
    /// # Errors
    /// In words for people.
    pub fn still_there(&self) -> io::Result<()> {
        // The common case asks once and allocates nothing.
        match device(&self.path) {
            Ok(now) if self.device.is_none_or(|then| then == now) => Ok(()),
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(crate::disk::naming(&self.path, e)),
            _ => Err(io::Error::other(format!(
                "ổ đĩa không còn được gắn tại {0} / {0} is no longer mounted",
                self.path.display()
            ))),
        }
    }
}

/// Where the file system of `path` is mounted.
fn nearest_mount(path: &Path) -> io::Result<Option<PathBuf>> {
    let real = resolve(path);
    let mounted = mounted_points(&std::fs::read(MOUNTINFO)?).into_iter();
    Ok(mounted.filter(|point| real.starts_with(point)).max_by_key(|point| point.components().count()))
}

fn device(path: &Path) -> io::Result<u64> {
    std::fs::metadata(path).map(|there| there.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        36 22 8:1 / /srv/video rw,noatime shared:1 - ext4 /dev/sda1 rw\n\
        37 22 8:2 / /media/o\\040dia\\134x rw master:1 - vfat /dev/sdb1 rw\n\
        38 22 0:40 / /auto rw - autofs systemd-1 rw\n";

    const FSTAB: &str = "# /srv/old is gone\n  # UUID=1 /srv/gone ext4 defaults 0 2\n\n\
        /dev/vda / ext4 defaults 0 1\nUUID=2\t/srv/video\text4 nofail 0 2\n\
        LABEL=x /media/o\\040dia\\134x vfat defaults\nUUID=3 none swap sw 0 0\ntmpfs\n";

    fn paths(list: &[&str]) -> Vec<PathBuf> {
        list.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn both_tables_are_read_with_their_escapes() {
        assert_eq!(fstab_points(FSTAB.as_bytes()), paths(&["/", "/srv/video", "/media/o dia\\x"]));
        assert_eq!(mounted_points(TABLE.as_bytes()), paths(&["/", "/srv/video", "/media/o dia\\x"]));
        assert_eq!(unescaped(b"a\\04\\0401\\999"), Path::new("a\\04 1\\999"));
    }

    fn check_in(fstab: &str, wanted: Option<&str>, storage: &str) -> Result<(), Missing> {
        let folder = tempfile::tempdir().unwrap();
        let (f, m) = (folder.path().join("fstab"), folder.path().join("mountinfo"));
        crate::disk::write_atomically(&f, fstab.as_bytes()).unwrap();
        crate::disk::write_atomically(&m, TABLE.as_bytes()).unwrap();
        check_with(Path::new(storage), wanted.map(Path::new), &f, &m)
    }

    #[test]
    fn a_mount_point_that_fstab_names_above_the_storage_must_be_mounted() {
        let line = "UUID=4 /nowhere/video ext4 nofail 0 2\n";
        let missing = check_in(line, None, "/nowhere/video/qw").unwrap_err();
        assert_eq!(
            (missing.point.as_path(), missing.named_by),
            (Path::new("/nowhere/video"), NamedBy::Fstab)
        );
        assert!(check_in(line, None, "/nowhere/video").is_err());
        assert!(check_in(line, None, "/nowhere/videos").is_ok(), "a neighbour");
        assert!(check_in(FSTAB, None, "/srv/video/qw").is_ok());
        assert!(check_in("/dev/vda / ext4\n", None, "/nowhere").is_ok(), "the root always is");
        assert!(check_in("systemd-1 /auto/x ext4 x-systemd.automount\n", None, "/auto/x").is_err());
    }

    #[test]
    fn a_mount_point_that_the_config_names_must_be_mounted() {
        assert!(check_in("", Some("/srv/video"), "/srv/video/qw").is_ok());
        let told = check_in("", Some("/nowhere"), "/nowhere/qw").unwrap_err().to_string();
        assert!(told.starts_with("Ổ đĩa /nowhere chưa được gắn"), "{told}");
        assert!(told.contains("[storage] mount in the config"), "{told}");
    }

    #[test]
    fn a_storage_that_stays_is_in_its_place_and_one_that_went_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(folder.path());
        assert_eq!(place.look().unwrap(), Found::Same);
        place.still_there().unwrap();
        let elsewhere = Place::elsewhere(folder.path());
        assert!(elsewhere.still_there().unwrap_err().to_string().contains("is no longer mounted"));
        drop(folder);
        assert_eq!(place.look().unwrap(), Found::Gone);
        assert!(place.still_there().is_err());
    }
}
