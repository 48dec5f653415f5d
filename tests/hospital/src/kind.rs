//! What a kind of device is: everything the model needs to make one, in one constant of one file under `kinds/`.

use serde::Serialize;

use crate::profile::Profile;

/// A kind of device. See `README.md`, "Adding a device kind".
#[derive(Clone, Debug)]
pub struct Kind {
    /// Unique name, also the device class in the site's JSON.
    pub name: &'static str,
    /// Coarse grouping, for mixes and counts.
    pub group: Group,
    /// How many a site has.
    pub count: Count,
    /// In which families of segments it stands, with weights.
    pub places: &'static [(Place, f64)],
    /// How it gets its addresses.
    pub addressing: Addressing,
    /// Makes and models with their versions and known flaws.
    pub models: &'static [Model],
    /// What it may serve.
    pub services: &'static [Service],
    /// To whom it talks, as a client.
    pub peers: &'static [&'static [Peer]],
    /// What depends on it.
    pub clinical: Clinical,
    /// Ways in from outside that some of them are.
    pub entries: &'static [Entry],
    /// How it looks on the wire.
    pub wire: &'static [Profile<&'static str>],
    /// How it comes, goes and moves.
    pub life: Life,
}

/// Coarse grouping of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Touches the patient or the diagnosis.
    Medical,
    /// Servers and stations that medical devices need.
    ClinicalIt,
    /// Ordinary information technology.
    It,
    /// Building services and physical security.
    Building,
    /// Networks, directories, gateways.
    Infrastructure,
}

/// How many devices of a kind a site has: `at_least`, plus `per_thousand` of the site's size.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// Floor, whatever the size.
    pub at_least: usize,
    /// Share of the site's devices, per thousand.
    pub per_thousand: f64,
}

/// Families of network segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Access network of a ward: medical and office devices mixed.
    Ward,
    /// Intensive care.
    Icu,
    /// Operating theatres.
    Theatre,
    /// Radiology, nuclear medicine, cardiology.
    Imaging,
    /// Clinical laboratory.
    Laboratory,
    /// Pharmacy and sterile services.
    Pharmacy,
    /// Administration.
    Office,
    /// The clinical wireless network.
    ClinicalWireless,
    /// The guest wireless network.
    Guest,
    /// Telephones.
    Voice,
    /// Building services.
    Building,
    /// Data centre.
    Servers,
    /// Exposed to the internet.
    Dmz,
    /// Where makers' remote access ends.
    VendorAccess,
    /// Network management.
    Management,
}

impl Place {
    /// All families, in the order segments are numbered.
    pub const ALL: [Self; 15] = [
        Self::Ward,
        Self::Icu,
        Self::Theatre,
        Self::Imaging,
        Self::Laboratory,
        Self::Pharmacy,
        Self::Office,
        Self::ClinicalWireless,
        Self::Guest,
        Self::Voice,
        Self::Building,
        Self::Servers,
        Self::Dmz,
        Self::VendorAccess,
        Self::Management,
    ];
}

/// How a kind gets its addresses; shares of devices in 0..=1.
#[derive(Clone, Copy, Debug)]
pub struct Addressing {
    /// Leased by DHCP; the others are set by hand.
    pub dhcp: f64,
    /// Also has an IPv6 address (EUI-64 in a unique local prefix).
    pub ipv6: f64,
    /// Uses a randomised, locally administered MAC.
    pub random_mac: f64,
    /// Reaches the network through a docking station's MAC.
    pub docked: f64,
}

/// Operating systems, as far as their flaws and patching differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    /// Windows XP or XP Embedded.
    WindowsXp,
    /// Windows 7 or its embedded edition.
    Windows7,
    /// Windows 10 LTSC/IoT inside an appliance.
    Windows10Iot,
    /// Windows 10/11 managed by the hospital.
    WindowsClient,
    /// Windows Server 2008 R2.
    Server2008,
    /// Windows Server 2012 R2 or 2016.
    Server2012,
    /// Windows Server 2019 or later.
    Server2019,
    /// Linux inside an appliance.
    LinuxEmbedded,
    /// Linux server managed by the hospital.
    LinuxServer,
    /// VxWorks.
    VxWorks,
    /// QNX or another real-time system without known stack flaws.
    Rtos,
    /// A small stack with the Treck or NicheStack families of flaws.
    TinyStack,
    /// Network operating systems.
    NetworkOs,
    /// Android.
    Android,
    /// iOS or macOS.
    Apple,
}

/// A make and model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Maker, as advisories write it.
    pub vendor: &'static str,
    /// Product, as advisories write it.
    pub product: &'static str,
    /// First three octets of its MAC addresses.
    pub oui: [u8; 3],
    /// What it runs on.
    pub os: Os,
    /// Weight among the models of its kind.
    pub share: f64,
    /// Versions in the field, oldest first.
    pub versions: &'static [&'static str],
    /// Flaws known of the product.
    pub flaws: &'static [Flaw],
}

/// A known flaw of a model.
#[derive(Clone, Copy, Debug)]
pub struct Flaw {
    /// CVE id; its facts are in the reference table.
    pub id: &'static str,
    /// The service it is reached through; empty for a local one.
    pub service: &'static str,
    /// Index of the first version without it; [`NEVER`] when there is none.
    pub fixed: usize,
}

/// No version fixes it.
pub const NEVER: usize = usize::MAX;

/// A service that devices of a kind may offer.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// `tcp/104`, `udp/161`.
    pub id: &'static str,
    /// Share of devices on which it really answers.
    pub up: f64,
}

/// A role this kind talks to, as client.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Name of the serving kind.
    pub kind: &'static str,
    /// Service of the server.
    pub service: &'static str,
    /// Share of this kind's devices that do so.
    pub share: f64,
    /// Which servers.
    pub choice: Choice,
    /// Mean kilobytes a day.
    pub kilobytes: u32,
    /// Needed for care: must not be cut.
    pub clinical: bool,
}

/// How a client chooses its servers.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// This many, the same for all clients of a segment as far as possible.
    Few(usize),
    /// This many, in the client's own segment where there are any.
    Near(usize),
    /// This many, anywhere in the site, each client for itself.
    Anywhere(usize),
    /// This share of all of them (management stations, gateways).
    Share(f64),
}

/// Consequence for patients if the device does what an attacker wants (SSVC safety impact).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Nobody is hurt.
    Negligible,
    /// Somebody may be hurt.
    Marginal,
    /// Somebody may die.
    Critical,
    /// Several may die.
    Catastrophic,
}

/// What the hospital's mission loses (SSVC words, as the site's JSON spells them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mission {
    /// Nothing essential.
    None,
    /// Supports an essential function.
    Support,
    /// Is an essential function.
    Essential,
}

/// Data classes of the MITRE rubric for medical devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Health information of identified persons.
    Phi,
    /// Diagnosis and monitoring.
    Diagnosis,
    /// Therapy delivery.
    Therapy,
    /// Clinical workflow.
    Workflow,
    /// Credentials and keys.
    Secrets,
    /// Other.
    Other,
}

/// Clinical context of a kind; a device varies around it.
#[derive(Clone, Copy, Debug)]
pub struct Clinical {
    /// Safety impact.
    pub safety: Safety,
    /// Mission impact.
    pub mission: Mission,
    /// Data it holds or handles.
    pub data: &'static [Data],
    /// Median number of patient records on it.
    pub records: u32,
    /// Share of devices for which a clinical fallback exists.
    pub fallback: f64,
    /// Mean share of time in use.
    pub in_use: f64,
    /// Benefit of having it, 0..=1.
    pub benefit: f64,
}

/// A way in from outside.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What kind of way.
    pub kind: EntryKind,
    /// Share of this kind's devices that are one.
    pub share: f64,
    /// How often it is used, relative to other entry points.
    pub weight: f64,
}

/// Kinds of entry points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A service exposed to the internet.
    Internet,
    /// A maker's remote access.
    VendorAccess,
    /// Mail and web of a person.
    MailWeb,
    /// Wireless.
    Wireless,
    /// Hands on it, USB included.
    Physical,
    /// Supply chain.
    Supplier,
}

/// How devices of a kind come, go and move.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Share replaced or retired a year.
    pub leaves: f64,
    /// Share that is lent between sites.
    pub loaned: f64,
    /// Firmware updates a year and device.
    pub updates: f64,
    /// Moves between segments a year and device.
    pub moves: f64,
}

impl Count {
    /// A share of the site.
    #[must_use]
    pub const fn per_thousand(per_thousand: f64) -> Self {
        Self {
            at_least: 0,
            per_thousand,
        }
    }

    /// At least some, more with size.
    #[must_use]
    pub const fn at_least(at_least: usize, per_thousand: f64) -> Self {
        Self {
            at_least,
            per_thousand,
        }
    }
}

impl Addressing {
    /// Set by hand.
    pub const STATIC: Self = Self::dhcp(0.05);

    /// Leased on this share of devices.
    #[must_use]
    pub const fn dhcp(dhcp: f64) -> Self {
        Self {
            dhcp,
            ipv6: 0.05,
            random_mac: 0.0,
            docked: 0.0,
        }
    }
}

impl Life {
    /// A device that stands where it stands.
    pub const FIXED: Self = Self {
        leaves: 0.10,
        loaned: 0.0,
        updates: 0.3,
        moves: 0.02,
    };
    /// A device on wheels.
    pub const MOBILE: Self = Self {
        leaves: 0.14,
        loaned: 0.02,
        updates: 0.4,
        moves: 1.5,
    };
    /// A managed computer.
    pub const MANAGED: Self = Self {
        leaves: 0.22,
        loaned: 0.0,
        updates: 8.0,
        moves: 0.2,
    };
}

/// A model; see the fields of [`Model`].
#[must_use]
pub const fn model(
    vendor: &'static str,
    product: &'static str,
    oui: [u8; 3],
    os: Os,
    share: f64,
    versions: &'static [&'static str],
    flaws: &'static [Flaw],
) -> Model {
    Model {
        vendor,
        product,
        oui,
        os,
        share,
        versions,
        flaws,
    }
}

/// A flaw reached through `service` (empty: local), fixed from version index `fixed` on.
#[must_use]
pub const fn flaw(id: &'static str, service: &'static str, fixed: usize) -> Flaw {
    Flaw { id, service, fixed }
}

/// A service that answers on the share `up` of devices.
#[must_use]
pub const fn service(id: &'static str, up: f64) -> Service {
    Service { id, up }
}

/// Talks to `kind` at `service`: one server, all devices, 100 kB a day, needed for care. The other functions change that.
#[must_use]
pub const fn peer(kind: &'static str, service: &'static str) -> Peer {
    Peer {
        kind,
        service,
        share: 1.0,
        choice: Choice::Few(1),
        kilobytes: 100,
        clinical: true,
    }
}

impl Peer {
    /// Only this share of the devices do.
    #[must_use]
    pub const fn share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// With these servers.
    #[must_use]
    pub const fn choice(self, choice: Choice) -> Self {
        Self { choice, ..self }
    }

    /// Mean kilobytes a day.
    #[must_use]
    pub const fn kilobytes(self, kilobytes: u32) -> Self {
        Self { kilobytes, ..self }
    }

    /// Not needed for care.
    #[must_use]
    pub const fn office(self) -> Self {
        Self {
            clinical: false,
            ..self
        }
    }
}

/// What every device that uses names and time asks for.
pub const BASIC: &[Peer] = &[
    peer("dns_dhcp_server", "udp/53")
        .office()
        .choice(Choice::Few(2))
        .kilobytes(40),
    peer("dns_dhcp_server", "udp/67")
        .office()
        .share(0.8)
        .kilobytes(2),
    peer("dns_dhcp_server", "udp/123").office().kilobytes(2),
];

/// What a member of the Windows domain does besides.
pub const DOMAIN: &[Peer] = &[
    peer("dns_dhcp_server", "udp/53")
        .office()
        .choice(Choice::Few(2))
        .kilobytes(300),
    peer("dns_dhcp_server", "udp/123").office().kilobytes(2),
    peer("dns_dhcp_server", "udp/67").office().kilobytes(2),
    peer("domain_controller", "tcp/88")
        .office()
        .choice(Choice::Few(2))
        .kilobytes(60),
    peer("domain_controller", "tcp/389")
        .office()
        .choice(Choice::Few(2))
        .kilobytes(200),
    peer("domain_controller", "tcp/445").office().kilobytes(400),
    peer("update_server", "tcp/8530")
        .office()
        .share(0.9)
        .kilobytes(4_000),
    peer("security_server", "tcp/443")
        .office()
        .share(0.9)
        .kilobytes(900),
];
