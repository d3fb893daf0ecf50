//! A disk in memory that tears writes, forgets what was not synced, fills up and refuses.
//!
//! What a program sees at once (`view`) and what a power cut would leave are kept apart. Until a file
//! is synced, each sector of each write may or may not have reached the disk, in any order; its name
//! may be there or not until then; a removed name may come back until its folder is synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::Space;
use crate::record::files::{Entry, Files, OpenFile, ReadSeek};

const SECTOR: usize = 512;

/// A small random source (SplitMix64, Steele et al. 2014), so that a seed is a world.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What a call meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Full,
    Broken,
    ReadOnly,
}

impl Fault {
    fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Fault::Full => 28,
            Fault::Broken => 5,
            Fault::ReadOnly => 30,
        })
    }
}

#[derive(Debug, Default, Clone)]
struct Inode {
    view: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<(usize, Vec<u8>)>,
    /// A sync failed: what was unsynced then is gone for good, whatever later syncs say. (That the
    /// process is killed before it can act on that, and the power fails before the next one has read
    /// the file, is not tried: nobody could know.)
    forgotten: bool,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    capacity: u64,
    /// What the calls that change something meet, from the n-th on, so many of them.
    trouble: Option<(u64, u64, Fault)>,
    calls: u64,
    is_off: bool,
}

#[derive(Debug, Clone)]
pub struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    inode: usize,
    path: PathBuf,
}

impl FaultyDisk {
    pub fn new(seed: u64, capacity: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            dice: Dice(seed),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            capacity,
            trouble: None,
            calls: 0,
            is_off: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From the `after`-th next changing call on, `count` of them fail.
    pub fn trouble(&self, after: u64, count: u64, fault: Fault) {
        let mut state = self.state();
        state.trouble = Some((state.calls + after, count, fault));
    }

    pub fn is_in_trouble(&self) -> bool {
        let state = self.state();
        state.trouble.is_some_and(|(from, count, _)| state.calls < from + count)
    }

    pub fn heal(&self) {
        self.state().trouble = None;
    }

    /// The process is dead: what it still tries has no effect. The disk as the next one sees it.
    pub fn killed(&self) -> Self {
        let mut old = self.state();
        let next = State {
            dice: Dice(old.dice.roll()),
            inodes: old.inodes.clone(),
            names: old.names.clone(),
            durable_names: old.durable_names.clone(),
            capacity: old.capacity,
            trouble: None,
            calls: 0,
            is_off: false,
        };
        old.is_off = true;
        let next = Self(Arc::new(Mutex::new(next)));
        next.state().inodes.iter_mut().for_each(|inode| inode.forgotten = false);
        next
    }

    /// As [`FaultyDisk::killed`], and the power is gone too.
    pub fn power_cut(&self) -> Self {
        let next = self.killed();
        {
            let mut state = next.state();
            let State { dice, inodes, names, durable_names, .. } = &mut *state;
            for inode in inodes.iter_mut() {
                inode.lose_power(dice);
            }
            let all: BTreeSet<PathBuf> = names.keys().chain(durable_names.keys()).cloned().collect();
            let kept = all.into_iter().filter_map(|path| {
                let (now, before) = (names.get(&path).copied(), durable_names.get(&path).copied());
                let inode = if now == before || dice.one_in(2) { now } else { before };
                Some((path, inode?))
            });
            *names = kept.collect();
            *durable_names = names.clone();
        }
        next
    }

    /// Every file there is.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }
}

impl Inode {
    fn lose_power(&mut self, dice: &mut Dice) {
        for (offset, bytes) in std::mem::take(&mut self.unsynced) {
            // A write may reach the disk whole, not at all, or in part and in any order.
            let mode = if self.forgotten { 1 } else { dice.below(3) };
            for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                let kept = match mode {
                    0 => true,
                    1 => false,
                    _ => dice.one_in(2),
                };
                if kept {
                    put(&mut self.durable, offset + n * SECTOR, sector);
                }
            }
        }
        // The length may be known on the disk before the bytes are.
        if self.view.len() > self.durable.len() && dice.one_in(2) {
            let more = self.view.len() - self.durable.len();
            let length = self.durable.len() + usize::try_from(dice.below(more as u64 + 1)).unwrap();
            self.durable.resize(length, 0);
        }
        self.view = self.durable.clone();
        self.forgotten = false;
    }
}

fn put(into: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if into.len() < offset + bytes.len() {
        into.resize(offset + bytes.len(), 0);
    }
    into[offset..offset + bytes.len()].copy_from_slice(bytes);
}

impl State {
    /// Counts a call that changes something.
    fn change(&mut self) -> io::Result<()> {
        if self.is_off {
            return Err(Fault::Broken.error());
        }
        let call = self.calls;
        self.calls += 1;
        match self.trouble {
            Some((from, count, fault)) if (from..from + count).contains(&call) => Err(fault.error()),
            _ => Ok(()),
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|inode| self.inodes[*inode].view.len() as u64).sum()
    }

    fn inode(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl OpenFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let offset = usize::try_from(offset).unwrap();
        let mut fits = state.change();
        let free = state.capacity.saturating_sub(state.used());
        let grows = (offset + bytes.len()).saturating_sub(state.inodes[self.inode].view.len()) as u64;
        if fits.is_ok() && grows > free {
            fits = Err(Fault::Full.error());
        }
        // What fails may have been done in part.
        let length = match &fits {
            Ok(()) => bytes.len(),
            Err(_) if state.is_off || grows > free => 0,
            Err(_) => usize::try_from(state.dice.below(bytes.len() as u64 + 1)).unwrap(),
        };
        if length > 0 {
            let inode = &mut state.inodes[self.inode];
            put(&mut inode.view, offset, &bytes[..length]);
            inode.unsynced.push((offset, bytes[..length].to_vec()));
        }
        fits
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        if let Err(e) = state.change() {
            if !state.is_off {
                state.inodes[self.inode].forgotten = true;
            }
            return Err(e);
        }
        let inode = &mut state.inodes[self.inode];
        if !inode.forgotten {
            inode.durable = inode.view.clone();
            inode.unsynced.clear();
        }
        if state.names.get(&self.path) == Some(&self.inode) {
            let (path, inode) = (self.path.clone(), self.inode);
            state.durable_names.insert(path, inode);
        }
        Ok(())
    }
}

impl Files for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn OpenFile>> {
        let mut state = self.state();
        state.change()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.names.insert(path.to_owned(), inode);
        Ok(Arc::new(FaultyFile { disk: self.clone(), inode, path: path.to_owned() }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadSeek>> {
        let state = self.state();
        Ok(Box::new(Cursor::new(state.inodes[state.inode(path)?].view.clone())))
    }

    fn cut(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let inode = state.inode(path)?;
        let inode = &mut state.inodes[inode];
        let bytes = usize::try_from(bytes).unwrap();
        inode.view.resize(bytes, 0);
        // The old length may come back with a power cut, the bytes behind the new one do not matter.
        inode.unsynced.retain_mut(|(offset, write)| {
            write.truncate(bytes.saturating_sub(*offset));
            !write.is_empty()
        });
        Ok(())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let number = state.inode(path)?;
        let inode = &mut state.inodes[number];
        if !inode.forgotten {
            inode.durable = inode.view.clone();
            inode.unsynced.clear();
        }
        state.durable_names.insert(path.to_owned(), number);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        state.inode(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn remove_empty(&self, _folder: &Path) {}

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.state().names.contains_key(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let state = self.state();
        let mut found = BTreeMap::new();
        for path in state.names.keys() {
            let Ok(below) = path.strip_prefix(folder) else { continue };
            let mut parts = below.components();
            let Some(name) = parts.next() else { continue };
            let name = name.as_os_str().to_string_lossy().into_owned();
            found.insert(name, parts.next().is_some());
        }
        Ok(found.into_iter().map(|(name, is_folder)| Entry { name, is_folder }).collect())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let is_in = |path: &Path| path.parent() == Some(folder);
        let names: Vec<_> = state.names.iter().map(|(path, inode)| (path.clone(), *inode)).collect();
        state.durable_names.retain(|path, _| !is_in(path));
        state.durable_names.extend(names.into_iter().filter(|(path, _)| is_in(path)));
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.state();
        Ok(Space { free: state.capacity.saturating_sub(state.used()), total: state.capacity })
    }
}
