//! The only way to make a value: cleaned, bounded, and refused where it looks like something about a person.
//!
//! A protocol names the attribute, the wire field and the weight of its source; what may appear in that attribute is decided
//! here, in one table ([`guard`]), so that a protocol cannot forget it.

use std::fmt::{self, Write};
use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, FactFlags, Subject};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, Field};

use crate::counters::ValuesDropped;
use crate::sink::{Context, Emission, Sink};

mod phi;
#[cfg(test)]
mod tests;
mod text;

pub use phi::{Guard, guard};
pub(crate) use text::Text;

/// A statement's attribute, the wire field it is read from, and how much that field weighs.
pub(crate) type Source = (Attribute, Field, ConfidenceClass);

/// Emits the statements of one message. Subject and doubts hold for all statements until they are changed.
#[derive(Debug)]
pub(crate) struct Emitter<'e, S: Sink> {
    context: &'e Context,
    sink: &'e mut S,
    dropped: &'e mut ValuesDropped,
    subject: Subject,
    is_own_word: bool,
    flags: FactFlags,
}

impl<'e, S: Sink> Emitter<'e, S> {
    /// For the sender of the frame in `context`, without doubts.
    pub(crate) fn new(
        context: &'e Context,
        sink: &'e mut S,
        dropped: &'e mut ValuesDropped,
    ) -> Self {
        Self {
            context,
            sink,
            dropped,
            subject: Subject::Sender,
            is_own_word: true,
            flags: FactFlags::default(),
        }
    }

    /// The frame and its sender.
    pub(crate) const fn context(&self) -> &Context {
        self.context
    }

    /// What follows is about this subject; about another than the sender it is hearsay.
    pub(crate) fn about(&mut self, subject: Subject) {
        self.is_own_word = subject == Subject::Sender;
        self.subject = subject;
    }

    /// What follows is the own word of an endpoint whose frames a router forwards: a reported subject, but no hearsay.
    pub(crate) fn about_sender_behind(&mut self, endpoint: Endpoint) {
        self.is_own_word = true;
        self.subject = Subject::Endpoint(endpoint);
    }

    /// Adds a doubt to what follows.
    pub(crate) fn doubt(&mut self, flags: FactFlags) {
        self.flags = self.flags.with(flags);
    }

    /// What follows is somebody else's word, whoever it is about.
    pub(crate) const fn hearsay(&mut self) {
        self.is_own_word = false;
    }

    /// States a text from the wire. An empty one says nothing; one that may not leave is counted.
    pub(crate) fn text(&mut self, (attribute, field, class): Source, raw: &[u8]) {
        let mut text = Text::new();
        let mut flags = text.push_wire(raw);
        if text.is_full() {
            flags = flags.with(FactFlags::TRUNCATED);
        }
        self.state((attribute, field, class), text.as_str(), flags);
    }

    /// States a value that the protocol made itself of numbers and addresses.
    pub(crate) fn value(&mut self, source: Source, value: impl fmt::Display) {
        let mut text = Text::new();
        // The only error is a full text, which the text remembers.
        let full = write!(text, "{value}").is_err() || text.is_full();
        let flags = if full {
            FactFlags::TRUNCATED
        } else {
            FactFlags::default()
        };
        self.state(source, text.as_str(), flags);
    }

    fn state(&mut self, (attribute, field, class): Source, value: &str, flags: FactFlags) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        if !phi::allows(attribute, value) {
            self.dropped.count(attribute);
            return;
        }
        let mut flags = flags.with(self.flags);
        if !self.is_own_word {
            flags = flags.with(FactFlags::HEARSAY);
        }
        // A frame without any usable address (raw IP from 0.0.0.0): the one it is about is all that is known of its sender.
        let mut context = *self.context;
        let mut subject = self.subject.clone();
        if context.sender.mac.is_none() && context.sender.ip.is_none() {
            let Subject::Endpoint(endpoint) = subject else {
                return;
            };
            context.sender = endpoint;
            subject = Subject::Sender;
        }
        self.sink.emit(
            &context,
            Emission::Fact {
                subject,
                attribute,
                field,
                value,
                class,
                flags,
            },
        );
    }

    /// States that an interface holds an address. Group, zero, unspecified, loopback and multicast addresses name no interface
    /// and are passed over.
    pub(crate) fn binding(
        &mut self,
        mac: Mac,
        ip: IpAddr,
        source: BindingSource,
        lease_s: u32,
        released: bool,
    ) {
        if !is_interface(mac) || !is_host(ip) || ip.is_loopback() {
            return;
        }
        let mut context = *self.context;
        if context.sender.mac.is_none() && context.sender.ip.is_none() {
            context.sender.mac = Some(mac);
        }
        self.sink.emit(
            &context,
            Emission::Binding {
                mac,
                ip,
                source,
                lease_s,
                released,
            },
        );
    }
}

/// Whether a link-layer address names one interface.
#[inline]
pub(crate) fn is_interface(mac: Mac) -> bool {
    !mac.is_group() && !mac.is_zero()
}

/// Whether a network address names one host.
#[inline]
pub(crate) fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            // 0.0.0.0/8 "this network", 224/4 multicast, 240/4 reserved with broadcast.
            first != 0 && first < 224
        }
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    }
}
