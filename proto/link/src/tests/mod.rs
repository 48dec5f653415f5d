//! Both ends over real loopback TLS, with certificates made for each test.

mod flow;
mod limits;
mod pki;
mod refusals;
mod rotation;
mod world;
