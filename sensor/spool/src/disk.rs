//! What the spool asks of a disk, as a seam: the real one, and in tests one that fails, tears and loses power.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

#[cfg(test)]
pub(crate) mod faulty;

/// A file as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Name within the folder.
    pub name: String,
    /// Length in bytes.
    pub len: u64,
    /// Bytes of the blocks allocated to it.
    pub allocated: u64,
}

/// One folder.
pub trait Disk: fmt::Debug + Send {
    /// Every file of the folder, in any order.
    ///
    /// # Errors
    /// Of the operating system.
    fn list(&mut self) -> io::Result<Vec<FileInfo>>;
    /// Makes a new file; fails when the name is taken.
    ///
    /// # Errors
    /// Of the operating system.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that is there.
    ///
    /// # Errors
    /// Of the operating system.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file, replacing what had the new name.
    ///
    /// # Errors
    /// Of the operating system.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Unlinks a file.
    ///
    /// # Errors
    /// Of the operating system.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and removals durable.
    ///
    /// # Errors
    /// Of the operating system.
    fn sync_folder(&mut self) -> io::Result<()>;
    /// Allocation unit in bytes.
    fn block_bytes(&self) -> u64;
}

/// One open file.
pub trait DiskFile: fmt::Debug + Send {
    /// Reads at an offset; fewer bytes than asked for only at the end of the file or when interrupted.
    ///
    /// # Errors
    /// Of the operating system.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at an offset, perhaps only a part.
    ///
    /// # Errors
    /// Of the operating system.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts the file.
    ///
    /// # Errors
    /// Of the operating system.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Makes content and length durable. After an error nobody knows what is.
    ///
    /// # Errors
    /// Of the operating system.
    fn sync(&mut self) -> io::Result<()>;
    /// Length and allocated bytes.
    ///
    /// # Errors
    /// Of the operating system.
    fn measure(&self) -> io::Result<(u64, u64)>;
}

/// Writes all of `bytes` at `offset`, through short writes.
pub(crate) fn write_all(
    file: &mut dyn DiskFile,
    mut bytes: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset = offset.saturating_add(crate::bytes::size(written));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes `name` hold `bytes`, durably: whoever dies on the way leaves it as it was.
pub(crate) fn replace(
    disk: &mut dyn Disk,
    name: &str,
    temporary: &str,
    bytes: &[u8],
) -> io::Result<()> {
    if let Err(error) = disk.remove(temporary)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = disk.create(temporary)?;
    write_all(file.as_mut(), bytes, 0)?;
    file.sync()?;
    disk.rename(temporary, name)?;
    disk.sync_folder()
}

/// Fills `buffer` from `offset` as far as the file goes; returns how many bytes there were.
pub(crate) fn read_full(
    file: &dyn DiskFile,
    buffer: &mut [u8],
    mut offset: u64,
) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset) {
            Ok(0) => break,
            Ok(read) => {
                filled = filled.saturating_add(read);
                offset = offset.saturating_add(crate::bytes::size(read));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A folder of the file system.
#[derive(Debug)]
pub struct RealDisk {
    path: PathBuf,
    folder: File,
    writable: bool,
    /// Held as long as the spool is open.
    _lock: Option<File>,
}

/// Name of the file whose lock says that a process has the spool open.
pub(crate) const LOCK: &str = "lock";

impl RealDisk {
    /// Opens a folder for one writer, making it when it is not there. `None` when another process holds it, with that process's id
    /// where it is known.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn lock(path: &Path) -> io::Result<Result<Self, Option<u32>>> {
        std::fs::create_dir_all(path)?;
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))?;
        if let Err(error) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            if error == rustix::io::Errno::WOULDBLOCK {
                return Ok(Err(holder(&lock)));
            }
            return Err(error.into());
        }
        // Only for the message that a second process prints, so a full disk may keep it from us.
        let pid = format!("{}\n", std::process::id());
        drop(
            lock.set_len(0)
                .and_then(|()| lock.write_all_at(pid.as_bytes(), 0)),
        );
        Ok(Ok(Self {
            path: path.to_owned(),
            folder: File::open(path)?,
            writable: true,
            _lock: Some(lock),
        }))
    }

    /// Opens a folder to look at, beside a process that may be writing.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn read_only(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            folder: File::open(path)?,
            writable: false,
            _lock: None,
        })
    }
}

fn holder(lock: &File) -> Option<u32> {
    let mut text = [0; 16];
    let read = FileExt::read_at(lock, &mut text, 0).ok()?;
    let text = std::str::from_utf8(text.get(..read)?).ok()?;
    text.trim().parse().ok()
}

impl Disk for RealDisk {
    fn list(&mut self) -> io::Result<Vec<FileInfo>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Removed in the meantime, by the process whose folder we only look at.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            files.push(FileInfo {
                name: entry.file_name().to_string_lossy().into_owned(),
                len: metadata.len(),
                allocated: metadata.blocks().saturating_mul(512),
            });
        }
        Ok(files)
    }

    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(self.writable);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn block_bytes(&self) -> u64 {
        4096
    }
}

impl DiskFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync(2) flushes the length as well: it is needed to read the data back.
        self.sync_data()
    }

    fn measure(&self) -> io::Result<(u64, u64)> {
        let metadata = self.metadata()?;
        Ok((metadata.len(), metadata.blocks().saturating_mul(512)))
    }
}
