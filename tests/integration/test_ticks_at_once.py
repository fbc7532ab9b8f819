"""Boxes of one text that are ticked at the same moment: each stays ticked, in the text too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from llmio.accounts import sessions
from llmio.discussions import service
from llmio.discussions.models import Comment
from llmio.tasks.models import Task
from llmio.tasks.service import tick
from tests import factories

BOXES = 8


def test_ticks_at_once_all_stay(committed_db):
    app = committed_db.app
    with app.begin() as ctx:
        ada = factories.user(ctx.db)
        thread = factories.discussion(ctx.db, factories.group(ctx.db, admin=ada), author=ada)
        ctx.actor = actor = sessions.identity_of(ada)
        text = "\n".join(f"- [ ] task {number}" for number in range(BOXES))
        comment_id = service.add_comment(ctx, thread, body=text, body_format="md").id
        ids = list(ctx.db.scalars(select(Task.id).where(Task.record_id == comment_id)))

    def ticked(task_id):
        with app.begin(actor) as ctx:
            tick(ctx, ctx.db.get_one(Task, task_id), done=True)

    with ThreadPoolExecutor(BOXES) as crowd:
        for answer in [crowd.submit(ticked, task_id) for task_id in ids]:
            answer.result()
    with app.begin() as ctx:
        assert ctx.db.get_one(Comment, comment_id).body.count("[x]") == BOXES
