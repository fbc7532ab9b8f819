"""What attackers try, by kind: `redirects`, and what `xss` holds."""
