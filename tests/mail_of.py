"""Makes messages for tests of what comes in, byte by byte, well-formed or not."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib

from wardmail.content.inspection import Context, inspect
from wardmail.model.inspection import Inspection

HEAD = (
    b"From: Ann <ann@sender.example>\r\nTo: b@our.example\r\nSubject: x\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)
PROGRAM = b"MZ" + b"\x90" * 62 + b"PE\0\0" + b"\0" * 200


def attached(
    content: bytes, name: str = "a.bin", kind: str = "application/octet-stream", text: bytes = b"hello"
) -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return multipart(
        b"Content-Type: text/plain\r\n\r\n" + text,
        b'Content-Type: %b\r\nContent-Disposition: attachment; filename="%b"\r\nContent-Transfer-Encoding: base64\r\n\r\n%b'
        % (kind.encode(), name.encode(), encoded),
    )


def multipart(*parts: bytes, boundary: bytes = b"bb", declared: bytes = b"") -> bytes:
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n%b--%b--\r\n" % (
        declared or boundary,
        body,
        boundary,
    )


def page(markup: str) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + markup.encode()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def pdf(*objects: bytes, packed: bytes = b"") -> bytes:
    body = b"%PDF-1.7\n" + b"".join(
        b"%d 0 obj\n%b\nendobj\n" % (number, each) for number, each in enumerate(objects, 1)
    )
    if packed:
        stream = zlib.compress(packed)
        body += (
            b"99 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream\nendobj\n"
            % (
                len(stream),
                stream,
            )
        )
    return body + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def found_in(message: bytes, context: Context | None = None) -> set[str]:
    return {finding.id for finding in inspect(message, context).all_findings}


def names_in(inspection: Inspection) -> set[str]:
    return {part.filename for part in inspection.parts if part.filename}


def tar_header(name: bytes, size: int, kind: bytes = b"0", target: bytes = b"") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = b"%011o\0" % size
    block[156:157] = kind
    block[157 : 157 + len(target)] = target
    block[257:263] = b"ustar\0"
    return bytes(block)


def iso(name: bytes, content: bytes) -> bytes:
    def record(identifier: bytes, sector: int, size: int, flags: int) -> bytes:
        length = 33 + len(identifier) + (1 - len(identifier) % 2)
        head = bytes([length, 0]) + struct.pack("<L>L".replace(">L", ""), sector) + struct.pack(">L", sector)
        head += struct.pack("<L", size) + struct.pack(">L", size) + b"\0" * 7 + bytes([flags, 0, 0]) + b"\0\0\0\0"
        return (head + bytes([len(identifier)]) + identifier).ljust(length, b"\0")

    volume = bytearray(2048)
    volume[0:6] = b"\1CD001"
    volume[156:190] = record(b"\0", 18, 2048, 2)
    end = b"\xffCD001".ljust(2048, b"\0")
    directory = (record(b"\0", 18, 2048, 2) + record(b"\1", 18, 2048, 2) + record(name, 19, len(content), 0)).ljust(
        2048, b"\0"
    )
    return b"\0" * 32768 + bytes(volume) + end + directory + content.ljust(2048, b"\0")
