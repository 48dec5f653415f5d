//! The canaries of a capture, as `canaries.tsv` lists them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

/// What every canary begins with, in lower case.
pub const MARK: [u8; 2] = *b"qz";
/// Characters by which a canary is recognised as it is: the mark and six random ones. A field that cuts a text short leaves these.
pub const KNOWN_BY: usize = 8;
/// Characters by which it is recognised in a text that a view has made. Gigabytes of other bytes, decoded or with everything but letters
/// taken out, hold some eight letters of some canary by chance; eleven they do not.
pub const SURE_BY: usize = 11;

/// Distinct canaries.
#[derive(Debug, Default, Clone)]
pub struct Canaries {
    tokens: Vec<String>,
    /// By canary: its text in lower case.
    lower: Vec<Vec<u8>>,
    /// First characters, in lower case, to the canaries that begin so.
    begins: BTreeMap<[u8; KNOWN_BY], Vec<u32>>,
    /// By canary: the forms in which it is on the wire (`plain`, `utf16le`, `utf16be`, `gzip`, `tls`).
    forms: Vec<BTreeSet<String>>,
    numbers: BTreeMap<String, u32>,
}

impl Canaries {
    /// Adds those of a `canaries.tsv`: `token kind file place form`, with a header.
    ///
    /// # Errors
    /// When the text is no such list.
    pub fn add(&mut self, text: &str) -> Result<()> {
        let mut lines = text.lines();
        ensure!(
            lines.next() == Some("token\tkind\tfile\tplace\tform"),
            "this is no list of canaries"
        );
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let [token, _, _, _, form] = cells[..] else {
                anyhow::bail!("a line of the list of canaries has {} cells", cells.len());
            };
            self.put(token, form)?;
        }
        Ok(())
    }

    fn put(&mut self, token: &str, form: &str) -> Result<()> {
        let number = match self.numbers.get(token) {
            Some(number) => *number,
            None => {
                let lower = token.to_ascii_lowercase().into_bytes();
                let begin = lower.first_chunk::<KNOWN_BY>().copied();
                let begin = begin.with_context(|| format!("{token} is too short for a canary"))?;
                ensure!(
                    begin.starts_with(&MARK),
                    "{token} does not begin as canaries do"
                );
                let number = u32::try_from(self.tokens.len())?;
                self.begins.entry(begin).or_default().push(number);
                self.numbers.insert(token.to_owned(), number);
                self.tokens.push(token.to_owned());
                self.lower.push(lower);
                self.forms.push(BTreeSet::new());
                number
            }
        };
        if let Some(forms) = self.forms.get_mut(number as usize) {
            forms.insert(form.to_owned());
        }
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// All of them, by number.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The forms in which a canary is on the wire.
    #[must_use]
    pub fn forms(&self, number: u32) -> Option<&BTreeSet<String>> {
        self.forms.get(number as usize)
    }

    /// Calls `hit` with each canary whose first `length` characters (at least [`KNOWN_BY`]) stand somewhere in these bytes, whatever the
    /// case.
    pub fn each_in(&self, bytes: &[u8], length: usize, hit: &mut dyn FnMut(u32)) {
        for (at, pair) in bytes.windows(MARK.len()).enumerate() {
            if !pair.eq_ignore_ascii_case(&MARK) {
                continue;
            }
            let Some(text) = bytes.get(at..at + length) else {
                return;
            };
            let text = text.to_ascii_lowercase();
            let begin = text.get(..KNOWN_BY).unwrap_or_default();
            for number in self.begins.get(begin).into_iter().flatten() {
                let token = self.lower.get(*number as usize);
                if token.is_some_and(|token| token.starts_with(&text)) {
                    hit(*number);
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list of two.
    pub(crate) fn two() -> Canaries {
        let mut canaries = Canaries::default();
        canaries
            .add(
                "token\tkind\tfile\tplace\tform\n\
                 QZABCDEF22345\tstaff\ta.pcap\thl7\tplain\n\
                 QZABCDEF22345\tstaff\ta.pcap\tsdc\tgzip\n\
                 QZ7H9KMPAAAAB\ttext\ta.pcap\ttls\ttls\n",
            )
            .unwrap();
        canaries
    }

    fn found(canaries: &Canaries, bytes: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        canaries.each_in(bytes, KNOWN_BY, &mut |number| found.push(number));
        found
    }

    #[test]
    fn a_canary_is_recognised_by_its_beginning_in_any_case() {
        let canaries = two();
        assert_eq!(canaries.len(), 2);
        assert_eq!(found(&canaries, b"name=qzabcdef22345;"), [0]);
        assert_eq!(found(&canaries, b"QZ7H9KMP"), [1]);
        assert_eq!(found(&canaries, b"qQZABCDEf"), [0]);
        assert_eq!(found(&canaries, b"QZABCDE"), [] as [u32; 0]);
        assert_eq!(found(&canaries, b"QZABCDEG22345"), [] as [u32; 0]);
        assert_eq!(canaries.forms(0).unwrap().len(), 2);
        let mut found = Vec::new();
        for text in [&b"QZABCDEF223"[..], b"QZABCDEF22", b"QZABCDEF224"] {
            canaries.each_in(text, SURE_BY, &mut |number| found.push(number));
        }
        assert_eq!(found, [0], "only the first has eleven characters of it");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "",
            "token\n",
            "token\tkind\tfile\tplace\tform\nXY\ta\tb\tc\td\n",
        ] {
            assert!(Canaries::default().add(text).is_err(), "{text}");
        }
    }
}
