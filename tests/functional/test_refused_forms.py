"""A form that is refused says which fields need attention, and leads to each."""

from __future__ import annotations

import pytest

REFUSED = {
    "/g/new": ({"name": "", "handle": "About Us", "group_privacy": "open"}, {"Name": "field-name", "Address": "field-handle"}),
    "/profile": ({"name": "", "username": ""}, {"Name": "field-name", "User name": "field-username"}),
    "/d": ({"title": "", "group_id": "{group}"}, {"Title": "field-title"}),
    "/p/new": (
        {"poll_type": "poll", "title": "", "group_id": "{group}", "closing_at": "2001-01-01T10:00", "time_zone": "UTC"},
        {"What is to be decided?": "field-title", "Options": "field-options"},
    ),
    "/g/{key}/invite": ({"emails": ""}, {"Whom do you invite?": "field-emails"}),
}  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_its_summary_names_the_fields_and_links_to_them(make, web, path):
    ada = make.user(name="Ada")
    group = make.group(admin=ada)
    sent, expected = REFUSED[path]
    web.sign_in(ada)
    params = {name: value.format(group=group.id) for name, value in sent.items()}
    page = web.send(path.format(key=group.key), params, status=422).html
    (summary,) = page.select(".error-summary")
    assert summary["tabindex"] == "-1"
    links = {link.get_text().split(" – ")[0]: link["href"].removeprefix("#") for link in summary.select("li a")}
    assert expected.items() <= links.items()
    assert all(page.find(id=target) for target in links.values())
    assert all(line.get_text(strip=True).endswith((".", "!", "?")) for line in summary.select("li"))


def test_a_form_that_was_not_sent_has_none(make, web):
    web.sign_in(make.user())
    assert not web.get("/g/new").html.select(".error-summary")
