//! The synthetic hospital on the wire: what `auscult-hospital` models, `auscult-wire` speaks.
//!
//! [`estate`] lets the modelled sites stand through a few busy hours with churn in between; [`mapping`] says each moment of a site in the
//! words of the wire, field by field; [`play`] plays it and [`register`] keeps which device had which addresses when, and what it said.
//!
//! It uses no other crate of the project than these two, because its captures judge the product.
#![forbid(unsafe_code)]

pub mod estate;
pub mod identification;
pub mod mapping;
pub mod play;
pub mod register;
