from __future__ import annotations

import pytest

from support.ngl import laboratory


@pytest.fixture
def lab():
    with laboratory() as served:
        yield served
