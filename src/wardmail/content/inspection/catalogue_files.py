"""What may be found in the build of a message and in its files, how grave it is, and the sentence for people."""

from __future__ import annotations

from wardmail.model.inspection import Severity

NOTE, SUSPICIOUS, DANGEROUS, UNREADABLE = Severity.NOTE, Severity.SUSPICIOUS, Severity.DANGEROUS, Severity.UNREADABLE
Row = tuple[str, Severity, int, str]

STRUCTURE: tuple[Row, ...] = (
    ("budget-message", UNREADABLE, 60, "The message is larger than what is looked at."),
    ("budget-depth", UNREADABLE, 60, "Parts are nested deeper than what is looked at."),
    ("budget-parts", UNREADABLE, 60, "There are more parts than are looked at."),
    ("budget-octets", UNREADABLE, 60, "Unpacked, it is larger than what is looked at."),
    ("budget-time", UNREADABLE, 60, "Looking at it took longer than allowed."),
    ("inspection-failed", UNREADABLE, 60, "The inspection broke down at this message: nobody can say what is in it."),
    ("mime-bare-cr", UNREADABLE, 60, "A lone carriage return ends a line for some mail programs and not for others."),
    ("mime-base64-ambiguous", UNREADABLE, 60, "The encoded file ends early for some mail programs and not for others."),
    ("mime-base64-junk", UNREADABLE, 60, "Signs that do not belong there stand within the encoded file."),
    ("mime-binhex", UNREADABLE, 60, "A file is encoded as BinHex, which is not read here."),
    ("mime-boundary-ambiguous", UNREADABLE, 60, "Mail programs would cut this message into different parts."),
    ("mime-boundary-missing", UNREADABLE, 60, "The parts are not where the header says; some mail programs find them."),
    ("mime-boundary-reused", UNREADABLE, 60, "Parts within parts share one delimiter; mail programs would differ."),
    ("mime-duplicate-field", UNREADABLE, 60, "A header says twice, differently, what a part is."),
    ("mime-encoded-message", NOTE, 0, "An attached message is encoded, which the standard forbids."),
    ("mime-encoded-multipart", UNREADABLE, 60, "Parts are encoded as a whole; only some mail programs find them."),
    ("mime-encoding-ambiguous", UNREADABLE, 60, "The encoding is misspelt; only some mail programs undo it."),
    ("mime-encoding-unknown", SUSPICIOUS, 15, "The encoding is not a known one."),
    ("mime-external-body", SUSPICIOUS, 30, "The content is to be fetched from elsewhere."),
    ("mime-header-ambiguous", UNREADABLE, 60, "Where the header of a part ends is not the same for all mail programs."),
    ("mime-header-nul", UNREADABLE, 60, "A header field that says what a part is holds a NUL."),
    ("mime-header-overlong", UNREADABLE, 60, "A header is longer than what is looked at."),
    ("mime-hidden-part", UNREADABLE, 60, "A file stands where most mail programs show nothing."),
    ("mime-multipart-empty", NOTE, 5, "The message says that it has parts, and has none."),
    ("mime-not-closed", NOTE, 0, "The last part has no end; the message may have been cut off."),
    ("mime-partial", UNREADABLE, 60, "This is a piece of a message; the rest comes separately."),
    ("mime-parts-after-end", UNREADABLE, 60, "Parts follow after the end; only some mail programs show them."),
    ("mime-qp-malformed", SUSPICIOUS, 20, "The encoded file is malformed."),
    ("mime-text-malformed", NOTE, 0, "The encoding of a text is malformed."),
    ("mime-type-ambiguous", UNREADABLE, 60, "Only some mail programs would take this for a message with parts."),
    ("pgp-encrypted", UNREADABLE, 0, "It is encrypted with OpenPGP: nobody could look inside."),
    ("smime-encrypted", UNREADABLE, 0, "It is encrypted with S/MIME: nobody could look inside."),
    ("smime-unreadable", UNREADABLE, 60, "The S/MIME wrapping cannot be read."),
    ("tnef-unreadable", UNREADABLE, 60, "An Outlook wrapping (winmail.dat) cannot be read."),
)

NAMES: tuple[Row, ...] = (
    ("name-bidi", DANGEROUS, 80, "The file name is turned around by invisible signs, to hide what it is."),
    ("name-blanks", SUSPICIOUS, 50, "Many blanks in the file name push its true ending out of sight."),
    ("name-conflict", UNREADABLE, 60, "The file has two names with different endings: {words}."),
    ("name-control", SUSPICIOUS, 50, "The file name holds control characters."),
    ("name-double-extension", DANGEROUS, 80, "The file name pretends another type: {words}."),
    (
        "name-homoglyph",
        SUSPICIOUS,
        60,
        "Foreign letters that look like Latin ones stand in the ending of the file name.",
    ),
    ("name-path", SUSPICIOUS, 30, "The file name leads to another directory."),
    ("name-trailing", SUSPICIOUS, 40, "Dots, blanks or a stream name at its end hide what the file is."),
    ("name-class-id", DANGEROUS, 80, "The file name ends in a Windows class ID, which hides what opens it."),
)

TYPES: tuple[Row, ...] = (
    ("type-executable", DANGEROUS, 90, "It is a program ({words})."),
    ("type-script", DANGEROUS, 80, "It is a script that Windows or a shell would run ({words})."),
    ("type-shortcut", DANGEROUS, 80, "It is a shortcut that can start programs ({words})."),
    ("type-settings", DANGEROUS, 80, "It is a file that changes settings or starts programs when opened ({words})."),
    ("type-disk-image", SUSPICIOUS, 70, "It is a disk image ({words}), in which files escape Windows' warning."),
    ("type-help", DANGEROUS, 80, "It is a compiled help file, which can start programs."),
    ("type-add-in", DANGEROUS, 80, "It is an Office add-in, which is a program ({words})."),
    ("type-query", DANGEROUS, 70, "It is a query that makes Office fetch and run things ({words})."),
    ("type-mismatch", SUSPICIOUS, 45, "It is not what its name says: {words}."),
    ("type-polyglot", DANGEROUS, 70, "It is two kinds of file at once: {words}."),
    ("type-test-file", DANGEROUS, 100, "It is the EICAR test file."),
)

ARCHIVES: tuple[Row, ...] = (
    ("archive-bomb", DANGEROUS, 90, "Unpacked, it is out of all proportion to its size."),
    ("archive-damaged", UNREADABLE, 60, "The archive is damaged, or made so that programs differ in what they unpack."),
    ("archive-deep", UNREADABLE, 60, "Archives are nested deeper than what is looked at."),
    (
        "archive-duplicate",
        UNREADABLE,
        60,
        "The archive holds two files of one name; programs differ in which they unpack.",
    ),
    ("archive-encrypted", UNREADABLE, 60, "The archive is encrypted: nobody could look inside."),
    ("archive-path", DANGEROUS, 80, "A file in the archive is to be written outside of where it is unpacked."),
    ("archive-unsupported", UNREADABLE, 60, "The archive is packed in a way that is not read here ({words})."),
)

OFFICE: tuple[Row, ...] = (
    ("office-activex", SUSPICIOUS, 50, "The document holds ActiveX controls."),
    ("office-dde", DANGEROUS, 80, "The document starts another program when it is opened (DDE)."),
    ("office-encrypted", UNREADABLE, 60, "The document is encrypted: nobody could look inside."),
    ("office-equation", DANGEROUS, 80, "The document holds an object of the old equation editor, known for break-ins."),
    ("office-external", DANGEROUS, 75, "The document fetches parts of itself from {words}."),
    ("office-link", NOTE, 0, "The document links to files or data elsewhere."),
    ("office-macro", SUSPICIOUS, 70, "The document holds macros."),
    (
        "office-macro-auto",
        DANGEROUS,
        85,
        "The document holds macros that run by themselves or start programs ({words}).",
    ),
    ("office-macro-xlm", DANGEROUS, 80, "The sheet holds Excel 4.0 macros."),
    ("office-object", SUSPICIOUS, 30, "A file is embedded in the document."),
    ("office-custom-ui", DANGEROUS, 75, "The document runs something from its ribbon or toolbar when it is opened."),
    ("office-damaged", UNREADABLE, 60, "The document is damaged, or made so that programs differ in how they read it."),
    ("onenote-embedded", SUSPICIOUS, 50, "Files are embedded in the notebook."),
    ("rtf-object", SUSPICIOUS, 45, "An object is embedded in the document."),
    ("rtf-object-update", DANGEROUS, 80, "An embedded object is run when the document is opened."),
    ("rtf-template", DANGEROUS, 80, "The document fetches its template from {words}."),
    ("sheet-formula", SUSPICIOUS, 40, "A table in text form holds formulas that start other programs or fetch things."),
)

PDF: tuple[Row, ...] = (
    ("pdf-action", SUSPICIOUS, 30, "The PDF does something by itself when opened ({words})."),
    ("pdf-embedded", SUSPICIOUS, 30, "A file is embedded in the PDF."),
    ("pdf-encrypted", UNREADABLE, 60, "The PDF is encrypted: nobody could look inside."),
    ("pdf-form", SUSPICIOUS, 30, "The PDF sends what is filled in to a server, or holds an XFA form."),
    ("pdf-javascript", SUSPICIOUS, 50, "The PDF holds JavaScript."),
    ("pdf-launch", DANGEROUS, 85, "The PDF starts a program."),
    ("pdf-obfuscated", SUSPICIOUS, 40, "The PDF writes the names of active content so that scanners overlook them."),
    (
        "pdf-remote",
        DANGEROUS,
        75,
        "The PDF opens a file on another computer by itself, which gives the reader's log-in away.",
    ),
    ("pdf-unread", UNREADABLE, 60, "A part of the PDF that may hold active content cannot be read."),
)
