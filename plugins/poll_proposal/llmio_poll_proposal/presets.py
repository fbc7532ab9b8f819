"""The positions that proposals usually offer."""

from __future__ import annotations

from llmio.plugins import OptionPreset, _

PRESETS: tuple[OptionPreset, ...] = (
    OptionPreset(
        "agree", _("Agree"), "agree", _("I think we should do this."), _("What makes this a good idea?"), start=True
    ),
    OptionPreset(
        "abstain",
        _("Abstain"),
        "abstain",
        _("I am fine with whatever the others decide."),
        _("Why do you leave it to the others?"),
        start=True,
    ),
    OptionPreset(
        "disagree",
        _("Disagree"),
        "disagree",
        _("I think we can find something better."),
        _("What would you rather do, and why?"),
        start=True,
    ),
    OptionPreset(
        "block",
        _("Block"),
        "block",
        _("I have a strong objection: this must not happen."),
        _("What harm do you see, and what would have to change?"),
    ),
    OptionPreset("veto", _("Veto"), "block", _("I stop this proposal."), _("Why must this be stopped?")),
    OptionPreset(
        "consent",
        _("Consent"),
        "agree",
        _("I can live with this; it is good enough to try."),
        _("Is there anything the others should bear in mind?"),
    ),
    OptionPreset(
        "objection",
        _("Objection"),
        "disagree",
        _("This would set us back, and I can say how."),
        _("What would go wrong, and how could it be mended?"),
    ),
    OptionPreset(
        "object",
        _("Object"),
        "disagree",
        _("This would set us back, and I can say how."),
        _("What would go wrong, and how could it be mended?"),
    ),
    OptionPreset(
        "looks_good",
        _("Looks good"),
        "agree",
        _("I have no worries about where this is going."),
        _("What do you like about it?"),
    ),
    OptionPreset(
        "not_sure", _("Not sure"), "abstain", _("I need to know more first."), _("What would you like to know?")
    ),
    OptionPreset("concerned", _("Concerned"), "disagree", _("Something here worries me."), _("What worries you?")),
    OptionPreset("accept", _("Count me in"), "agree", _("I will take part."), _("Is there anything we should know?")),
    OptionPreset(
        "decline", _("Not this time"), "disagree", _("I will not take part."), _("Would you like to say why?")
    ),
)
