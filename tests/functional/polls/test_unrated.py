"""An option of a score poll that nobody rated has no average, wherever the result is told: 0 would be a rating."""

from __future__ import annotations

import csv
import io

import pytest
from bs4 import BeautifulSoup

from llmio.integrations import tables
from llmio.plugins.polls import Ballot
from llmio.polls import results, service
from llmio.polls.values import poll_value

NOTE = "No votes for this option"


@pytest.fixture
def poll(start, ada, ben, group, ctx):
    poll = start(ada, "score", ("Tea", "Coffee", "Cocoa"), group=group)
    ids = [option.id for option in poll.options]
    service.cast_vote(ctx(ben), poll, ballot=Ballot({ids[0]: 4, ids[1]: 0}))
    service.cast_vote(ctx(ada), poll, ballot=Ballot({ids[0]: 3}))
    return poll


def test_the_page_shows_a_dash_and_says_why(sign_in, poll, ada):
    table = sign_in(ada).get(f"/p/{poll.key}").follow().html.select_one(".chart-bar")
    rows = {row.select_one(".chart-label").get_text(strip=True): row for row in table.select("tbody tr")}
    numbers = {name: [cell.get_text(strip=True) for cell in row.select("td.num")] for name, row in rows.items()}
    assert {name: cells[:3] for name, cells in numbers.items() if name in ("Tea", "Coffee", "Cocoa")} == {
        "Tea": ["7", "3.5", "2"],
        "Coffee": ["0", "0", "1"],
        "Cocoa": ["0", "–", "0"],
    }
    assert [name for name, row in rows.items() if NOTE in row.get_text()] == ["Cocoa"]


def test_the_export_leaves_the_place_empty(sign_in, poll, ada):
    lines = list(csv.reader(io.StringIO(sign_in(ada).get(f"/p/{poll.key}/export.csv").text)))
    head = next(line for line in lines if "average" in line)
    averages = {line[head.index("name")]: line[head.index("average")] for line in lines[lines.index(head) + 1 :][:4]}
    assert averages == {"Tea": "3.5", "Coffee": "0", "Cocoa": "", "Not voted yet": ""}


def test_a_mail_shows_a_dash(ctx, poll, ada, ben, commit, run_jobs, mailbox):
    service.close_poll(ctx(ada), poll)
    outcome = service.publish_outcome(ctx(ada), poll, statement="Tea it is")
    service.share_outcome(ctx(ada), outcome, user_ids=[ben.id])
    commit()
    run_jobs()
    table = BeautifulSoup(mailbox.last(ben.email).html, "html.parser").select_one("table.results")
    lines = [[cell.get_text() for cell in row.select("td")] for row in table.select("tr")]
    assert [line[:4] for line in lines[1:4]] == [
        ["Tea", "7", "3.5", "2"],
        ["Coffee", "0", "0", "1"],
        ["Cocoa", "0", "–", "0"],
    ]


def test_a_chat_shows_a_dash(ctx, poll, ada):
    drawn = tables.chart_of(results.results_of(ctx(ada), [poll])[poll.id], poll_value(ctx(ada).app, poll), ada)
    cocoa = next(line for line in drawn.lines if line.label == "Cocoa")
    assert (cocoa.cells[1], cocoa.note) == ("–", NOTE)


def test_the_api_keeps_the_number_of_the_reference(ctx, poll, ada):
    rows = results.as_rows(poll, results.results_of(ctx(ada), [poll])[poll.id])
    assert {row["name"]: row["average"] for row in rows if row["id"] > 0} == {"Tea": 3.5, "Coffee": 0, "Cocoa": 0}
