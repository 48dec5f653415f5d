//! Makers: names, former names, and who bought whom. Advisories are published under any of them.
//!
//! From the makers' own statements of acquisitions and the names used in CISA's medical advisories.

use std::collections::BTreeSet;

use super::{plain, separator};

/// Key, then the names that lead to it, each as its words in order.
const TABLE: &[(&str, &[&str])] = &[
    (
        "abbott",
        &["abbott", "st jude", "st jude medical", "alere", "thoratec"],
    ),
    ("agfa", &["agfa", "agfa healthcare"]),
    ("alivecor", &["alivecor"]),
    ("apache", &["apache", "apache software foundation"]),
    ("axis", &["axis communications", "axis"]),
    (
        "baxter",
        &[
            "baxter",
            "hillrom",
            "hill rom",
            "welch allyn",
            "eli",
            "mortara",
            "bard access",
        ],
    ),
    (
        "bbraun",
        &[
            "b braun",
            "bbraun",
            "b braun melsungen",
            "b braun medical",
            "braun",
        ],
    ),
    (
        "bd",
        &[
            "bd",
            "becton dickinson",
            "becton dickinson and company",
            "becton",
            "carefusion",
            "alaris",
            "pyxis",
            "cme medical",
            "bodyguard",
        ],
    ),
    ("beckman", &["beckman coulter", "beckman", "danaher"]),
    ("biotronik", &["biotronik"]),
    ("boston", &["boston scientific", "guidant"]),
    ("bpl", &["bpl", "bpl medical technologies"]),
    (
        "canon",
        &[
            "canon",
            "canon medical",
            "canon medical systems",
            "toshiba medical",
            "toshiba medical systems",
        ],
    ),
    (
        "carestream",
        &["carestream", "kodak health", "philips carestream"],
    ),
    ("change", &["change healthcare", "mckesson", "peervue"]),
    ("cisco", &["cisco", "cisco systems"]),
    (
        "contec",
        &[
            "contec",
            "contec medical systems",
            "contec health",
            "epsimed",
        ],
    ),
    (
        "draeger",
        &[
            "draeger",
            "drager",
            "draegerwerk",
            "draeger medical",
            "dragerwerk",
        ],
    ),
    ("edwards", &["edwards lifesciences", "edwards"]),
    (
        "fresenius",
        &[
            "fresenius",
            "fresenius kabi",
            "fresenius medical care",
            "vifor",
        ],
    ),
    (
        "fuji",
        &["fujifilm", "fuji film", "fujifilm sonosite", "sonosite"],
    ),
    (
        "ge",
        &[
            "ge",
            "ge healthcare",
            "general electric",
            "ge medical systems",
            "gehc",
            "datex ohmeda",
            "marquette",
            "imatron",
        ],
    ),
    ("getinge", &["getinge", "maquet"]),
    ("greenhills", &["green hills", "green hills software"]),
    (
        "hamilton",
        &["hamilton", "hamilton medical", "hamilton medical ag"],
    ),
    ("hologic", &["hologic"]),
    (
        "hp",
        &["hp", "hewlett packard", "hewlett packard enterprise", "hpe"],
    ),
    (
        "icumedical",
        &[
            "icu medical",
            "smiths medical",
            "smiths",
            "hospira",
            "pfizer hospira",
        ],
    ),
    ("illumina", &["illumina"]),
    (
        "innokas",
        &["innokas", "innokas yhtyma oy", "innokas medical"],
    ),
    ("insulet", &["insulet"]),
    ("isens", &["i sens", "isens"]),
    (
        "jnj",
        &[
            "johnson johnson",
            "johnson and johnson",
            "ethicon",
            "animas",
        ],
    ),
    ("lantronix", &["lantronix"]),
    ("masimo", &["masimo"]),
    (
        "medtronic",
        &["medtronic", "covidien", "minimed", "valleylab", "nellcor"],
    ),
    ("microdicom", &["microdicom"]),
    ("microsoft", &["microsoft"]),
    ("mindray", &["mindray", "shenzhen mindray", "datascope"]),
    ("moxa", &["moxa"]),
    ("natus", &["natus", "natus medical", "xltek"]),
    ("nihonkohden", &["nihon kohden"]),
    ("offis", &["offis", "dcmtk"]),
    ("omnicell", &["omnicell", "aesynt"]),
    ("openclinic", &["openclinic", "openclinic ga"]),
    ("orthanc", &["orthanc", "osimis", "orthanc server"]),
    (
        "philips",
        &[
            "philips",
            "phillips",
            "koninklijke philips",
            "philips healthcare",
            "philips medical systems",
            "royal philips",
            "respironics",
            "spectranetics",
            "capsule",
            "capsule technologies",
            "volcano",
        ],
    ),
    (
        "qualcomm",
        &["qualcomm", "qualcomm life", "capsule datacaptain"],
    ),
    ("realtimelogic", &["allegro", "rompager"]),
    ("roche", &["roche", "roche diagnostics"]),
    ("santesoft", &["santesoft", "sante"]),
    ("sectra", &["sectra"]),
    (
        "siemens",
        &[
            "siemens",
            "siemens healthineers",
            "siemens healthcare",
            "siemens medical",
            "varian",
            "varian medical systems",
            "acuson",
        ],
    ),
    ("silex", &["silex", "silex technology"]),
    ("softneta", &["softneta", "meddream"]),
    (
        "sooil",
        &["sooil", "sooil developments", "sooil development"],
    ),
    ("spacelabs", &["spacelabs", "spacelabs healthcare"]),
    ("stryker", &["stryker", "physio control"]),
    (
        "swisslog",
        &["swisslog", "swisslog healthcare", "translogic"],
    ),
    ("vyaire", &["vyaire", "vyaire medical"]),
    (
        "windriver",
        &["wind river", "windriver", "wind river systems"],
    ),
    ("ypsomed", &["ypsomed"]),
    ("zoll", &["zoll", "zoll medical"]),
];

/// Endings that say what kind of company it is.
const LEGAL: [&str; 30] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ag",
    "kg",
    "kgaa",
    "sa",
    "se",
    "nv",
    "bv",
    "oy",
    "ab",
    "as",
    "plc",
    "spa",
    "srl",
    "sarl",
    "pvt",
    "pte",
    "kk",
    "holding",
    "international",
    "group",
];

fn words_of(text: &str) -> Vec<String> {
    let plain = plain(text);
    let words = plain.split(separator).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn without_legal(words: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while words.len() > 1 && words.last().is_some_and(|last| LEGAL.contains(last)) {
        words.pop();
    }
    words
}

/// The keys of a name in the table: of the longest names that stand in it.
fn known(words: &[&str]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (key, names) in TABLE {
        let stands = names.iter().any(|name| {
            // Most names share no first word with this one: a cheap look before the full comparison.
            if !words.iter().any(|word| name.starts_with(word)) {
                return false;
            }
            let length = name.split(' ').count();
            words
                .windows(length)
                .any(|window| window.iter().copied().eq(name.split(' ')))
        });
        if stands {
            keys.insert((*key).to_owned());
        }
    }
    keys
}

/// The keys of a maker's name: those of the table, or the name itself. A name of several makers ("Silex Technology and GE
/// Healthcare") has several; an empty one has none.
#[must_use]
pub fn keys(name: &str) -> BTreeSet<String> {
    let words = words_of(name);
    let words = without_legal(&words);
    let mut keys = known(&words);
    if keys.is_empty() && !words.is_empty() {
        keys.insert(words.join(" "));
    }
    keys
}

/// The words of a maker that say nothing in a product's name.
pub(super) fn words(vendor: &str) -> BTreeSet<String> {
    let own = words_of(vendor);
    let mut words: BTreeSet<String> = own.iter().cloned().collect();
    // Product lines among the names ("alaris", "pyxis") are words of products, and so stay.
    for key in known(&without_legal(&own)) {
        let names = TABLE.iter().find(|(known, _)| *known == key);
        for name in names
            .into_iter()
            .flat_map(|(_, names)| names.iter().take(4))
        {
            words.extend(name.split(' ').map(str::to_owned));
        }
    }
    for line in LINES {
        words.remove(line);
    }
    words
}

/// Product lines that are also names of makers.
const LINES: [&str; 12] = [
    "alaris",
    "pyxis",
    "bodyguard",
    "minimed",
    "valleylab",
    "xltek",
    "dcmtk",
    "openclinic",
    "orthanc",
    "capsule",
    "allegro",
    "eli",
];
