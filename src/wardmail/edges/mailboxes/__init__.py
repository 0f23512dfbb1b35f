"""Mailboxes at upstream services: implements `inbound.mailbox.Mailbox` for IMAP, POP3, Microsoft Graph and EWS."""
