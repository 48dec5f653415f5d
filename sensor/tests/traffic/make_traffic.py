#!/usr/bin/env python3
"""Makes the small capture that the sensor's tests replay: north.pcap.

Deterministic, standard library only. Every frame is built here from the protocol standards (RFC 2131, IEEE 802.1AB, DICOM PS3.8,
HL7 v2 over MLLP); names, addresses and people are invented.

Usage: make_traffic.py [FOLDER]      writes FOLDER/north.pcap (default: beside this script)
"""
import os, struct, sys


def mac(text): return bytes.fromhex(text.replace(':', ''))
def ip(text): return bytes(int(part) for part in text.split('.'))


def checksum(data):
    if len(data) % 2: data += b'\0'
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total > 0xffff: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    """Frames in time order; one VLAN tag per site segment."""

    def __init__(self, vlan):
        self.frames, self.now_us, self.vlan, self.ident = [], 1_767_225_600_000_000, vlan, 0

    def wait(self, milliseconds): self.now_us += int(milliseconds * 1000)

    def ethernet(self, dst, src, ethertype, payload, tagged=True):
        tag = struct.pack('>HH', 0x8100, self.vlan) if tagged else b''
        frame = dst + src + tag + struct.pack('>H', ethertype) + payload
        self.frames.append((self.now_us, frame.ljust(60, b'\0')))
        self.wait(0.4)

    def llc(self, dst, src, payload):
        self.frames.append((self.now_us, (dst + src + struct.pack('>H', len(payload)) + payload).ljust(60, b'\0')))
        self.wait(0.4)

    def ipv4(self, src, dst, protocol, payload, ttl=64):
        self.ident = (self.ident + 1) & 0xffff
        header = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), self.ident, 0x4000, ttl, protocol, 0, ip(src[1]), ip(dst[1]))
        header = header[:10] + struct.pack('>H', checksum(header)) + header[12:]
        self.ethernet(mac(dst[0]), mac(src[0]), 0x0800, header + payload)

    def udp(self, src, dst, sport, dport, payload):
        pseudo = ip(src[1]) + ip(dst[1]) + struct.pack('>BBH', 0, 17, 8 + len(payload))
        segment = struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload
        segment = segment[:6] + struct.pack('>H', checksum(pseudo + segment) or 0xffff) + segment[8:]
        self.ipv4(src, dst, 17, segment)

    def tcp_segment(self, src, dst, sport, dport, seq, ack, flags, payload=b''):
        pseudo = ip(src[1]) + ip(dst[1]) + struct.pack('>BBH', 0, 6, 20 + len(payload))
        segment = struct.pack('>HHIIBBHHH', sport, dport, seq, ack, 0x50, flags, 64240, 0, 0) + payload
        segment = segment[:16] + struct.pack('>H', checksum(pseudo + segment)) + segment[18:]
        self.ipv4(src, dst, 6, segment)

    def tcp(self, client, server, sport, dport, exchange):
        """A whole connection; exchange = [('>' or '<', bytes), ...]."""
        up, down = 1000 + sport, 9000 + sport
        self.tcp_segment(client, server, sport, dport, up, 0, 0x02)
        self.tcp_segment(server, client, dport, sport, down, up + 1, 0x12)
        up, down = up + 1, down + 1
        self.tcp_segment(client, server, sport, dport, up, down, 0x10)
        for direction, data in exchange:
            for start in range(0, len(data), 1400):
                part = data[start:start + 1400]
                if direction == '>':
                    self.tcp_segment(client, server, sport, dport, up, down, 0x18, part)
                    up += len(part)
                    self.tcp_segment(server, client, dport, sport, down, up, 0x10)
                else:
                    self.tcp_segment(server, client, dport, sport, down, up, 0x18, part)
                    down += len(part)
                    self.tcp_segment(client, server, sport, dport, up, down, 0x10)
        self.tcp_segment(client, server, sport, dport, up, down, 0x11)
        self.tcp_segment(server, client, dport, sport, down, up + 1, 0x11)
        self.tcp_segment(client, server, sport, dport, up + 1, down + 1, 0x10)

    def arp(self, sender, target):
        body = struct.pack('>HHBBH', 1, 0x0800, 6, 4, 1) + mac(sender[0]) + ip(sender[1]) + bytes(6) + ip(target[1])
        self.ethernet(b'\xff' * 6, mac(sender[0]), 0x0806, body)
        body = struct.pack('>HHBBH', 1, 0x0800, 6, 4, 2) + mac(target[0]) + ip(target[1]) + mac(sender[0]) + ip(sender[1])
        self.ethernet(mac(sender[0]), mac(target[0]), 0x0806, body)

    def dhcp(self, device, server, hostname, vendor_class, parameters, xid):
        def message(op, kind, yiaddr, options):
            fixed = struct.pack('>BBBBIHH4s4s4s4s16s64s128s', op, 1, 6, 0, xid, 0, 0, bytes(4), yiaddr, bytes(4), bytes(4), mac(device[0]) + bytes(10), b'', b'')
            body = b'\x63\x82\x53\x63' + bytes([53, 1, kind])
            for code, value in options: body += bytes([code, len(value)]) + value
            return fixed + body + b'\xff'
        nobody, everybody = (device[0], '0.0.0.0'), ('ff:ff:ff:ff:ff:ff', '255.255.255.255')
        asks = [(61, b'\x01' + mac(device[0])), (12, hostname.encode()), (60, vendor_class.encode()), (55, bytes(parameters))]
        lease = [(54, ip(server[1])), (51, struct.pack('>I', 28800)), (1, ip('255.255.255.0')), (3, ip(server[1]))]
        self.udp(nobody, everybody, 68, 67, message(1, 1, bytes(4), asks))
        self.udp(server, everybody, 67, 68, message(2, 2, ip(device[1]), lease))
        self.udp(nobody, everybody, 68, 67, message(1, 3, bytes(4), [(50, ip(device[1]))] + asks))
        self.udp(server, everybody, 67, 68, message(2, 5, ip(device[1]), lease))

    def lldp(self, source, port, name, description, capabilities, med=()):
        def tlv(kind, value): return struct.pack('>H', kind << 9 | len(value)) + value
        body = tlv(1, b'\x04' + mac(source[0])) + tlv(2, b'\x05' + port.encode()) + tlv(3, b'\x00\x78')
        body += tlv(5, name.encode()) + tlv(6, description.encode()) + tlv(7, struct.pack('>HH', capabilities, capabilities))
        for subtype, value in med: body += tlv(127, b'\x00\x12\xbb' + bytes([subtype]) + value.encode())
        self.ethernet(mac('01:80:c2:00:00:0e'), mac(source[0]), 0x88cc, body + tlv(0, b''), tagged=False)

    def cdp(self, source, name, platform, version, port):
        def tlv(kind, value): return struct.pack('>HH', kind, 4 + len(value)) + value
        body = tlv(1, name.encode()) + tlv(3, port.encode()) + tlv(4, struct.pack('>I', 0x28)) + tlv(5, version.encode()) + tlv(6, platform.encode())
        packet = b'\x02\xb4\x00\x00' + body
        packet = packet[:2] + struct.pack('>H', checksum(packet)) + packet[4:]
        self.llc(mac('01:00:0c:cc:cc:cc'), mac(source[0]), b'\xaa\xaa\x03\x00\x00\x0c\x20\x00' + packet)

    def dicom(self, client, server, sport, calling, called, sop_classes, implementation, version):
        def item(kind, value): return struct.pack('>BBH', kind, 0, len(value)) + value
        def user(uid, name): return item(0x50, item(0x51, struct.pack('>I', 16384)) + item(0x52, uid.encode()) + item(0x55, name.encode()))
        def associate(kind, contexts, uid, name):
            body = struct.pack('>HH', 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
            body += item(0x10, b'1.2.840.10008.3.1.1.1') + contexts + user(uid, name)
            return struct.pack('>BBI', kind, 0, len(body)) + body
        little_endian = item(0x40, b'1.2.840.10008.1.2.1')
        proposed = b''.join(item(0x20, bytes([2 * i + 1, 0, 0, 0]) + item(0x30, uid.encode()) + little_endian) for i, uid in enumerate(sop_classes))
        accepted = b''.join(item(0x21, bytes([2 * i + 1, 0, 0, 0]) + little_endian) for i, _ in enumerate(sop_classes))
        self.tcp(client, server, sport, 104, [
            ('>', associate(1, proposed, implementation, version)),
            ('<', associate(2, accepted, '1.2.276.0.7230010.3.0.3.6.8', 'ARCHIVE_68')),
            ('>', struct.pack('>BBI', 5, 0, 4) + bytes(4)),
            ('<', struct.pack('>BBI', 6, 0, 4) + bytes(4)),
        ])

    def hl7(self, client, server, sport, application, facility, kind, control, software=None):
        head = f'MSH|^~\\&|{application}|{facility}|HUB|MAIN|20260101000000||{kind}|{control}|P|2.6\r'
        if software: head += 'SFT|' + '|'.join(software) + '\r'
        head += 'PID|1||00000000^^^DEMO^MR||DEMO^PATIENT\rOBX|1|NM|0^DEMO||1\r'
        answer = f'MSH|^~\\&|HUB|MAIN|{application}|{facility}|20260101000000||ACK|{control}|P|2.6\rMSA|AA|{control}\r'
        self.tcp(client, server, sport, 2575, [('>', b'\x0b' + head.encode() + b'\x1c\r'), ('<', b'\x0b' + answer.encode() + b'\x1c\r')])

    def write(self, path):
        with open(path, 'wb') as file:
            file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for at, frame in self.frames:
                file.write(struct.pack('<IIII', at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame)


CT_CLASSES = ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.31', '1.2.840.10008.3.1.2.3.3', '1.2.840.10008.1.1']
US_CLASSES = ['1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.5.1.4.31', '1.2.840.10008.1.1']
WINDOWS = [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252]
EMBEDDED = [1, 3, 28, 6, 12, 15, 42]


def north():
    c = Capture(vlan=110)
    gateway = ('00:1e:f6:10:00:01', '10.10.0.1')
    switch = ('00:1e:f6:10:00:02', '10.10.0.2')
    archive = ('00:50:56:aa:10:10', '10.10.0.10')
    engine = ('00:50:56:aa:10:11', '10.10.0.11')
    scanner = ('08:00:19:10:20:01', '10.10.0.21')
    ultrasound = ('00:05:f6:10:20:02', '10.10.0.22')
    analyzer = ('00:30:64:10:30:01', '10.10.0.31')
    pumps = [('00:03:b1:10:40:%02x' % n, '10.10.0.%d' % (40 + n)) for n in range(1, 9)]
    monitors = [('00:09:fb:10:50:%02x' % n, '10.10.0.%d' % (60 + n)) for n in range(1, 7)]
    c.lldp(switch, 'Gi1/0/1', 'sw-north-2', 'Access switch, software 15.2(7)E4', 0x0014)
    c.cdp(switch, 'sw-north-2', 'cisco WS-C2960X-48TS-L', 'Cisco IOS Software, C2960X Software, Version 15.2(7)E4', 'GigabitEthernet1/0/1')
    for number, pump in enumerate(pumps, 1):
        c.dhcp(pump, gateway, f'pump-n-{number:02}', 'infusion-pump-wifi 1.9', EMBEDDED, 0x4e000000 + number)
        c.arp(pump, gateway)
        c.hl7(pump, engine, 50000 + number, f'PUMP_N{number:02}', 'NORTH_ICU', 'ORU^R01^ORU_R01', f'N{number:05}')
        c.wait(120)
    for number, monitor in enumerate(monitors, 1):
        c.dhcp(monitor, gateway, f'monitor-n-{number:02}', 'patient-monitor', EMBEDDED[:5], 0x4e010000 + number)
        c.arp(monitor, gateway)
        c.wait(120)
    c.dhcp(scanner, gateway, 'ct-north-1', 'MSFT 5.0', WINDOWS, 0x4e020001)
    c.arp(scanner, archive)
    c.dicom(scanner, archive, 51001, 'CT_NORTH_1', 'ARCHIVE', CT_CLASSES, '1.2.840.113619.6.55', 'CT_CONSOLE_7')
    c.wait(200)
    c.dhcp(ultrasound, gateway, 'us-north-1', 'MSFT 5.0', WINDOWS, 0x4e020002)
    c.arp(ultrasound, archive)
    c.dicom(ultrasound, archive, 51002, 'US_NORTH_1', 'ARCHIVE', US_CLASSES, '1.2.840.114340.3', 'US_PORTABLE_3')
    c.wait(200)
    c.arp(analyzer, engine)
    c.hl7(analyzer, engine, 52001, 'LAB_ANALYZER_N', 'NORTH_LAB', 'OUL^R22^OUL_R22', 'N90001', ['Example Diagnostics', '4.2.1', 'Analyzer Suite', 'AS-421'])
    c.arp(engine, gateway)
    c.lldp(('00:04:0d:10:60:01', ''), 'eth0', 'phone-n-01', 'Desk phone', 0x0024, [(5, 'HW 2'), (6, 'FW 1.8'), (7, 'SW 6.6.0'), (8, 'SN-N-0001'), (9, 'Example Telecom'), (10, 'Desk 9608')])
    return c


folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
capture = north()
capture.write(os.path.join(folder, 'north.pcap'))
print('north', len(capture.frames), 'frames')
