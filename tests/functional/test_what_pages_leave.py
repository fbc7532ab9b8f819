"""What a page leaves behind in the process: nothing that waits for the garbage collector."""

from __future__ import annotations

import gc

from llmio.groups.models import Membership


def test_rows_of_a_page_are_let_go_of_at_its_end(web, make, db, commit):
    """Else whoever is in hundreds of groups makes everybody wait for the garbage collector."""
    ada = make.user()
    for name in ("Weavers", "Dyers", "Bakers"):
        make.group(admin=ada, name=name)
    web.sign_in(ada).get("/search")
    commit()
    db.expunge_all()
    gc.freeze()  # what there is by now is not looked at below
    gc.disable()
    before = memberships()  # of other tests, whoever keeps them
    try:
        assert "Weavers" in web.get("/search").text
        db.expunge_all()
        left = [one for one in memberships() if not any(one is other for other in before)]
    finally:
        gc.enable()
    assert left == []


def memberships():
    return [one for one in gc.get_objects() if isinstance(one, Membership)]
