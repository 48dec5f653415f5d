//! One file a protocol: typed messages to bytes, and the exchanges that devices really have with them, with the facts they state.

pub mod arp;
pub mod astm;
pub mod cdp;
pub mod dhcp;
pub mod dicom;
pub mod dns;
pub mod hl7;
pub mod http;
pub mod intellivue;
pub mod lldp;
pub mod mdns;
pub mod nbns;
pub mod ndp;
pub mod ntp;
pub mod poct1a;
pub mod pump;
pub mod sdc;
pub mod smb;
pub mod snmp;
pub mod ssdp;
pub mod syslog;
pub mod tls;
