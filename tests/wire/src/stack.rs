//! What an operating system's TCP/IP stack shows of itself in every packet.

use bytes::BufMut;

/// One option of a SYN, in the order in which the stack writes it (RFC 9293 §3.2, RFC 7323, RFC 2018).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynOption {
    /// Maximum segment size.
    Mss,
    /// No operation (padding).
    Nop,
    /// Window scale.
    WindowScale,
    /// Selective acknowledgement permitted.
    SackPermitted,
    /// Timestamps; when both ends write them, every later segment carries them too.
    Timestamps,
    /// End of the options, and padding to a multiple of four.
    End,
}

/// The habits of one stack. TTL, window and option order are the published default values of the systems named.
#[derive(Debug)]
pub struct Stack {
    /// Initial TTL or hop limit.
    pub ttl: u8,
    /// Whether IPv4 packets forbid fragmentation.
    pub dont_fragment: bool,
    /// Window of the SYN.
    pub window: u16,
    /// Window scale exponent, where the option is written.
    pub window_scale: u8,
    /// MSS over IPv4; over IPv6 it is 20 less.
    pub mss: u16,
    /// Options of the SYN, in order.
    pub syn_options: &'static [SynOption],
}

use SynOption::{End, Mss, Nop, SackPermitted, Timestamps, WindowScale};

/// Windows 7 to 11 and Server.
pub static WINDOWS: Stack = Stack {
    ttl: 128,
    dont_fragment: true,
    window: 64_240,
    window_scale: 8,
    mss: 1_460,
    syn_options: &[Mss, Nop, WindowScale, Nop, Nop, SackPermitted],
};

/// Windows XP, still inside devices.
pub static WINDOWS_XP: Stack = Stack {
    ttl: 128,
    dont_fragment: true,
    window: 65_535,
    window_scale: 0,
    mss: 1_460,
    syn_options: &[Mss, Nop, Nop, SackPermitted],
};

/// Linux since 4.19.
pub static LINUX: Stack = Stack {
    ttl: 64,
    dont_fragment: true,
    window: 64_240,
    window_scale: 7,
    mss: 1_460,
    syn_options: &[Mss, SackPermitted, Timestamps, Nop, WindowScale],
};

/// `VxWorks` with its default configuration.
pub static VXWORKS: Stack = Stack {
    ttl: 64,
    dont_fragment: false,
    window: 8_192,
    window_scale: 0,
    mss: 1_460,
    syn_options: &[Mss, Nop, WindowScale, Nop, Nop, Timestamps],
};

/// lwIP and its like in small modules: one option.
pub static EMBEDDED: Stack = Stack {
    ttl: 255,
    dont_fragment: false,
    window: 5_840,
    window_scale: 0,
    mss: 1_460,
    syn_options: &[Mss],
};

/// macOS and iOS.
pub static APPLE: Stack = Stack {
    ttl: 64,
    dont_fragment: true,
    window: 65_535,
    window_scale: 6,
    mss: 1_460,
    syn_options: &[
        Mss,
        Nop,
        WindowScale,
        Nop,
        Nop,
        Timestamps,
        SackPermitted,
        End,
    ],
};

/// Cisco IOS and most small switches and routers.
pub static NETWORK: Stack = Stack {
    ttl: 255,
    dont_fragment: false,
    window: 4_128,
    window_scale: 0,
    mss: 1_460,
    syn_options: &[Mss],
};

impl Stack {
    /// Whether the stack writes this option in its SYN.
    #[must_use]
    pub fn has(&self, option: SynOption) -> bool {
        self.syn_options.contains(&option)
    }

    /// Writes the options of a SYN or SYN-ACK. `allowed` says which the peer offered (everything, for a SYN).
    pub fn write_syn_options(
        &self,
        mss: u16,
        timestamps: (u32, u32),
        allowed: &dyn Fn(SynOption) -> bool,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        // The NOPs before an option align it: they go with it.
        let mut padding = 0;
        for option in self.syn_options {
            if *option == Nop {
                padding += 1;
                continue;
            }
            if allowed(*option) {
                out.put_bytes(1, padding);
                self.write_syn_option(*option, mss, timestamps, out);
            }
            padding = 0;
        }
        while !(out.len() - start).is_multiple_of(4) {
            // RFC 9293: the rest of the header must be zero after the end of the options; before it, NOPs.
            out.put_u8(if self.has(End) { 0 } else { 1 });
        }
    }

    fn write_syn_option(
        &self,
        option: SynOption,
        mss: u16,
        timestamps: (u32, u32),
        out: &mut Vec<u8>,
    ) {
        match option {
            Mss => {
                out.put_slice(&[2, 4]);
                out.put_u16(mss);
            }
            Nop => out.put_u8(1),
            WindowScale => out.put_slice(&[3, 3, self.window_scale]),
            SackPermitted => out.put_slice(&[4, 2]),
            Timestamps => {
                out.put_slice(&[8, 10]);
                out.put_u32(timestamps.0);
                out.put_u32(timestamps.1);
            }
            End => out.put_u8(0),
        }
    }
}
