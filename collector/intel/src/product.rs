//! Makers and products under their many names.
//!
//! Advisories say "Becton, Dickinson and Company (BD)" and "BD Alaris 8015 PC unit", a device says "CareFusion" and "Alaris 8015". A
//! maker is a key of the table in `vendors`; a product is its words without the maker's and without words that every product has,
//! and its model numbers, lists and ranges of them included ("MX800/700/600", "MX400-550").

mod vendors;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use vendors::keys as vendor_keys;

/// Longest name that is looked at.
pub const NAME_BYTES: usize = 256;

/// Words that name no product.
const GENERIC: [&str; 47] = [
    "a",
    "all",
    "and",
    "app",
    "application",
    "based",
    "by",
    "client",
    "device",
    "devices",
    "edition",
    "enabled",
    "family",
    "firmware",
    "for",
    "from",
    "healthcare",
    "in",
    "including",
    "integrated",
    "medical",
    "model",
    "models",
    "module",
    "monitor",
    "monitors",
    "new",
    "number",
    "of",
    "on",
    "only",
    "or",
    "patient",
    "platform",
    "product",
    "products",
    "series",
    "software",
    "standard",
    "system",
    "systems",
    "the",
    "to",
    "unit",
    "version",
    "versions",
    "with",
];

/// A model number, or a range of them, below one prefix: `mx400` to `mx550`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRange {
    prefix: String,
    from: u32,
    to: u32,
}

/// A product as its names say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductKey {
    /// The words that name it.
    words: BTreeSet<String>,
    /// Model numbers.
    models: BTreeSet<String>,
    /// Ranges of model numbers.
    ranges: BTreeSet<ModelRange>,
}

/// How well a device's product is the one a publisher names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// The same words.
    Same,
    /// A model number that is named.
    Model,
    /// The publisher names all of a family, the device is of it.
    Covered,
    /// The device's family is known, not whether it is the member named.
    Family,
}

/// Lower case, Latin letters without marks, everything else a blank.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars().take(NAME_BYTES) {
        match c {
            'à'..='å' | 'À'..='Å' => plain.push('a'),
            'æ' | 'Æ' => plain.push_str("ae"),
            'è'..='ë' | 'È'..='Ë' => plain.push('e'),
            'ì'..='ï' | 'Ì'..='Ï' => plain.push('i'),
            'ò'..='õ' | 'Ò'..='Õ' => plain.push('o'),
            'ö' | 'Ö' | 'ø' | 'Ø' => plain.push('o'),
            'ù'..='ü' | 'Ù'..='Ü' => plain.push('u'),
            'ç' | 'Ç' => plain.push('c'),
            'ñ' | 'Ñ' => plain.push('n'),
            'ß' => plain.push_str("ss"),
            '\'' | '’' | '®' | '™' => {}
            c if c.is_ascii_alphanumeric() => plain.push(c.to_ascii_lowercase()),
            '/' | '-' | '(' | ')' | ',' => plain.push(c),
            c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            _ => plain.push(' '),
        }
    }
    plain
}

fn separator(c: char) -> bool {
    !c.is_alphanumeric()
}

/// Letters followed by digits and, perhaps, more: `mx400`, `cms8000`, `hd23k`.
fn split_model(word: &str) -> Option<(&str, u32)> {
    let start = word.find(|c: char| c.is_ascii_digit())?;
    let (prefix, rest) = word.split_at(start);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, _) = rest.split_at(end);
    let letters = prefix.chars().all(|c| c.is_ascii_alphabetic());
    letters.then_some((prefix, digits.parse().ok()?))
}

/// A word that is a model number by its looks: letters and digits, or three digits and more.
fn is_model(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.len().saturating_sub(digits);
    digits >= 1 && (letters >= 1 && word.len() >= 2 || digits >= 3)
}

impl ProductKey {
    /// Reads a product's name; words of its maker are left out.
    #[must_use]
    pub fn read(name: &str, vendor: &str) -> Self {
        let plain = plain(name);
        let maker = vendors::words(vendor);
        let mut key = Self::default();
        let mut depth = 0_usize;
        let mut outside = String::new();
        for c in plain.chars() {
            match c {
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ if depth == 0 => outside.push(c),
                _ => {}
            }
        }
        // What stands in parentheses explains; only model numbers count there.
        for word in plain.split(separator).filter(|word| is_model(word)) {
            key.models.insert(word.to_owned());
        }
        for word in outside.split(separator).filter(|word| !word.is_empty()) {
            if !GENERIC.contains(&word) && !maker.contains(word) {
                key.words.insert(word.to_owned());
            }
        }
        key.join_letters_and_digits(&outside);
        key.read_lists(&plain);
        key
    }

    /// "MX 40" is "MX40".
    fn join_letters_and_digits(&mut self, text: &str) {
        let words: Vec<&str> = text
            .split(separator)
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            let [letters, digits] = pair else { continue };
            let short = letters.len() <= 4 && letters.chars().all(|c| c.is_ascii_alphabetic());
            if short
                && !GENERIC.contains(letters)
                && digits.starts_with(|c: char| c.is_ascii_digit())
            {
                self.models.insert(format!("{letters}{digits}"));
            }
        }
    }

    /// "MX800/700/600" are three models, "MX400-550" and "MP20-MP90" are ranges.
    fn read_lists(&mut self, text: &str) {
        for group in text.split([' ', '(', ')', ',']) {
            let mut prefix = "";
            for item in group.split('/') {
                if let Some((from, to)) = item.split_once('-') {
                    let ends = split_model(from).zip(split_model(to));
                    if let Some(((first, from), (second, to))) = ends
                        && !first.is_empty()
                        && (second.is_empty() || first == second)
                        && from < to
                    {
                        self.ranges.insert(ModelRange {
                            prefix: first.to_owned(),
                            from,
                            to,
                        });
                    }
                    continue;
                }
                match split_model(item) {
                    Some(("", _)) if !prefix.is_empty() => {
                        self.models.insert(format!("{prefix}{item}"));
                    }
                    Some((letters, _)) => prefix = letters,
                    None => {}
                }
            }
        }
    }

    /// Whether nothing of the name tells products apart.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.models.is_empty()
    }

    /// Words and models under which an index finds it.
    pub(crate) fn terms(&self) -> BTreeSet<&str> {
        self.words
            .iter()
            .chain(&self.models)
            .map(String::as_str)
            .collect()
    }

    /// Whether it names ranges of models, which no term finds.
    pub(crate) fn has_ranges(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// Model numbers of letters and digits, five characters and more: alone they are enough to recognise a product.
    pub(crate) fn strong_models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(String::as_str).filter(|model| {
            model.len() >= 5
                && model.chars().any(|c| c.is_ascii_alphabetic())
                && model.chars().any(|c| c.is_ascii_digit())
        })
    }

    /// Model numbers.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(String::as_str)
    }

    /// Its words, joined: equal for equal names.
    pub(crate) fn words(&self) -> String {
        self.words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether a model of the device is one of these; a bare number needs another word in common.
    fn names_a_model_of(&self, device: &Self) -> bool {
        let in_range = |model: &String| {
            split_model(model).is_some_and(|(prefix, number)| {
                self.ranges.iter().any(|range| {
                    range.prefix == prefix && (range.from..=range.to).contains(&number)
                })
            })
        };
        let mut models = device.models.iter();
        models.any(|model| {
            let named = self.models.contains(model) || in_range(model);
            // "X2" is a model of many makers' many lines, and so is "4000".
            let strong = model.len() >= 4 && model.chars().any(|c| c.is_ascii_alphabetic());
            let other_word = || {
                let rest = |key: &Self| {
                    key.words
                        .iter()
                        .filter(|word| *word != model)
                        .cloned()
                        .collect::<BTreeSet<_>>()
                };
                let (own, others) = (rest(self), rest(device));
                own.is_empty() || others.is_empty() || !own.is_disjoint(&others)
            };
            named && (strong || other_word())
        })
    }

    /// How well a device's product is this one, as a publisher names it; `None` when it is another.
    #[must_use]
    pub fn fit(&self, device: &Self) -> Option<Fit> {
        if self.is_empty() || device.is_empty() {
            return None;
        }
        if self.words == device.words {
            return Some(Fit::Same);
        }
        if self.names_a_model_of(device) {
            return Some(Fit::Model);
        }
        // Both have model numbers, and not the same ones.
        let own = |key: &Self| {
            key.words
                .iter()
                .any(|word| is_model(word) && key.models.contains(word))
        };
        let short = self.words.iter().all(|word| word.chars().count() <= 2);
        if !self.words.is_empty() && !short && self.words.is_subset(&device.words) {
            return Some(Fit::Covered);
        }
        let subset = !device.words.is_empty() && device.words.is_subset(&self.words);
        if subset && !own(device) {
            return Some(Fit::Family);
        }
        // "IntelliVue" and model ranges: the family word is there, the model is not told.
        None
    }
}
