//! Facts to devices: bindings, identity, evidence fusion, lifecycle. Pure.
//!
//! [`SiteInventory`] is one site's whole graph. It folds one logged [`Batch`] at a time; everything it returns follows from its
//! state and that batch alone, so replaying the log gives the same bytes. Between two batches the state in memory is exactly what
//! the changelog records hold: [`SiteInventory::restore`] of them gives an equal inventory.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "tests build their own numbers"
    )
)]

mod address;
mod ask;
mod attribute;
mod batch;
mod conversation;
mod device;
mod event;
mod evidence;
mod fold;
mod id;
mod identify;
mod index;
mod inventory;
mod join;
mod key;
mod life;
mod policy;
mod position;
mod realm;
mod resolve;
mod role;
mod see;
mod snapshot;
mod state;
mod table;
mod talk;
mod work;

#[cfg(test)]
mod tests;

pub use ask::{Contact, Entity};
pub use attribute::name as attribute_name;
pub use batch::{Batch, BatchHeader};
pub use event::{
    AttributeSnapshot, BindingSnapshot, CandidateSnapshot, Cause, Changes, Confidence, Counts,
    DeviceClass, DeviceSnapshot, Event, EventKind, FieldChange, InterfaceSnapshot, RoleHint,
    ServiceSnapshot, SourceSnapshot, Status, Verdict,
};
pub use id::{ConversationId, DeviceId, Identifier};
pub use inventory::{Counters, SensorProgress, SiteInventory};
pub use key::{StateKey, kind_of_key, site_of_key};
pub use policy::Policy;
pub use realm::origin_text as realm_text;
pub use state::RestoreError;
pub use talk::service_name;
