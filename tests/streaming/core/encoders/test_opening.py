import pytest

from streaming.core.encoders import opening
from streaming.core.errors import EncoderUnavailable


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
@pytest.mark.parametrize("tier", ["full", "light"])
def test_this_machine_has_them_all(codec, tier):
    encoder = opening.open_encoder(codec, tier=tier, width=64, height=64, fps=30)

    assert encoder.config["codec"] == codec


@pytest.mark.parametrize(("codec", "tier"), [("h264", "full"), ("jpeg", "light")])
def test_what_a_machine_lacks_is_said_with_the_reason(monkeypatch, codec, tier):
    monkeypatch.setitem(opening.MISSING, codec if tier == "full" else tier, "No module named 'av'")

    with pytest.raises(EncoderUnavailable, match=r"not available on this machine.*No module"):
        opening.open_encoder(codec, tier=tier, width=64, height=64, fps=30)
