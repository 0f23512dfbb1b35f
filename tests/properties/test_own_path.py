"""Whatever a link says, the log-in leads to a page of ours."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from wardmail.web.pages.forms import own_path

_ODD = st.text(st.sampled_from(list("/\\:.@?#%&=\t\r\n ahtpsx\u2215\uff0f")), max_size=30)


@given(st.one_of(_ODD, st.text(max_size=60), _ODD.map(lambda text: "/" + text)))
def test_it_stays_here(wanted: str) -> None:
    path = own_path(wanted)
    target = urlsplit(urljoin("https://gw.test/log-in", path))
    assert (target.scheme, target.netloc) == ("https", "gw.test")
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert all(" " < each < "\x7f" for each in path)
