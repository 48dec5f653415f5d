//! Which files the arguments of `replay` mean.

use std::io;
use std::path::{Path, PathBuf};

/// Files taken from a folder.
const EXTENSIONS: [&str; 5] = ["pcap", "pcapng", "cap", "dmp", "ntar"];
/// Folders within folders are read this deep.
const DEPTH: usize = 8;

/// What the arguments mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The files to read, in order.
    pub files: Vec<PathBuf>,
    /// Files of folders that do not end as captures do.
    pub passed_over: usize,
}

impl Inputs {
    /// What to tell about files that are not read, when there are any.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let plural = if self.passed_over == 1 { "" } else { "s" };
        (self.passed_over > 0).then(|| {
            format!(
                "{} file{plural} passed over: of a folder only files that end in .{} are read; name a file itself to have it read",
                self.passed_over,
                EXTENSIONS.join(", .")
            )
        })
    }
}

/// Files in the order of the arguments: a file as it is, a folder as the captures below it in the order of their names, a last
/// component with `*` or `?` (which a shell did not expand) as its matches.
///
/// # Errors
/// When a folder cannot be read, or a pattern matches nothing.
pub fn expand(arguments: &[PathBuf]) -> io::Result<Inputs> {
    let mut inputs = Inputs::default();
    for argument in arguments {
        if argument.is_dir() {
            let before = inputs.files.len();
            captures_below(argument, DEPTH, &mut inputs)?;
            if inputs.files.len() == before {
                return Err(nothing(argument, "holds no .pcap, .pcapng or .cap file"));
            }
        } else if let Some(pattern) = pattern_of(argument) {
            inputs.files.append(&mut matches(argument, &pattern)?);
        } else {
            inputs.files.push(argument.clone());
        }
    }
    Ok(inputs)
}

fn nothing(path: &Path, why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{}: {why}", path.display()),
    )
}

fn captures_below(folder: &Path, depth: usize, inputs: &mut Inputs) -> io::Result<()> {
    for entry in sorted(folder)? {
        if entry.is_dir() {
            if depth > 0 {
                captures_below(&entry, depth - 1, inputs)?;
            }
        } else if entry
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| {
                EXTENSIONS
                    .iter()
                    .any(|known| extension.eq_ignore_ascii_case(known))
            })
        {
            inputs.files.push(entry);
        } else {
            inputs.passed_over = inputs.passed_over.saturating_add(1);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let mut entries = std::fs::read_dir(folder)
        .map_err(named)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(named)?;
    entries.sort();
    Ok(entries)
}

fn pattern_of(argument: &Path) -> Option<String> {
    let name = argument.file_name()?.to_str()?;
    let is_pattern = name.contains(['*', '?']) && !argument.try_exists().unwrap_or(true);
    is_pattern.then(|| name.to_owned())
}

fn matches(argument: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let folder = argument
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut found = sorted(folder)?;
    found.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        !path.is_dir() && name.is_some_and(|name| is_match(pattern.as_bytes(), name.as_bytes()))
    });
    if found.is_empty() {
        return Err(nothing(argument, "no file matches"));
    }
    Ok(found)
}

fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            is_match(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, name)| is_match(pattern, name))
        }
        (Some((b'?', rest)), Some((_, name))) => is_match(rest, name),
        (Some((wanted, rest)), Some((found, name))) => wanted == found && is_match(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.pcap", "a.pcap", true),
            ("*.pcap", "a.pcapng", false),
            ("a?c*", "abc", true),
            ("a?c*", "ac", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
        ] {
            assert_eq!(
                is_match(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn a_folder_is_its_captures_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.pcap", "a.PCAPNG", "notes.txt", "b/x.cap"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |files: Vec<PathBuf>| {
            let names = files.iter().map(|file| {
                let name = file.strip_prefix(folder.path()).unwrap();
                name.to_str().unwrap().to_owned()
            });
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            names(expand(&[folder.path().to_owned()]).unwrap().files),
            ["a.PCAPNG", "b/x.cap", "c.pcap"]
        );
        assert_eq!(
            names(expand(&[folder.path().join("*.pcap")]).unwrap().files),
            ["c.pcap"]
        );
        let warning = expand(&[folder.path().to_owned()]).unwrap().warning();
        assert!(warning.unwrap().starts_with("1 file passed over: "));
        assert!(expand(&[folder.path().join("*.none")]).is_err());
        let missing = folder.path().join("missing.pcap");
        assert_eq!(
            expand(std::slice::from_ref(&missing)).unwrap().files,
            [missing]
        );
    }
}
