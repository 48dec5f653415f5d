//! A site and everything in it: what a sensor could see, and the truth that it cannot.
//!
//! Fields named `truth`, and the types [`Truth`], [`Reach`] and [`Weakness::present`], are hidden from whatever is judged: the site's
//! JSON (`export`) and the observations (`load`) leave them out.

use std::net::Ipv4Addr;

use crate::address::{Address, Subnet};
use crate::kind::{Clinical, Data, EntryKind, Kind, Mission, Model, Place, Safety};
use crate::profile::Profile;
use crate::weakness::FlawFacts;

/// One hospital site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Name, unique in the estate.
    pub name: String,
    /// The seed of its estate: products and their flaws are the same at every site.
    pub estate_seed: u64,
    /// The seed of the site, derived from the estate's and the name.
    pub seed: u64,
    /// Buildings by name.
    pub buildings: Vec<String>,
    /// Wards: name and building.
    pub wards: Vec<Ward>,
    /// Network segments.
    pub segments: Vec<Segment>,
    /// Devices; a device's number is its index.
    pub devices: Vec<Device>,
    /// Who talks to whom.
    pub conversations: Vec<Conversation>,
    /// Every flaw that some device may have.
    pub flaws: Vec<FlawFacts>,
    /// Hidden: what the network really lets through.
    pub reach: Reach,
    /// Hidden: routes into life-sustaining devices that were laid on purpose.
    pub planted: Vec<Planted>,
}

/// A ward or department.
#[derive(Clone, Debug)]
pub struct Ward {
    /// For instance `w07`.
    pub name: String,
    /// Index of the building.
    pub building: usize,
}

/// A VLAN with its subnet.
#[derive(Clone, Debug)]
pub struct Segment {
    /// `vlan-112`.
    pub name: String,
    /// 802.1Q identifier.
    pub vlan: u16,
    /// Family.
    pub place: Place,
    /// IPv4 subnet; sites use the same private ranges.
    pub subnet: Subnet,
    /// Index of the ward it serves, for access segments.
    pub ward: Option<usize>,
    /// Router address.
    pub router: Ipv4Addr,
}

/// One device.
#[derive(Clone, Debug)]
pub struct Device {
    /// What it is.
    pub kind: &'static Kind,
    /// Make and model.
    pub model: &'static Model,
    /// Names and numbers that identify it.
    pub identity: Identity,
    /// Index of its segment.
    pub segment: usize,
    /// Index of its ward, where it belongs to one.
    pub ward: Option<usize>,
    /// Its addresses.
    pub address: Address,
    /// Services it may offer.
    pub services: Vec<Offered>,
    /// What depends on it.
    pub clinical: Context,
    /// Whether and how one gets to it from outside.
    pub entry: Option<EntryPoint>,
    /// What a scanner would list, and what is really there.
    pub weaknesses: Vec<Weakness>,
    /// What a passive observer can tell of its identity.
    pub visible: Visible,
    /// Hidden.
    pub truth: Truth,
}

/// Identity strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Serial number.
    pub serial: String,
    /// Host name, at most 15 characters.
    pub hostname: String,
    /// DICOM application entity title, at most 16 characters.
    pub ae_title: String,
    /// A version 4 shaped UUID.
    pub uuid: String,
}

/// A service that a device may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// `tcp/104`.
    pub id: &'static str,
    /// Hidden: whether it answers.
    pub up: bool,
    /// What an observer knows of it.
    pub evidence: Evidence,
}

/// What an observer knows of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Answered a client.
    Served,
    /// A banner or announcement named it.
    Banner,
    /// A document (MDS2) declares it.
    Declared,
    /// Refused a client.
    Refused,
    /// Nobody has seen it and no document names it: it is here because an advisory reaches the product through it.
    Unseen,
}

/// Clinical context of one device.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Safety impact.
    pub safety: Safety,
    /// Mission impact.
    pub mission: Mission,
    /// Data handled.
    pub data: &'static [Data],
    /// Patient records on it.
    pub records: u32,
    /// Whether a clinical fallback exists.
    pub fallback: bool,
    /// Share of time in use.
    pub in_use: f64,
    /// Benefit, 0..=1.
    pub benefit: f64,
}

/// A way in from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntryPoint {
    /// What kind of way.
    pub kind: EntryKind,
    /// Weight as the hospital would state it.
    pub weight: f64,
    /// Hidden: how often attackers really come this way, relative to others.
    pub true_weight: f64,
}

/// A flaw on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weakness {
    /// Index into [`Site::flaws`].
    pub flaw: usize,
    /// Index into the device's services; `None` for a local flaw.
    pub service: Option<usize>,
    /// How a scanner that knows the visible identity lists it; `None` when it does not.
    pub listed: Option<Match>,
    /// Hidden: whether the device really has it.
    pub present: bool,
}

/// Verdict of matching visible versions against advisories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The version is in the affected range.
    Affected,
    /// The product is named, the version is not known.
    UnknownVersion,
    /// Only the product family fits.
    ProductFamily,
    /// A component that the product is said to contain.
    Component,
    /// The maker says it is looking into it.
    UnderInvestigation,
    /// The maker says it is not affected.
    NotAffected,
    /// The version has the fix.
    Fixed,
}

/// What can be told of a device's identity from its traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visible {
    /// Probability an observer gives to the true model.
    pub confidence: f64,
    /// A rival model, by index in the kind's models, with its probability.
    pub rival: Option<(usize, f64)>,
    /// Index of the version an observer reads; may be out of date.
    pub version: Option<usize>,
}

/// What nobody sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Index of the version that runs.
    pub version: usize,
    /// Years since its operating system was last patched.
    pub patch_age: f64,
    /// A host firewall lets only its known peers in.
    pub guarded: bool,
    /// Loss if it is taken over completely, in the attacker's ground truth.
    pub loss: f64,
    /// Years it has been in service.
    pub age: f64,
    /// Comes from the loan pool.
    pub loaner: bool,
}

/// Who talks to whom at which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Client device.
    pub client: u32,
    /// Server device.
    pub server: u32,
    /// Index into the server's services.
    pub service: u16,
    /// Days of the last thirty with traffic.
    pub days_seen: u8,
    /// Days since the last traffic.
    pub days_since: u16,
    /// Bytes in the last thirty days.
    pub bytes: u64,
    /// Needed for care.
    pub clinical: bool,
}

/// Hidden: what the network really lets through. Inside a segment everything reaches everything unless it is isolated.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Per segment: clients cannot reach each other.
    pub isolated: Vec<bool>,
    /// Per segment: the segments it reaches at any service.
    pub open: Vec<Vec<usize>>,
    /// Per segment: single services of single devices it reaches (device, index of the service).
    pub pinholes: Vec<Vec<(u32, u16)>>,
}

/// A route that was laid into the site, from an entry point to a device that sustains life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// Device of the entry point.
    pub entry: u32,
    /// The steps after it: device and index into its weaknesses; the last one is the target.
    pub steps: Vec<(u32, usize)>,
}

impl Site {
    /// Stable identifier of a device, unique in the site.
    #[must_use]
    pub fn device_id(&self, device: usize) -> String {
        format!("{}-{device:05}", self.name)
    }
}

impl Device {
    /// How this device looks on the wire.
    #[must_use]
    pub fn profiles(&self, site: &Site) -> Vec<Profile<String>> {
        let ward = self
            .ward
            .and_then(|ward| site.wards.get(ward))
            .map_or("", |ward| ward.name.as_str());
        let version = self
            .model
            .versions
            .get(self.truth.version)
            .copied()
            .unwrap_or("");
        let fill = |template: &str| {
            if !template.contains('{') {
                return template.to_owned();
            }
            template
                .replace("{vendor}", self.model.vendor)
                .replace("{product}", self.model.product)
                .replace("{version}", version)
                .replace("{serial}", &self.identity.serial)
                .replace("{hostname}", &self.identity.hostname)
                .replace("{ae}", &self.identity.ae_title)
                .replace("{uuid}", &self.identity.uuid)
                .replace("{mac}", &self.address.burnt_in.hex())
                .replace("{eui64}", &self.address.burnt_in.eui64())
                .replace("{site}", &site.name)
                .replace("{ward}", ward)
        };
        self.kind.wire.iter().map(|p| p.fill(fill)).collect()
    }
}

impl Clinical {
    /// Human impact in four steps (SSVC human impact table 1.0.0): 0 low, 1 medium, 2 high, 3 very high.
    #[must_use]
    pub const fn human_impact(safety: Safety, mission: Mission) -> u8 {
        match (safety, mission) {
            (Safety::Catastrophic, _) => 3,
            (Safety::Critical, Mission::None) => 1,
            (Safety::Critical, _) => 2,
            (_, Mission::Essential) => 1,
            _ => 0,
        }
    }
}
