//! A disk in memory that tears, fails, fills up and loses power.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use rustix::io::Errno;

use super::{Disk, DiskFile, FileInfo};
use crate::bytes::in_blocks;

const BLOCK: u64 = 64;
/// What a power cut keeps or loses on its own.
const SECTOR: usize = 64;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The process ends in the middle of it.
    Crash,
    /// It fails with this error, once.
    Error(Errno),
    /// A write stops half way without an error; other operations are not touched.
    Short,
}

/// What survives a crash of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Everything: only the process died.
    Nothing,
    /// Nothing: the power went.
    Everything,
    /// This or that: the power went while the disk was writing.
    Some,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    content: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug, Clone)]
enum Entry {
    Link(String, u64),
    Unlink(String),
    Rename(String, String),
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    unsynced_names: Vec<Entry>,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    /// Mutating operations so far.
    operations: u64,
    plan: BTreeMap<u64, Mishap>,
    dead: bool,
    /// Most allocated bytes; beyond it writes fail with ENOSPC.
    capacity: Option<u64>,
    /// Every mutating operation fails with EIO.
    broken: bool,
    /// Inodes of which this many first bytes cannot be read.
    unreadable: BTreeMap<u64, u64>,
    random: u64,
}

/// The disk; clones share it, so that a test keeps a hand on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    inode: u64,
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
            Self::Truncate(len) => to.resize(*len, 0),
        }
    }

    fn sectors(&self) -> Vec<Self> {
        match self {
            Self::Write(offset, bytes) => bytes
                .chunks(SECTOR)
                .enumerate()
                .map(|(index, chunk)| Self::Write(offset + index * SECTOR, chunk.to_vec()))
                .collect(),
            Self::Truncate(_) => vec![self.clone()],
        }
    }
}

impl Entry {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Link(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Unlink(name) => {
                names.remove(name);
            }
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }
}

impl State {
    fn chance(&mut self) -> bool {
        // xorshift64
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random & 1 == 1
    }

    /// Counts a mutating operation. `Ok(true)` asks for half of it, `Err` for none.
    fn begin(&mut self) -> io::Result<bool> {
        if self.dead {
            return Err(Errno::IO.into());
        }
        self.operations += 1;
        match self.plan.remove(&self.operations) {
            Some(Mishap::Crash) => {
                self.dead = true;
                Ok(true)
            }
            Some(Mishap::Error(error)) => Err(error.into()),
            Some(Mishap::Short) => Ok(true),
            None if self.broken => Err(Errno::IO.into()),
            None => Ok(false),
        }
    }

    fn died(&self) -> io::Result<()> {
        if self.dead {
            Err(Errno::IO.into())
        } else {
            Ok(())
        }
    }

    fn allocated(&self) -> u64 {
        self.names
            .values()
            .map(|inode| in_blocks(self.inodes[inode].content.len() as u64, BLOCK))
            .sum()
    }

    fn inode(&mut self, inode: u64) -> &mut Inode {
        self.inodes.entry(inode).or_default()
    }

    fn inode_of(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or(Errno::NOENT.into())
    }
}

impl FaultyDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.state().random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Plans a mishap for the mutating operation `after` further ones.
    pub(crate) fn plan(&self, after: u64, mishap: Mishap) {
        let mut state = self.state();
        let at = state.operations + after + 1;
        state.plan.insert(at, mishap);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.plan.clear();
        state.broken = false;
        state.capacity = None;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    pub(crate) fn set_capacity(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    pub(crate) fn set_broken(&self, broken: bool) {
        self.state().broken = broken;
    }

    pub(crate) fn allocated(&self) -> u64 {
        self.state().allocated()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let mut state = self.state();
        let inode = state.inode_of(name).unwrap();
        state.inode(inode).content.clone()
    }

    /// Flips bits of a byte that lies on the disk, as rot does.
    pub(crate) fn rot(&self, name: &str, offset: usize, bits: u8) {
        let mut state = self.state();
        let inode = state.inode_of(name).unwrap();
        let inode = state.inode(inode);
        for content in [&mut inode.content, &mut inode.durable] {
            if let Some(byte) = content.get_mut(offset) {
                *byte ^= bits;
            }
        }
    }

    /// Reading what is in this file now fails with EIO from here on.
    pub(crate) fn make_unreadable(&self, name: &str) {
        let mut state = self.state();
        let inode = state.inode_of(name).unwrap();
        let len = state.inode(inode).content.len() as u64;
        state.unreadable.insert(inode, len / BLOCK * BLOCK);
    }

    /// The machine is up again after a crash.
    pub(crate) fn reboot(&self, loss: Loss) {
        let mut state = self.state();
        state.dead = false;
        state.broken = false;
        if loss == Loss::Nothing {
            return;
        }
        let survives = |state: &mut State| loss == Loss::Some && state.chance();
        for entry in std::mem::take(&mut state.unsynced_names) {
            if survives(&mut state) {
                let mut names = std::mem::take(&mut state.durable_names);
                entry.apply(&mut names);
                state.durable_names = names;
            }
        }
        let ids: Vec<u64> = state.inodes.keys().copied().collect();
        for id in ids {
            let mut inode = std::mem::take(state.inode(id));
            for sector in inode.unsynced.iter().flat_map(Change::sectors) {
                if survives(&mut state) {
                    sector.apply(&mut inode.durable);
                }
            }
            inode.unsynced.clear();
            inode.content = inode.durable.clone();
            *state.inode(id) = inode;
        }
        state.names = state.durable_names.clone();
    }
}

impl Disk for FaultyDisk {
    fn list(&mut self) -> io::Result<Vec<FileInfo>> {
        let state = self.state();
        state.died()?;
        let files = state.names.iter().map(|(name, inode)| {
            let len = state.inodes[inode].content.len() as u64;
            FileInfo {
                name: name.clone(),
                len,
                allocated: in_blocks(len, BLOCK),
            }
        });
        Ok(files.collect())
    }

    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = {
            let mut state = self.state();
            if state.names.contains_key(name) {
                return Err(Errno::EXIST.into());
            }
            let half = state.begin()?;
            if !(half && state.dead && state.chance()) {
                state.next_inode += 1;
                let inode = state.next_inode;
                state.inode(inode);
                state.names.insert(name.to_owned(), inode);
                state
                    .unsynced_names
                    .push(Entry::Link(name.to_owned(), inode));
            }
            state.died()?;
            state.next_inode
        };
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state();
        state.died()?;
        let inode = state.inode_of(name)?;
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.inode_of(from)?;
        let half = state.begin()?;
        if !(half && state.dead && state.chance()) {
            let entry = Entry::Rename(from.to_owned(), to.to_owned());
            entry.apply(&mut state.names);
            state.unsynced_names.push(entry);
        }
        state.died()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.inode_of(name)?;
        let half = state.begin()?;
        if !(half && state.dead && state.chance()) {
            let entry = Entry::Unlink(name.to_owned());
            entry.apply(&mut state.names);
            state.unsynced_names.push(entry);
        }
        state.died()
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        let mut state = self.state();
        let half = state.begin()?;
        if half && state.dead {
            return state.died();
        }
        let mut names = std::mem::take(&mut state.durable_names);
        for entry in std::mem::take(&mut state.unsynced_names) {
            entry.apply(&mut names);
        }
        state.durable_names = names;
        Ok(())
    }

    fn block_bytes(&self) -> u64 {
        BLOCK
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.died()?;
        let bad = state.unreadable.get(&self.inode);
        if bad.is_some_and(|bad| offset < *bad) {
            return Err(Errno::IO.into());
        }
        let content = &state.inode(self.inode).content;
        let available = content.get(offset as usize..).unwrap_or_default();
        // Reads are short as well, so that no caller relies on one being whole.
        let length = available.len().min(buffer.len()).min(1500);
        buffer[..length].copy_from_slice(&available[..length]);
        Ok(length)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let half = state.begin()?;
        let length = if half { bytes.len() / 2 } else { bytes.len() };
        let end = offset + length as u64;
        let have = in_blocks(state.inode(self.inode).content.len() as u64, BLOCK);
        let growth = in_blocks(end, BLOCK).saturating_sub(have);
        let total = state.allocated() + growth;
        if growth > 0 && state.capacity.is_some_and(|capacity| total > capacity) {
            return Err(Errno::NOSPC.into());
        }
        let change = Change::Write(offset as usize, bytes[..length].to_vec());
        let inode = state.inode(self.inode);
        change.apply(&mut inode.content);
        inode.unsynced.push(change);
        state.died()?;
        Ok(length)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin()?;
        let change = Change::Truncate(len as usize);
        let inode = state.inode(self.inode);
        change.apply(&mut inode.content);
        inode.unsynced.push(change);
        state.died()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let begun = state.begin();
        let dies = state.dead;
        if dies {
            return Err(Errno::IO.into());
        }
        let changes = std::mem::take(&mut state.inode(self.inode).unsynced);
        for sector in changes.iter().flat_map(Change::sectors) {
            // A failed sync has written this or that, and the kernel forgets what it did not write.
            if begun.is_ok() || state.chance() {
                sector.apply(&mut state.inode(self.inode).durable);
            }
        }
        begun.map(drop)
    }

    fn measure(&self) -> io::Result<(u64, u64)> {
        let mut state = self.disk.state();
        state.died()?;
        let len = state.inode(self.inode).content.len() as u64;
        Ok((len, in_blocks(len, BLOCK)))
    }
}
