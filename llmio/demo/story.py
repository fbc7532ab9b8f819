"""What happened at the Sunrise Bakery Cooperative these last weeks."""

from __future__ import annotations

from datetime import timedelta

from llmio.demo.people import PEOPLE
from llmio.demo.play import Stage
from llmio.discussions.models import Discussion
from llmio.groups.forms import GroupForm
from llmio.groups.models import Group

AGREE = ("Agree", "You support this and will help to make it happen.", "agree")
ABSTAIN = ("Abstain", "You are fine with whatever the others decide.", "abstain")
DISAGREE = ("Disagree", "You see something better, but will not stand in the way.", "disagree")
BLOCK = ("Block", "This would do serious harm to what we stand for.", "block")


def play(stage: Stage) -> None:
    """The whole story, in order."""
    for person in PEOPLE:
        stage.arrive(person, 90)
    bakery = _found(stage)
    _oven(stage, bakery)
    _hours(stage, bakery)
    _bread(stage, bakery)
    _welcome(stage, bakery)
    _board(stage)


def _found(stage: Stage) -> Group:
    text = (
        "We are **twelve bakers, drivers and shop people** who own this bakery together. Here we talk over what concerns all of us, "
        "and decide.\n\n- One person, one vote.\n- Say why: a reason helps more than a number.\n- Decisions get a date on which we "
        "look at them again."
    )
    form = GroupForm(
        name="Sunrise Bakery Cooperative",
        handle="sunrise",
        description=text,
        group_privacy="closed",
        membership_granted_upon="request",
        listed_in_explore=True,
    )
    bakery = stage.start_group("segun", 60, form)
    others = [person.key for person in PEOPLE if person.key != "segun"]
    stage.join(bakery, "segun", others, 59)
    return bakery


def _oven(stage: Stage, bakery: Group) -> None:
    thread = stage.thread(
        "mateo",
        bakery,
        21,
        "The deck oven is 31 years old. What now?",
        "It broke down twice in October. Each time we lost a **night's bread** and about 900 € of orders.\n\n"
        "What I know so far:\n\n| | Repair | Used oven | New oven |\n|---|---|---|---|\n| Price | 4,200 € | 14,000 € | 38,000 € |\n"
        "| Lasts | 2–4 years? | 10 years | 20 years |\n| Power per loaf | 0.9 kWh | 0.6 kWh | 0.4 kWh |\n\n"
        "I would like to hear everyone before we vote.",
    )
    repair = stage.say(
        "joao",
        thread,
        20.8,
        "I can do the repair myself for the price of the parts, roughly **1,600 €**. But I cannot promise that the burner lasts "
        "beyond next winter.",
        liked={"mateo": "🙏", "priya": "❤️", "hamid": "👍"},
    )
    stage.say(
        "amina",
        thread,
        20.5,
        "The reserve holds 22,000 € today. A new oven means a loan of at least 20,000 €, which at 5 % costs us about 380 € a month "
        "for five years. We can carry that, but not together with a second van.",
        liked={"noa": "👍"},
    )
    worry = stage.say(
        "hamid",
        thread,
        20.1,
        "On the night shift we wait 40 minutes for it to get hot again after each load. A new oven would let us finish by four "
        "instead of five. That is an hour of sleep for two people, every night.",
        liked={"mateo": "❤️", "chloe": "❤️", "freja": "👍"},
    )
    stage.say("freja", thread, 19.9, "That is the best argument I have read here so far.", to=worry)
    stage.say(
        "noa",
        thread,
        19.2,
        "The regional fund for small businesses pays **30 % of a new oven** if it saves energy. The deadline is the end of next month. "
        "I have filled in such a form before and would do it again.",
        liked={"amina": "🎉", "mateo": "🎉", "segun": "👍"},
    )
    stage.say("mateo", thread, 18.9, "@joao, could you keep the old one alive until a new one comes?", to=repair)
    stage.say(
        "joao", thread, 18.7, "Until February, yes. I will order the gasket today.", to=repair, liked={"mateo": "🙏"}
    )
    _oven_vote(stage, thread)


def _oven_vote(stage: Stage, thread: Discussion) -> None:
    poll = stage.poll(
        "segun",
        14,
        "proposal",
        "We buy a new deck oven, with the fund's grant and a loan",
        [AGREE, ABSTAIN, DISAGREE, BLOCK],
        closes=-30,
        thread=thread,
        details="- Noa applies for the grant this week.\n- Amina asks three banks for a loan of at most **18,000 €** over five years.\n"
        "- João keeps the old oven alive until then.\n- If the grant is refused, we talk again before we sign anything.",
        settings={"quorum_pct": 60},
    )
    votes = [
        ("mateo", "Agree", "The old one will not see another autumn."),
        ("hamid", "Agree", "An hour of sleep."),
        ("joao", "Agree", "I love that machine. Let it go."),
        ("amina", "Agree", "Affordable with the grant. Without it I would vote otherwise, and the proposal says so."),
        ("noa", "Agree", ""),
        ("freja", "Agree", "Rye likes a steady floor."),
        ("yuki", "Abstain", "Pastry has its own oven; you know better."),
        ("priya", "Agree", "Fewer apologies at the counter."),
        ("tomasz", "Disagree", "I fear for the second van. I will not stand in the way."),
        ("chloe", "Agree", ""),
    ]
    for index, (who, choice, reason) in enumerate(votes):
        stage.vote(who, poll, 13.5 - index * 0.3, {choice: 1}, reason)
    stage.close(
        "segun",
        poll,
        7,
        "**We buy a new oven.** Eight agree, one abstains, one disagrees because of the second van: we take that up with the budget in "
        "spring. Noa applies for the grant, Amina brings offers for the loan to the board.",
        review_on=(stage.start + timedelta(days=90)).date(),
    )


def _hours(stage: Stage, bakery: Group) -> None:
    thread = stage.thread(
        "priya",
        bakery,
        6,
        "Do we open on Sundays?",
        "Three or four people a week ask for it. Sunday bread would mean **two more night shifts a month** for each of us, or one more "
        "person. I have no firm opinion; I only want us to decide instead of answering differently each time.",
    )
    first = stage.say(
        "tomasz", thread, 5.6, "Please count the van too: someone drives on Saturday night then.", liked={"segun": "👍"}
    )
    stage.say(
        "hamid",
        thread,
        5.3,
        "Sunday is the one evening when all my children are at home. I would rather not.",
        liked={"priya": "❤️", "chloe": "❤️", "amina": "❤️"},
    )
    stage.say(
        "leilani",
        thread,
        5.0,
        "Could we try it **only in December**, and look at the numbers in January? I can announce it as a trial in the newsletter.",
        liked={"priya": "🎉", "segun": "👍", "yuki": "👍"},
    )
    stage.say(
        "priya",
        thread,
        4.4,
        "A trial would work for the shop. @amina, what must a Sunday bring in to pay for itself?",
        to=first,
    )
    stage.say(
        "amina", thread, 4.1, "About **740 €** at the till. A good Saturday brings 1,900 €.", liked={"priya": "🙏"}
    )
    _sundays(stage, thread)


def _sundays(stage: Stage, thread: Discussion) -> None:
    poll = stage.poll(
        "segun",
        3,
        "proposal",
        "We open on the four Sundays of December, as a trial",
        [AGREE, ABSTAIN, DISAGREE, BLOCK],
        closes=-3,
        thread=thread,
        details="From eight to noon, with bread baked on Saturday night. Shifts are taken by those who want them, at the night rate. "
        "In January Amina shows the numbers and we decide for good.",
    )
    for who, choice, reason in [
        ("priya", "Agree", "I take two of the four."),
        ("leilani", "Agree", "An honest trial beats a long guess."),
        ("hamid", "Disagree", "I understand why, and I will not be there."),
        ("yuki", "Agree", "Melonpan on Sundays!"),
        ("amina", "Agree", ""),
    ]:
        stage.vote(who, poll, 2.5, {choice: 1}, reason)


def _bread(stage: Stage, bakery: Group) -> None:
    poll = stage.poll(
        "freja",
        4,
        "score",
        "Which breads should come back in winter?",
        [
            ("Kanelbullar", "Buns with cinnamon and cardamom", ""),
            ("Chestnut sourdough", "Needs flour from the market in Lyon", ""),
            ("Barbari", "Flat, long, with sesame", ""),
            ("Red bean anpan", "Sold out by nine last year", ""),
        ],
        closes=-5,
        group=bakery,
        details="Give each from 0 (please not) to 5 (please!). We bake the two best.",
        settings={"min_score": 0, "max_score": 5},
    )
    names = [option.name for option in poll.options]
    ratings = {
        "yuki": (3, 4, 3, 5),
        "hamid": (2, 3, 5, 4),
        "priya": (5, 4, 2, 5),
        "chloe": (4, 5, 1, 4),
        "mateo": (3, 5, 3, 4),
        "tomasz": (5, 2, 2, 3),
    }
    for who, given in ratings.items():
        stage.vote(who, poll, 3.2, dict(zip(names, given, strict=True)))
    stage.poll(
        "segun",
        2,
        "poll",
        "When is our general assembly?",
        [
            ("Friday 15 January, 18:00", "", ""),
            ("Saturday 16 January, 10:00", "", ""),
            ("Sunday 17 January, 15:00", "", ""),
        ],
        closes=-6,
        group=bakery,
        details="Choose all that work for you.",
        settings={"minimum_stance_choices": 1, "maximum_stance_choices": 3},
        hide_results=1,
    )


def _welcome(stage: Stage, bakery: Group) -> None:
    thread = stage.thread(
        "segun",
        bakery,
        40,
        "How we decide here",
        "1. **Someone opens a thread** and says what it is about.\n2. We talk until the question is clear, a week at the least.\n"
        "3. **Someone makes a proposal** that takes up what was said.\n4. We vote, each with a reason.\n5. The outcome names who does "
        "what, and when we look at it again.\n\nA block is not a no: it says that a proposal harms what we stand for.",
    )
    stage.say(
        "chloe",
        thread,
        38,
        "As the newest here: thank you. This is the first place where I was asked.",
        liked={"segun": "❤️", "mateo": "❤️", "priya": "❤️", "noa": "❤️"},
    )
    with stage.acting("segun", 40) as ctx:
        from llmio.discussions import service as discussions  # noqa: PLC0415  # the one act of its kind

        discussions.pin_discussion(ctx, thread)


def _board(stage: Stage) -> None:
    form = GroupForm(
        name="Board of the bakery",
        handle="sunrise-board",
        group_privacy="secret",
        description="Noa, Amina, Segun and Priya. What we prepare for the assembly; minutes go to everyone.",
    )
    board = stage.start_group("noa", 50, form)
    stage.join(board, "noa", ["amina", "segun", "priya"], 49)
    thread = stage.thread(
        "amina",
        board,
        5,
        "Three offers for the loan",
        "| Bank | Rate | Fee | Repay early? |\n|---|---|---|---|\n| Ethical bank | 4.6 % | 0 | yes |\n| Savings bank | 4.9 % | 150 € | "
        "yes |\n| House bank | 4.4 % | 300 € | no |\n\nI would take the first.",
    )
    stage.say(
        "noa",
        thread,
        4.5,
        "Early repayment matters, since the grant may come late. The first for me too.",
        liked={"amina": "👍"},
    )
    poll = stage.poll(
        "amina",
        4,
        "poll",
        "From which bank?",
        [("Ethical bank", "", ""), ("Savings bank", "", ""), ("House bank", "", "")],
        closes=-10,
        thread=thread,
        anonymous=True,
        settings={"minimum_stance_choices": 1, "maximum_stance_choices": 1},
    )
    stage.vote("noa", poll, 3.5, {"Ethical bank": 1})
    stage.vote("amina", poll, 3.4, {"Ethical bank": 1})
