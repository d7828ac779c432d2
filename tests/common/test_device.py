import pytest

from genregraph.common import device
from genregraph.common.device import usable_device
from genregraph.common.errors import UserError


@pytest.mark.parametrize("there", ["cuda", "mps", None])
def test_a_card_is_used_where_there_is_one_and_no_other(monkeypatch, there):
    cards = {card: lambda card=card: card == there for card in device.CARDS}
    monkeypatch.setattr(device, "CARDS", cards)
    assert usable_device("auto") == (there or "cpu")
    assert usable_device("cpu") == "cpu"
    for asked in cards:
        if asked == there:
            assert usable_device(asked) == asked
            continue
        with pytest.raises(UserError, match=f"device: {asked}: PyTorch sees no such card; use dev"):
            usable_device(asked)
