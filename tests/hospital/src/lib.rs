//! The synthetic hospital: an estate with known truth, true to products and protocols, that judges the product without using it.
//!
//! [`build::site`] makes a site from a seed; [`site::Site`] holds what a sensor could see beside the truth it cannot. [`churn`] lets
//! time pass, [`attack`] runs campaigns on the hidden truth, [`rank`] compares orders of work against what the campaigns cost, and
//! [`load`] turns the same model into a stream of observations.
#![forbid(unsafe_code)]

pub mod address;
pub mod attack;
pub mod build;
pub mod churn;
pub mod export;
pub mod kind;
pub mod kinds;
pub mod load;
pub mod profile;
pub mod random;
pub mod rank;
pub mod site;
pub mod truth;
pub mod weakness;
