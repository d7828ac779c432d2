import pytest

from genregraph.common import device
from genregraph.common.device import usable_device
from genregraph.common.errors import UserError


@pytest.fixture
def cards(monkeypatch):
    """A machine that has some cards and no others."""

    def have(*names):
        found = {card: lambda card=card: card in names for card in device.CARDS}
        monkeypatch.setattr(device, "CARDS", found)

    return have


@pytest.mark.parametrize("card", ["cuda", "mps"])
def test_a_card_is_used_where_there_is_one(cards, card):
    cards(card)
    assert usable_device("auto") == usable_device(card) == card
    cards()
    assert usable_device("auto") == usable_device("cpu") == "cpu"


@pytest.mark.parametrize(("there", "asked"), [("cuda", "mps"), (None, "cuda")])
def test_another_card_than_the_one_asked_for_is_not_taken(cards, there, asked):
    cards(there)
    assert usable_device("cpu") == "cpu"
    with pytest.raises(UserError, match=f"device: {asked}: PyTorch sees no such card; use device"):
        usable_device(asked)
