from collections.abc import Callable, Sequence

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def clips_of() -> Callable[..., pd.DataFrame]:
    """Clips of unknown artists, two to a song, as `audio.clips` lists them."""

    def make(genres: Sequence[str], **columns: object) -> pd.DataFrame:
        songs = [f"song{i // 2}" for i in range(len(genres))]
        return pd.DataFrame(
            {
                "clip": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
                "source": songs,
                "genre": genres,
                "group": songs,
                "status": "ok",
                "md5": [f"{i:032x}" for i in range(len(genres))],
                **dict.fromkeys(["sheet_group", "artist", "split", "excluded"], ""),
                **columns,
            }
        )

    return make
