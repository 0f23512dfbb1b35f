"""What may be found in texts, links and the header that is meant to deceive people."""

from __future__ import annotations

from wardmail.content.inspection.catalogue_files import DANGEROUS, NOTE, SUSPICIOUS, Row

HTML: tuple[Row, ...] = (
    ("html-active-link", SUSPICIOUS, 50, "A link runs a script or opens a page that is hidden in the link itself."),
    (
        "html-attachment",
        SUSPICIOUS,
        20,
        "A web page is attached; it opens in the browser, outside of the mail program.",
    ),
    ("html-base", SUSPICIOUS, 20, "The page changes where all its links lead."),
    ("html-credential-form", SUSPICIOUS, 60, "A form asks for a password."),
    ("html-credential-page", DANGEROUS, 80, "An attached web page asks for a password."),
    ("html-form", SUSPICIOUS, 10, "The text holds a form that sends data elsewhere."),
    ("html-frame", SUSPICIOUS, 15, "The text shows another page within itself."),
    ("html-handler", SUSPICIOUS, 10, "The text runs script when it is looked at."),
    ("html-hidden-text", NOTE, 5, "Text is hidden from people and not from filters."),
    ("html-leads-away", SUSPICIOUS, 30, "The attached web page sends the reader to another by itself."),
    ("html-object", SUSPICIOUS, 25, "The text embeds an object or applet."),
    ("html-refresh", SUSPICIOUS, 30, "The page sends the reader elsewhere by itself."),
    (
        "html-remote",
        NOTE,
        0,
        "Pictures or styles are fetched from elsewhere, which tells the sender that it was opened.",
    ),
    ("html-script", SUSPICIOUS, 15, "The text holds script."),
    ("html-script-attached", SUSPICIOUS, 40, "The attached web page holds script."),
    (
        "html-script-hidden",
        SUSPICIOUS,
        30,
        "The script of the attached web page is written so that nobody can read it.",
    ),
    ("html-starts-program", DANGEROUS, 85, "The script of the attached web page starts programs."),
    ("html-smuggling", DANGEROUS, 85, "The page builds a file or page from its own text, past all filters."),
    ("svg-script", DANGEROUS, 80, "The picture (SVG) holds script."),
)

LINKS: tuple[Row, ...] = (
    (
        "link-borrows-name",
        SUSPICIOUS,
        50,
        "A link leads to {words}, a name made of a well-known one and words that lure.",
    ),
    ("link-imitates", SUSPICIOUS, 70, "A link leads to {words}, which looks like a name that is protected."),
    ("link-imitates-by-subdomain", SUSPICIOUS, 70, "A link leads to {words}, which begins like a protected name."),
    ("link-ip", SUSPICIOUS, 30, "A link leads to a bare address instead of a name."),
    ("link-mixed-script", SUSPICIOUS, 60, "A link leads to {words}, which mixes alphabets."),
    ("link-port", NOTE, 5, "A link leads to an unusual port."),
    ("link-program", SUSPICIOUS, 35, "A link leads to a program or script on {words}."),
    ("link-punycode", SUSPICIOUS, 10, "A link leads to {words}, a name in other letters."),
    ("link-redirector", SUSPICIOUS, 10, "A link leads through {words} to somewhere else."),
    ("link-shortener", SUSPICIOUS, 10, "A link is shortened by {words}: where it leads cannot be seen."),
    ("link-text-differs", SUSPICIOUS, 40, "A link shows one address and leads to another: {words}."),
    ("link-userinfo", SUSPICIOUS, 60, "A link hides where it leads behind another name: it leads to {words}."),
    ("link-obfuscated", SUSPICIOUS, 50, "A link is written so that people cannot see where it leads."),
    ("link-file", SUSPICIOUS, 60, "A link opens a file share or starts a program: {words}."),
)

SENDERS: tuple[Row, ...] = (
    ("claims-own-domain", NOTE, 0, "It says that it comes from {words}, which is ours."),
    ("first-contact", NOTE, 5, "This sender has not written before."),
    (
        "from-borrows-name",
        SUSPICIOUS,
        50,
        "It comes from {words}, a name made of a well-known one and words that lure.",
    ),
    ("from-look-alike", SUSPICIOUS, 75, "It comes from {words}, which looks like a name that is protected."),
    ("from-missing", SUSPICIOUS, 20, "It does not say who it is from."),
    ("from-mixed-script", SUSPICIOUS, 60, "It comes from {words}, which mixes alphabets."),
    ("from-name-address", SUSPICIOUS, 50, "The sender's name shows an address that it does not come from: {words}."),
    ("from-name-protected", SUSPICIOUS, 50, "The sender's name is {words}, and the address is of somebody else."),
    (
        "from-several",
        SUSPICIOUS,
        60,
        "It says in several fields who it is from; mail programs differ in which they show.",
    ),
    ("reply-elsewhere", SUSPICIOUS, 15, "Replies would go to {words}, not to the sender."),
    ("reply-freemail", SUSPICIOUS, 25, "Replies would go to a free mailbox at {words}."),
    ("unsolicited", SUSPICIOUS, 30, "It has several signs of unsolicited mail."),
    ("unsolicited-likely", SUSPICIOUS, 45, "It has many signs of unsolicited mail."),
    ("unsolicited-surely", SUSPICIOUS, 70, "It has nearly all signs of unsolicited mail."),
    ("unsolicited-test", SUSPICIOUS, 100, "It is the GTUBE test message for unsolicited mail."),
    ("words-of-phishing", SUSPICIOUS, 15, "The text presses for a log-in, a payment or a confirmation, with a link."),
    (
        "words-lead-elsewhere",
        SUSPICIOUS,
        15,
        "It presses for a log-in, and no link leads to where it says that it comes from.",
    ),
    ("words-of-advance-fee", SUSPICIOUS, 35, "The text has the words of a letter that promises money."),
)
