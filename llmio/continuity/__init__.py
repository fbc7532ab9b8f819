"""From one site to another, and from one day to the next: adopt a dump, back up, restore, prove, rehearse an upgrade."""
