//! Values of the role attribute: what an endpoint does for others.

/// Forwards packets between networks.
pub const ROUTER: &str = "router";
/// Leases addresses.
pub const DHCP_SERVER: &str = "dhcp-server";
/// Answers DICOM association requests.
pub const DICOM_SERVER: &str = "dicom-server";
