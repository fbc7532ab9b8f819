"""The catalogue's second half: what lies outside of the servers, and what is built upon them."""

from __future__ import annotations

from typing import Final

OUTSIDE: Final[dict[str, tuple[str, str, str]]] = {
    # -- mail --
    "mail.unset": (
        "warning",
        "No mail server is named: nobody gets mail, and nobody can sign in by a link.",
        "Set SMTP_SERVER, SMTP_PORT, SMTP_USERNAME and SMTP_PASSWORD as your provider of mail says.",
    ),
    "mail.unreachable": (
        "error",
        "The mail server does not answer at this address and port.",
        "Look at SMTP_SERVER and SMTP_PORT; many providers of servers close port 25 towards the internet: use 587 or 465.",
    ),
    "mail.login": (
        "error",
        "The mail server refuses user or password.",
        "Correct SMTP_USERNAME and SMTP_PASSWORD; some providers want a password made for programs, or SMTP_AUTH set.",
    ),
    "mail.tls": (
        "warning",
        "The line to the mail server is not encrypted: mails, and with a user the password, can be read on the way.",
        "Use a port with STARTTLS (587), or SMTP_USE_SSL=1 (465); on a server of your own set up a certificate.",
    ),
    "mail.certificate": (
        "error",
        "The mail server cannot prove its name: the certificate is for another one, has ended, or nobody known signed it.",
        "Use the name in the certificate as SMTP_SERVER; for a certificate of your own name its authority by SSL_CERT_FILE.",
    ),
    "mail.refused": (
        "error",
        "The mail server answers, but does not go on.",
        "`llmio mail test ADDRESS` shows the whole dialogue.",
    ),
    # -- dns --
    "dns.silent": (
        "warning",
        "The DNS server does not answer; what depends on it could not be looked at.",
        "Look at /etc/resolv.conf, or name servers in LLMIO_DNS_SERVERS.",
    ),
    "dns.sender": (
        "warning",
        "All mail comes from an address that does not exist on the internet; most mail servers refuse it.",
        "Set NOTIFICATIONS_EMAIL_ADDRESS, or SMTP_DOMAIN or CANONICAL_HOST.",
    ),
    "dns.spf": (
        "warning",
        "The sender's domain does not say which servers may send its mail (SPF): mails end up as spam.",
        'Add a TXT record at the domain, such as "v=spf1 include:PROVIDER -all".',
    ),
    "dns.spf_many": (
        "warning",
        "The domain has several SPF records, which counts as an error: none of them is believed.",
        "Put them together into one.",
    ),
    "dns.spf_open": (
        "warning",
        "The SPF record lets every server of the world send for the domain: it proves nothing.",
        "End it by ~all or -all.",
    ),
    "dns.dkim": (
        "warning",
        "No DKIM key was found for the sender's domain: mails are not signed in its name, or under a selector not known here.",
        "Switch DKIM on at your mail provider and publish its record; name its selector in LLMIO_DKIM_SELECTOR.",
    ),
    "dns.dmarc": (
        "warning",
        "The sender's domain does not say what to do with forged mail (DMARC); large providers refuse much of its mail.",
        'Add a TXT record at _dmarc.DOMAIN, to begin with "v=DMARC1; p=none; rua=mailto:YOU@DOMAIN".',
    ),
    "dns.ptr": (
        "warning",
        "The address of the machine that sends mail has no name that leads back to it; many mail servers refuse it.",
        "Have the provider of that address set its PTR record to the machine's name, and that name's A record to the address.",
    ),
    "dns.mx": (
        "error",
        "The host for answers by mail has neither MX nor address: answers never arrive.",
        "Add an MX record for REPLY_HOSTNAME that names the machine with the mail server (`llmio smtp` or haraka).",
    ),
    # -- storage --
    "storage.plugin": (
        "error",
        "New files should go to a storage that is not installed or switched off.",
        "Correct ACTIVE_STORAGE_SERVICE, or switch its plugin on: llmio plugins list.",
    ),
    "storage.denied": (
        "error",
        "The storage refuses the key, or this process may not write there.",
        "Correct the key, or allow it to write, read, delete and list; `llmio files test` says what is lacking.",
    ),
    "storage.missing": (
        "error",
        "The bucket or folder is not there, or a setting is lacking.",
        "Make it, or correct its name; `llmio files test` tries it out.",
    ),
    "storage.full": (
        "error",
        "There is no room left in the storage.",
        "Make room, raise the quota, or move files: llmio files move.",
    ),
    "storage.silent": (
        "error",
        "The storage does not answer.",
        "Look at its address, the network between, and the service.",
    ),
    "storage.other": (
        "error",
        "The storage cannot be used.",
        "`llmio files test` tries it out, act by act.",
    ),
    # -- proxy --
    "proxy.unreachable": (
        "error",
        "The site's own address does not answer from here: the proxy or the web server is down, or DNS leads elsewhere.",
        "Look at CANONICAL_HOST, its DNS record, the proxy and `llmio serve`; some networks cannot reach themselves from inside.",
    ),
    "proxy.certificate": (
        "error",
        "The certificate of the site is not good: ended, for another name, or signed by nobody known.",
        "Renew it at the proxy; name the whole chain there.",
    ),
    "proxy.expires": (
        "warning",
        "The certificate of the site ends within two weeks: what should renew it has not done so.",
        "Renew it at the proxy (its log, or that of certbot, says what failed), and reload the proxy.",
    ),
    "proxy.elsewhere": (
        "error",
        "The site's address is answered, but not by this site: by another program, or one with another secret.",
        "Point CANONICAL_HOST's DNS record and the proxy at this site; let all processes have the same SECRET_COOKIE_TOKEN.",
    ),
    "proxy.host": (
        "warning",
        "The proxy asks for another host than people do.",
        "Let it pass the name on; nginx: proxy_set_header Host $host;",
    ),
    "proxy.https": (
        "error",
        "The proxy does not say that people come by https: the site takes the line for an open one.",
        "Let it say so; nginx: proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    "proxy.client": (
        "warning",
        "The proxy does not pass on whom it serves: limits count all people as one, and soon refuse everybody.",
        "Let it say so; nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ),
    "proxy.forged": (
        "warning",
        "The proxy passes on whatever address a client claims: limits can be avoided by lying.",
        "Let it add the address it sees; nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ),
    # -- live, collab --
    "live.unset": (
        "warning",
        "No address of the live channel is given to browsers: pages show what is new only when loaded again.",
        "Run `llmio channels`, lead a name of the proxy there, and set CHANNELS_URL to it.",
    ),
    "live.silent": (
        "error",
        "The live channel does not answer at CHANNELS_URL.",
        "Start `llmio channels`; look at CHANNELS_URL and at the proxy in front.",
    ),
    "live.upgrade": (
        "error",
        "The proxy in front of the live channel does not let WebSockets through.",
        "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
    ),
    "live.origin": (
        "error",
        "The live channel refuses pages of this site.",
        "Give `llmio channels` the same CANONICAL_HOST and FORCE_SSL as the site, or PUBLIC_APP_URL.",
    ),
    "collab.silent": (
        "error",
        "The server for writing together does not answer at HOCUSPOCUS_URL.",
        "Start `llmio hocuspocus`; look at HOCUSPOCUS_URL and at the proxy in front.",
    ),
    "collab.upgrade": (
        "error",
        "What answers at HOCUSPOCUS_URL lets no WebSocket through.",
        "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
    ),
    # -- push --
    "push.unused": (
        "note",
        "No keys for push messages are set (VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY): none are sent.",
        "Nothing to do, unless you want them.",
    ),
    "push.half": (
        "error",
        "One key for push messages is set and the other one is not.",
        "Set both VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY, or none.",
    ),
    "push.keys": (
        "error",
        "A key for push messages is none: it should be base64url, of 65 bytes (public) and 32 bytes (private).",
        "Copy both again, or make a new pair: npx web-push generate-vapid-keys.",
    ),
    "push.pair": (
        "error",
        "The two keys for push messages do not belong together: browsers refuse what is signed by them.",
        "Set both keys of one pair.",
    ),
    # -- backup --
    "backup.unknown": (
        "note",
        "No backup has been made or proved by llmio here; others it does not know of.",
        "Run `llmio backup`, and let it run each night: LLMIO_BACKUP_NIGHTLY=make.",
    ),
    "backup.old": (
        "warning",
        "The last backup that was proved to restore is more than two days old.",
        "Run `llmio backup`; look why it did not run at night (worker, schedule, /admin/jobs).",
    ),
    "backup.failed": (
        "error",
        "The last backup could not be made, or could not be restored aside.",
        "Mend what it names, then run `llmio backup`.",
    ),
    # -- plugins, search --
    "plugins.failed": (
        "error",
        "A plugin could not be loaded, or a part of it was set aside; the rest of the site goes on without it.",
        "`llmio plugins check --traceback` shows where it fails; update it, or switch it off: llmio plugins off NAME.",
    ),
    "plugins.missing": (
        "error",
        "A plugin is required or switched by name, but not installed.",
        "Install it, or correct the name in LLMIO_PLUGINS_REQUIRED, LLMIO_PLUGINS_ONLY or LLMIO_PLUGINS_DISABLED.",
    ),
    "plugins.failing": (
        "warning",
        "A plugin failed while the site ran, within the last day.",
        "/admin/plugins shows where; update it, tell its author, or switch it off.",
    ),
    "plugins.orphan": (
        "warning",
        "The database holds what belongs to a plugin that is not there: it is kept, and shown read-only or not at all.",
        "Install or switch on the plugin again; or delete its tables for good: llmio plugins purge NAME.",
    ),
    "search.empty": (
        "warning",
        "There is something to find, and the index of search is empty.",
        "llmio search reindex",
    ),
    "search.behind": (
        "warning",
        "Changes have waited for more than five minutes to be indexed, or a building of the index stopped half way.",
        "Look at the worker and /admin/jobs; llmio search reindex goes on with what was begun.",
    ),
    # -- the doctor itself --
    "doctor.skipped": (
        "note",
        "Some parts depend on others that do not work, and were not looked at.",
        "Mend what is named above, and ask again.",
    ),
    "doctor.slow": (
        "warning",
        "A part did not answer in time; what was seen until then is told.",
        "Ask again for it alone: llmio doctor --only AREA.",
    ),
    "doctor.failed": (
        "warning",
        "The examination of a part failed in a way that nobody thought of.",
        "Look at what it says; please report it, with `llmio doctor --bundle`.",
    ),
}
