"""Reads a capture with other people's libraries and compares what they find with the truth.

Usage: third_reading.py CAPTURE TRUTH CANARIES

tshark only puts the TCP streams together. pynetdicom and pydicom read DICOM, hl7 reads HL7, the schemas of sdc11073 judge SDC, and
small readers written after the standards read ASTM, POCT1-A, IntelliVue and the pump's protocol. Ends with 0 when every fact of these
protocols and every canary is found, and no fact that is not true.
"""

import collections
import csv
import gzip
import io
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import hl7
import pynetdicom.pdu
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

PREFIXES = ("astm.", "dicom.tag.", "dpws.", "hl7.", "intellivue.", "poct1a.", "pump.", "syslog.tag", "wsd.")
MDC = {"531969", "531970", "531972", "531975"}


def packets(capture):
    """Yields the innermost addresses, ports, stream and payload of every frame."""
    fields = "eth.src ip.src ipv6.src tcp.stream tcp.srcport tcp.dstport tcp.seq tcp.payload udp.srcport udp.dstport udp.payload".split()
    command = ["tshark", "-n", "-r", capture, "-T", "fields", "-E", "occurrence=l", "-o", "tcp.desegment_tcp_streams:FALSE"]
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        yield dict(zip(fields, line.split("\t")))


def conversations(capture):
    """One entry a direction of a TCP connection: (mac, ip, source port, destination port), bytes. And the UDP datagrams."""
    streams = collections.defaultdict(dict)
    datagrams = []
    for row in packets(capture):
        ip = row["ip.src"] or row["ipv6.src"]
        if row["tcp.payload"]:
            key = (int(row["tcp.stream"]), int(row["tcp.srcport"]), int(row["tcp.dstport"]), row["eth.src"], ip)
            streams[key].setdefault(int(row["tcp.seq"]), bytes.fromhex(row["tcp.payload"]))
        elif row["udp.payload"]:
            who = (row["eth.src"], ip)
            datagrams.append((who, int(row["udp.srcport"]), int(row["udp.dstport"]), bytes.fromhex(row["udp.payload"])))
    joined = {}
    for key, parts in streams.items():
        data, expected = b"", 1
        for sequence in sorted(parts):
            part = parts[sequence]
            if sequence < expected:
                part = part[expected - sequence:]
            elif sequence > expected:
                raise SystemExit(f"stream {key} has a hole at {expected}")
            data += part
            expected = max(expected, sequence + len(parts[sequence]))
        joined[key] = data
    return joined, datagrams


class Facts:
    def __init__(self):
        self.found = set()

    def add(self, who, attribute, value):
        self.found.add((attribute, str(value), *who))


def pdus(data):
    while data:
        length = struct.unpack(">I", data[2:6])[0]
        yield data[0], data[: 6 + length]
        data = data[6 + length:]


def read_dicom(streams, facts):
    classes = {1: pynetdicom.pdu.A_ASSOCIATE_RQ, 2: pynetdicom.pdu.A_ASSOCIATE_AC, 3: pynetdicom.pdu.A_ASSOCIATE_RJ,
               4: pynetdicom.pdu.P_DATA_TF, 5: pynetdicom.pdu.A_RELEASE_RQ, 6: pynetdicom.pdu.A_RELEASE_RP}
    syntaxes, sets, commands = {}, 0, collections.Counter()
    # Those who listen have the lower ports; what the caller says comes first.
    ours = sorted(streams.items(), key=lambda item: (item[0][0], -item[0][1]))
    for (stream, source, target, mac, ip), data in ours:
        if not {source, target} & {104, 11112}:
            continue
        fragments = collections.defaultdict(bytes)
        for kind, raw in pdus(data):
            pdu = classes[kind]()
            pdu.decode(raw)
            assert pdu.encode() == raw, "pynetdicom writes the PDU back as it was"
            if kind == 1:
                for context in pdu.presentation_context:
                    syntaxes[stream, context.context_id] = context.transfer_syntax[0]
            if kind != 4:
                continue
            for item in pdu.presentation_data_value_items:
                control, fragment = item.data[0], item.data[1:]
                key = (item.context_id, control & 1)
                fragments[key] += fragment
                if control & 2:
                    whole = fragments.pop(key)
                    implicit = control & 1 == 1 or syntaxes[stream, item.context_id] == "1.2.840.10008.1.2"
                    dataset = read_dataset(io.BytesIO(whole), implicit, True)
                    written = [element.tag for element in dataset]
                    assert written == sorted(written) and written, "elements ascend"
                    if "MoveDestination" in dataset:
                        facts.add((mac, ip), "dicom.tag.0000,0600 Move Destination", dataset.MoveDestination)
                    if control & 1 == 1:
                        commands[dataset.CommandField] += 1
                    else:
                        sets += 1
                        dicom_facts((mac, ip), dataset, facts)
        assert not fragments, f"stream {stream} ends in the middle of a message"
    assert sets >= 8, f"{sets} data sets"
    # C-STORE, C-FIND, C-MOVE, C-ECHO, N-SET, N-CREATE (PS3.7 E.1).
    for command in (0x0001, 0x0020, 0x0021, 0x0030, 0x0120, 0x0140):
        assert commands[command], f"a request {command:#06x}"
        answers = commands[command | 0x8000]
        assert answers >= commands[command], f"{answers} answers to {commands[command]} requests {command:#06x}"


def dicom_facts(who, dataset, facts):
    if "PixelData" in dataset:
        names = {"0008,0060": "Modality", "0008,0070": "Manufacturer", "0008,0080": "Institution Name", "0008,1010": "Station Name",
                 "0008,1090": "Manufacturer's Model Name", "0018,1000": "Device Serial Number", "0018,1020": "Software Versions"}
    elif "PerformedProcedureStepID" in dataset:
        names = {"0008,0060": "Modality", "0040,0241": "Performed Station AE Title", "0040,0242": "Performed Station Name"}
    else:
        return
    for tag, name in names.items():
        element = dataset[Tag(*(int(part, 16) for part in tag.split(",")))]
        value = element.value
        text = "\\".join(value) if not isinstance(value, str) else value
        facts.add(who, f"dicom.tag.{tag} {name}", text)


def read_hl7(streams, facts):
    messages = 0
    for (_, source, target, mac, ip), data in streams.items():
        if 2575 not in (source, target):
            continue
        for block in re.findall(rb"\x0b(.*?)\x1c\r", data, re.S):
            messages += 1
            message, who = hl7.parse(block.decode()), (mac, ip)
            header = message.segment("MSH")
            for field in (3, 4, 5, 6, 9, 12, 21):
                if field < len(header) and str(header(field)):
                    facts.add(who, f"hl7.MSH-{field}", header(field))
            for segment in message:
                name = str(segment[0])
                if name == "SFT":
                    for field in range(1, 5):
                        facts.add(who, f"hl7.SFT-{field}", segment(field))
                elif name == "OBX":
                    if len(segment) > 18:
                        facts.add(who, "hl7.OBX-18", segment(18))
                    code = str(segment(3)).split("^")[0]
                    if code in MDC:
                        facts.add(who, f"hl7.OBX-5.{code}", segment(5))
                    if str(segment(4)) == "1.0.0.0":
                        facts.add(who, "hl7.device_type", segment(3))
    assert messages >= 20, f"{messages} HL7 messages"


def soap_reader():
    """The reader of sdc11073, which holds every message against the schemas of SOAP, WS-Addressing, WS-Discovery, DPWS and BICEPS."""
    import logging

    from sdc11073.definitions_sdc import SdcV1Definitions
    from sdc11073.pysoap.msgreader import MessageReader

    return MessageReader(SdcV1Definitions, None, logging.getLogger("sdc"), validate=True)


def soap(data):
    """The SOAP messages in an HTTP stream, decompressed."""
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
        yield gzip.decompress(rest[:length])
        data = rest[length:]


def read_sdc(streams, datagrams, facts):
    from lxml import etree

    reader, mdibs = soap_reader(), 0
    dpws = "{http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01}"
    texts = [((mac, ip), text) for (_, source, target, mac, ip), data in streams.items() if 6464 in (source, target) for text in soap(data)]
    for who, text in texts:
        root = etree.fromstring(text)
        message = reader.read_received_message(text)
        if message.q_name is not None and message.q_name.localname == "GetMdibResponse":
            descriptors, states = reader.read_get_mdib_response(message)
            kinds = sorted(type(state).__name__ for state in states)
            assert kinds == ["MdsStateContainer", "PatientContextStateContainer", "SystemContextStateContainer"], kinds
            assert len(descriptors) == 3
            mdibs += 1
        for name in ("Manufacturer", "ModelName", "ModelNumber", "FriendlyName", "FirmwareVersion", "SerialNumber"):
            for element in root.iter(dpws + name):
                facts.add(who, f"dpws.{name}", element.text)
    assert mdibs == 1, f"{mdibs} MDIBs"
    for who, source, target, data in datagrams:
        if 3702 in (source, target):
            reader.read_received_message(data)
            raw = data.decode()
            for tag, attribute in (("wsa:Address", "wsd.epr"), ("wsd:Scopes", "wsd.scopes"), ("wsd:XAddrs", "wsd.xaddrs"), ("wsd:Types", "wsd.types")):
                for value in re.findall(f"<{tag}>(.*?)</{tag}>", raw):
                    if "wsd:Probe>" not in raw or tag != "wsd:Types":
                        facts.add(who, attribute, value)


def read_astm(streams, facts):
    records = []
    for (_, source, target, mac, ip), data in streams.items():
        if target != 5000:
            continue
        assert data[:1] == b"\x05" and data[-1:] == b"\x04", "ENQ at the begin, EOT at the end"
        for number, frame in enumerate(re.findall(rb"\x02(.*?)\r\n", data[1:-1], re.S), 1):
            text, checksum = frame[:-2], frame[-2:]
            assert f"{sum(text) % 256:02X}".encode() == checksum, "checksum"
            assert text[0] - 48 == number % 8, "frame numbers count modulo eight"
            record = text[1:-2].decode()
            records.append(record)
            if record.startswith("H|\\^&"):
                facts.add((mac, ip), "astm.H-5", record.split("|")[4])
    assert [record[0] for record in records] == list("HPORCL")


def read_poct1a(streams, facts):
    roots = []
    for (_, source, target, mac, ip), data in streams.items():
        if target != 3001:
            continue
        for root in ElementTree.fromstring(b"<all>" + data + b"</all>"):
            roots.append(root.tag)
            for element in root.iter():
                if root.tag == "HEL.R01" and element.tag.startswith("DEV."):
                    facts.add((mac, ip), "poct1a." + element.tag[4:], element.get("V"))
    assert roots == ["HEL.R01", "DST.R01", "OBS.R01", "END.R01"], roots


def read_pump(streams, facts):
    names = {1: "manufacturer", 2: "model", 3: "serial", 4: "software", 5: "library"}
    for (_, source, target, mac, ip), data in streams.items():
        if target != 8100:
            continue
        while data:
            length = struct.unpack(">H", data[:2])[0]
            frame, data = data[2: 2 + length], data[2 + length:]
            assert frame[:4] == b"IPC1"
            fields = frame[5:]
            while fields:
                tag, size = fields[0], fields[1]
                if tag in names:
                    facts.add((mac, ip), "pump." + names[tag], fields[2: 2 + size].decode())
                fields = fields[2 + size:]


def attributes(data):
    count, length = struct.unpack(">HH", data[:4])
    data, found = data[4: 4 + length], {}
    for _ in range(count):
        kind, size = struct.unpack(">HH", data[:4])
        found[kind], data = data[4: 4 + size], data[4 + size:]
    assert not data, "the attribute list ends where its length says"
    return found


def label(data):
    size = struct.unpack(">H", data[:2])[0]
    return data[2: 2 + size].rstrip(b"\0").decode(), data[2 + size:]


def read_intellivue(datagrams, facts):
    for who, source, target, data in datagrams:
        if target == 24005:
            assert data[:4] == b"\0\0\1\0"
            kind, length, _, command, inner = struct.unpack(">HHHHH", data[4:14])
            assert (kind, command, length) == (1, 0, inner + 6) and len(data) == 14 + inner
            event, size = struct.unpack(">HH", data[24:28])
            assert (event, size) == (3351, len(data) - 28)
            address = attributes(data[28:])[0xF100]
            mac, ip = address[:6].hex(":"), ".".join(map(str, address[6:10]))
            facts.add(who, "intellivue.net_address", f"{mac} {ip}")
        elif source == 24105 and data[:2] == b"\xe1\0":
            kind, length, _, command, inner = struct.unpack(">HHHHH", data[4:14])
            assert length == inner + 6 and len(data) == 14 + inner
            if (kind, command) != (1, 1):
                continue
            found = attributes(data[14 + 14 + 6:])
            manufacturer, rest = label(found[0x0928])
            facts.add(who, "intellivue.manufacturer", manufacturer)
            facts.add(who, "intellivue.model", label(rest)[0])
            facts.add(who, "intellivue.bed", found[0x091E][2:].decode("utf-16-be").rstrip("\0"))
            count, _ = struct.unpack(">HH", found[0x092D][:4])
            rest = found[0x092D][4:]
            for _ in range(count):
                kind = struct.unpack(">H", rest[:2])[0]
                text, rest = label(rest[4:])
                facts.add(who, {1: "intellivue.serial", 4: "intellivue.software"}[kind], text)
        elif data[:1] in b"\x0d\x0e" and 24105 in (source, target):
            size = struct.unpack(">H", data[2:4])[0] if data[1] == 255 else data[1]
            assert len(data) == size + (4 if data[1] == 255 else 2), "the session header's length is that of the datagram"


def read_syslog(datagrams, facts):
    for who, _, target, data in datagrams:
        if target == 514:
            facts.add(who, "syslog.tag", re.match(rb"<\d+>\w+ +\d+ [\d:]+ \S+ ([^ :]+):", data).group(1).decode())


def check_canaries(path, streams, datagrams):
    plain = [data for data in streams.values()] + [data for *_, data in datagrams]
    unpacked = [text for (_, source, target, _, _), data in streams.items() if 6464 in (source, target) for text in soap(data)]
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    forms = collections.defaultdict(set)
    for row in rows:
        forms[row["token"]].add(row["form"])
        token = row["token"]
        encoded = {"utf16le": token.encode("utf-16-le"), "utf16be": token.encode("utf-16-be")}.get(row["form"], token.encode())
        where = unpacked if row["form"] == "gzip" else plain
        found = any(encoded in data for data in where)
        if row["form"] != "tls":
            assert found, f"{row} is nowhere in the capture"
    everything = b"\0".join(plain + unpacked)
    listed = set(forms)
    for token in set(re.findall(rb"QZ[A-HJ-NP-Z2-9]{11}", everything)):
        assert token.decode() in listed, f"{token} is in the capture and not in the list"
    assert len(listed) >= 40, f"{len(listed)} tokens"
    return len(rows)


def main():
    capture, truth, canaries = sys.argv[1:]
    streams, datagrams = conversations(capture)
    facts = Facts()
    read_dicom(streams, facts)
    read_hl7(streams, facts)
    read_sdc(streams, datagrams, facts)
    read_astm(streams, facts)
    read_poct1a(streams, facts)
    read_pump(streams, facts)
    read_intellivue(datagrams, facts)
    read_syslog(datagrams, facts)
    placed = check_canaries(canaries, streams, datagrams)
    with open(truth, newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        expected = {(row["attr"], row["value"], row["src_mac"], row["src_ip"]) for row in rows if row["attr"].startswith(PREFIXES)}
    missed, invented = expected - facts.found, facts.found - expected
    for fact in sorted(missed):
        print("true, but not read:", *fact)
    for fact in sorted(invented):
        print("read, but not true:", *fact)
    print(f"{len(expected)} facts, {placed} placements of canaries")
    sys.exit(1 if missed or invented else 0)


if __name__ == "__main__":
    main()
